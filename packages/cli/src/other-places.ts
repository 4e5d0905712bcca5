/** Places besides the two ends that flags name: backups, directories to look for equal files in, lists of files. */
import { driverDefinitions, printable } from "@omnisync/storage";
import type { Alternates, Place, SyncOptions } from "@omnisync/sync";
import { alternatesGiven, backupOptions, requestLimits } from "./engine-options.ts";
import type { FlagValues } from "./flags/flag-values.ts";
import { readGivenFile } from "./given-file.ts";
import type { Ends } from "./places.ts";
import type { Session } from "./session.ts";
import { type Spot, parseSpot } from "./spots.ts";
import { UsageError } from "./usage-error.ts";

/** Opens what the flags name. */
export async function otherPlaces(
  session: Session,
  ends: Ends,
  values: Readonly<FlagValues>,
): Promise<
  Pick<SyncOptions, "backup" | "alternates" | "priority" | "bandwidth" | "requests" | "hooks">
> {
  return {
    ...(await limitsAndHooks(session, ends, values)),
    priority: await openPriority(session, values),
    backup: await openBackup(session, ends, values),
    alternates: await openAlternates(session, ends, values),
  };
}

/** The paths that `--files-from` lists, relative to the source: a line each, `#` and `;` begin a comment. */
export async function listedFiles(
  session: Session,
  { filesFrom, from0 = false }: Readonly<FlagValues>,
): Promise<SyncOptions["files"]> {
  if (filesFrom === undefined) return undefined;
  const content = await readGivenFile(session, "--files-from", filesFrom);
  const lines = content.split(from0 ? "\0" : /\r?\n|\r/);
  return lines
    .filter((line) => line !== "" && (from0 || !/^[#;]/.test(line)))
    .map((line) => line.replace(/^(\.?\/+)+/, "").replaceAll(/(?<=\/)(\.?\/)+/g, ""))
    .filter((path) => path !== "");
}

/** What each store may be asked, at which rate bytes go, and what runs beside each file. */
export async function limitsAndHooks(
  session: Session,
  ends: Pick<Ends, "source" | "destination">,
  values: Readonly<FlagValues>,
): Promise<Pick<SyncOptions, "bandwidth" | "requests" | "hooks">> {
  return {
    requests: requestLimits(values, ends),
    hooks: await hooksOf(session, ends, values),
    ...(await timetable(values)),
  };
}

/** `--timeout` and `--contimeout` are for every driver that knows what they are. Before anything is opened. */
export function applyTimeouts(session: Session, values: Readonly<FlagValues>): void {
  const { timeout, contimeout } = values;
  for (const { name, options } of driverDefinitions()) {
    for (const [option, value] of Object.entries({
      idleTimeout: timeout,
      connectTimeout: contimeout,
    })) {
      if (value === undefined || !options.some((known) => known.name === option)) continue;
      const flags = (session.driverFlags[name] ??= {});
      flags[option] ??= value;
    }
  }
}

async function hooksOf(
  session: Session,
  ends: Pick<Ends, "source" | "destination">,
  values: Readonly<FlagValues>,
): Promise<SyncOptions["hooks"]> {
  if (values.hookBefore === undefined && values.hookAfter === undefined) return undefined;
  const { fileHooks } = await import("./file-hooks.ts");
  return fileHooks(session, ends, values);
}

/** A `--bwlimit` that is no single rate. */
async function timetable({
  bwlimit,
}: Readonly<FlagValues>): Promise<Pick<SyncOptions, "bandwidth">> {
  if (typeof bwlimit !== "string") return {};
  const { parseBandwidthSchedule } = await import("@omnisync/sync");
  try {
    return { bandwidth: parseBandwidthSchedule(bwlimit) };
  } catch (error) {
    throw new UsageError(`--bwlimit: ${(error as Error).message}`, { cause: error });
  }
}

/** Files that match go first. */
async function openPriority(
  session: Session,
  { priority }: Readonly<FlagValues>,
): Promise<SyncOptions["priority"]> {
  if (priority === undefined) return undefined;
  const { parseRules } = await import("./filter-rules.ts");
  return parseRules(session, { rules: priority.map((text) => ({ kind: "include", text })) });
}

async function openBackup(
  session: Session,
  ends: Ends,
  values: Readonly<FlagValues>,
): Promise<SyncOptions["backup"]> {
  const { backupDir } = values;
  return backupOptions(
    values,
    backupDir === undefined ? undefined : await openBeside(session, ends, backupDir),
  );
}

async function openAlternates(
  session: Session,
  ends: Ends,
  values: Readonly<FlagValues>,
): Promise<Alternates | undefined> {
  const given = alternatesGiven(values);
  if (given === undefined) return undefined;
  const open = (directory: string): Promise<Place> => openBeside(session, ends, directory);
  return { kind: given.kind, places: await Promise.all(given.directories.map(open)) };
}

/**
 * A directory given relative to the destination, or a location of its own. In it, the paths are those
 * that the transfer shows, with the source's own name where it goes below the destination.
 */
async function openBeside(session: Session, ends: Ends, directory: string): Promise<Place> {
  const spot = isRelative(directory)
    ? descend(ends.base, directory)
    : parseSpot(directory, session);
  return { driver: await spot.open(session), path: ends.prefix.replace(/\/$/, "") };
}

function isRelative(location: string): boolean {
  return (
    !location.startsWith("/") && !location.startsWith("~") && !/^[a-z][\w+.-]*:/i.test(location)
  );
}

function descend(base: Spot, path: string): Spot {
  let spot = base;
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    if (name === ".." && spot.name === "")
      throw new UsageError(`${printable(path)}: leads out of ${base.text}`);
    spot = name === ".." ? spot.parent() : spot.child(name);
  }
  return spot;
}
