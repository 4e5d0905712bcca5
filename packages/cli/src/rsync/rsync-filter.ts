/** The filter of a run in rsync's style. */
import type { Filter } from "@omnisync/sync";
import { createFilter, parseRules } from "../filter-rules.ts";
import type { FlagValues } from "../flags/flag-values.ts";
import type { Session } from "../session.ts";

export async function openRsyncFilter(
  session: Session,
  values: Readonly<FlagValues>,
  prefix: string,
): Promise<Filter | undefined> {
  return createFilter(await parseRules(session, values), prefix);
}
