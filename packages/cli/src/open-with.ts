import type { Driver } from "@omnisync/storage";
import type { Session } from "./session.ts";

/** What opens the store of a driver again, besides credentials and flags; for plans and state files. */
export function openWith(
  session: Session,
  driver: Driver,
): Record<string, string | number | boolean> {
  const spec = session.specOf(driver) ?? {};
  const given = Object.entries(spec).filter((pair): pair is [string, string | number | boolean] =>
    pair.every((value) => value !== undefined),
  );
  return Object.fromEntries(given.sort(([a], [b]) => (a < b ? -1 : 1)));
}
