import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { AttributeCache, Place } from "@omnisync/sync";
import { cacheDirectory } from "./cache-directory.ts";
import { errorText } from "./output/error-text.ts";
import type { Session } from "./session.ts";

/**
 * The user's attribute cache, if one of the places needs one: listings of a local disk tell all.
 * A cache that cannot be opened costs requests, and so is a warning and no failure.
 */
export async function openAttributeCache(
  session: Session,
  places: readonly Place[],
): Promise<AttributeCache | undefined> {
  if (places.every(({ driver }) => driver.capabilities.completeList)) return undefined;
  const { AttributeCache } = await import("@omnisync/sync");
  const directory = cacheDirectory(session.io.env);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return AttributeCache.open(join(directory, "attributes.db"));
  } catch (error) {
    session.complain(
      `warning: the attribute cache in ${directory} cannot be used: ${errorText(error)}: going on without it`,
    );
    return undefined;
  }
}
