/** The flags of commands that read one place: what takes part, how much at once, what is printed. */
import type { Command } from "commander";
import type { Filter, Place } from "@omnisync/sync";
import { TRANSFER_GROUPS } from "./flags/all-flags.ts";
import { addFlags } from "./flags/commander-flags.ts";
import type { FlagValues } from "./flags/flag-values.ts";
import { type Found, locate } from "./places.ts";
import type { Session } from "./session.ts";
import { type Spot, parseSpot } from "./spots.ts";

/** Of the flags of `check`, those that say how two sides are compared, and nothing about one place. */
const COMPARING: ReadonlySet<string> = new Set(["What counts as different:", "Attributes:"]);
const ABOUT_TWO: ReadonlySet<string> = new Set(["skip-links", "attribute-cache"]);

export type SelectionFlags = Readonly<
  Pick<
    FlagValues,
    "rules" | "from0" | "filterStyle" | "minSize" | "maxSize" | "minAge" | "maxAge"
  > &
    Pick<FlagValues, "jobs" | "quiet" | "verbose" | "json" | "progress">
>;

/** The flags of a command that reads one place, and may take a while. */
export function addSelectionFlags(command: Command): Command {
  return addFilterFlags(command)
    .optionsGroup("What to print:")
    .option("--progress", "Show progress, as plain lines where stderr is not a terminal");
}

/** The flags of `check` as far as one place has a use for them: filters, and what is printed. */
export function addFilterFlags(command: Command, without: readonly string[] = []): Command {
  const groups = TRANSFER_GROUPS.filter(({ heading }) => !COMPARING.has(heading)).map(
    ({ heading, flags }) => ({
      heading,
      flags: flags.filter(({ long = "" }) => !ABOUT_TWO.has(long) && !without.includes(long)),
    }),
  );
  return addFlags(command, groups, "check");
}

/** A location as a place to read; a directory's slash at the end makes no difference. */
export async function openPlace(
  session: Session,
  location: string,
): Promise<Found & { readonly place: Place; readonly spot: Spot }> {
  const spot = parseSpot(location, session);
  const found = await locate(session, spot, "to-directory");
  return { ...found, spot, place: { driver: found.driver, path: found.path } };
}

export async function selectionFilter(
  session: Session,
  flags: SelectionFlags,
): Promise<Filter | undefined> {
  const { createFilter, parseRules } = await import("./filter-rules.ts");
  return createFilter(await parseRules(session, flags), "");
}
