/** From rsync's operands to the two places of a run: which source goes where, by rsync's rules. */
import { type Driver, joinPath, parentPath } from "@omnisync/storage";
import type { FlagValues } from "../flags/flag-values.ts";
import { type Ends, look, lookFromParent, refuseMissingStore } from "../places.ts";
import type { Session } from "../session.ts";
import type { Spot } from "../spots.ts";
import { type NarrowPath, narrowedDestination } from "./narrowed-destination.ts";
import { type Operand, type Source, findSource } from "./operands.ts";
import { RsyncError } from "./rsync-error.ts";
import { type Graft, type Reach, sourceTree } from "./source-tree.ts";

export interface RsyncEnds extends Ends {
  /** The sources as they were given, for the long names of paths. */
  readonly sourceText: string;
  /** Whether the root of the transfer is an entry of it: `./`, or the directory's own name. */
  readonly rootTakesPart: boolean;
}

/** What the sources turned out to be. */
export interface FoundSources {
  readonly sources: readonly Source[];
  readonly missing: readonly Operand[];
}

export async function findSources(
  session: Session,
  operands: readonly Operand[],
  values: Readonly<FlagValues>,
): Promise<FoundSources> {
  const relative = values.filesFrom === undefined && (values.relative ?? false);
  const follow = values.copyLinks ? "all" : values.copyDirlinks ? "to-directory" : "none";
  const sources: Source[] = [];
  const missing: Operand[] = [];
  for (const operand of operands) {
    const source = await findSource(session, operand, { relative, follow });
    if (source === undefined) missing.push(operand);
    else sources.push(source);
  }
  const [first, other] = new Set(sources.map(({ found }) => found.driver.name));
  if (first !== undefined && other !== undefined) {
    throw new RsyncError(
      "syntax",
      `all sources must be of one kind, these are of ${first} and ${other}`,
    );
  }
  return { sources, missing };
}

/** Opens the destination for the sources. @throws RsyncError where rsync would refuse. */
export async function openRsyncEnds(
  session: Session,
  sources: readonly Source[],
  destination: Operand,
  values: Readonly<FlagValues>,
): Promise<RsyncEnds> {
  const { spot } = destination;
  if (!spot.isLocal) await refuseMissingStore(session, await spot.open(session), spot);
  const relative = sources.some(({ base }) => base !== undefined);
  const [only] = sources;
  if (sources.length === 1 && only !== undefined && !relative && isPlain(only, values)) {
    return openSingle(session, only, spot, values);
  }
  await checkDirectory(session, destination, sources.length);
  return openSeveral(session, sources, spot, values);
}

/** Whether the engine's own view of one place is what takes part: a file, or a directory with what is in it. */
function isPlain({ found, at }: Source, { recursive }: Readonly<FlagValues>): boolean {
  return found.entry.kind !== "directory" || at === "" || recursive !== false;
}

async function openSingle(
  session: Session,
  source: Source,
  spot: Spot,
  { filesFrom }: Readonly<FlagValues>,
): Promise<RsyncEnds> {
  const { found, at } = source;
  const target = await targetOf(session, source, spot);
  const isDirectory = found.entry.kind === "directory";
  return {
    source: { driver: found.driver, path: found.path },
    destination: target,
    prefix: isDirectory && at !== "" ? `${at}/` : "",
    root: isDirectory ? at || "." : at,
    toLocal: spot.isLocal,
    base: spot,
    sourceText: at === "" || !isDirectory ? source.text.replace(/\/+$/, "") : source.text,
    // A list of files does not name the root.
    rootTakesPart: isDirectory && filesFrom === undefined,
  };
}

async function targetOf(
  session: Session,
  { found, at, spot: source }: Source,
  spot: Spot,
): Promise<{ readonly driver: Driver; readonly path: string }> {
  if (found.entry.kind === "directory") {
    await refuseFile(session, spot, "must be a directory when copying more than 1 file");
    return { driver: await (at === "" ? spot : spot.child(at)).open(session), path: "" };
  }
  const inside = spot.trailingSlash || spot.name === "" || (await isDirectoryAt(session, spot));
  if (inside) {
    await refuseFile(session, spot, "must be a directory when copying into it");
    return { driver: await spot.open(session), path: source.name };
  }
  return { driver: await spot.parent().open(session), path: spot.name };
}

async function isDirectoryAt(session: Session, spot: Spot): Promise<boolean> {
  return (await look(session, spot, "to-directory"))?.entry.kind === "directory";
}

async function refuseFile(session: Session, spot: Spot, why: string): Promise<void> {
  if (!spot.isLocal || spot.name === "") return;
  const found = await look(session, spot, "to-directory");
  if (found === undefined || found.entry.kind === "directory") return;
  throw new RsyncError("file-select", `ERROR: destination ${why}`);
}

async function checkDirectory(session: Session, { spot }: Operand, count: number): Promise<void> {
  await refuseFile(
    session,
    spot,
    count > 1 ? "must be a directory when copying more than 1 file" : "must be a directory",
  );
}

async function openSeveral(
  session: Session,
  sources: readonly Source[],
  spot: Spot,
  values: Readonly<FlagValues>,
): Promise<RsyncEnds> {
  const grafts = await graftsOf(session, sources, values);
  const driver = await spot.open(session);
  const whole = grafts.some(({ at, reach }) => at === "" && reach === "all");
  return {
    source: { driver: sourceTree(grafts), path: "" },
    destination: {
      driver: whole ? driver : narrowedDestination(driver, narrowPaths(grafts)),
      path: "",
    },
    prefix: "",
    root: ".",
    toLocal: spot.isLocal,
    base: spot,
    sourceText: "",
    rootTakesPart: grafts.some(({ at }) => at === ""),
  };
}

function narrowPaths(grafts: readonly Graft[]): readonly NarrowPath[] {
  return grafts.map(({ at, reach }) => ({ path: at, reach }));
}

async function graftsOf(
  session: Session,
  sources: readonly Source[],
  values: Readonly<FlagValues>,
): Promise<readonly Graft[]> {
  const grafts: Graft[] = [];
  for (const source of sources) {
    if (source.base !== undefined)
      grafts.push(...(await impliedDirectories(session, source, values)));
    const { at, found } = source;
    const { driver, path, entry } = found;
    grafts.push({ at, driver, path, entry, reach: reachOf(source, values) });
  }
  return grafts;
}

function reachOf({ at, spot }: Source, { recursive }: Readonly<FlagValues>): Reach {
  if (recursive !== false) return "all";
  return at === "" || spot.trailingSlash ? "entries" : "itself";
}

/**
 * The directories above a source whose path is kept. They take part themselves, nothing else in them
 * does. Without `--implied-dirs` they are created as they come.
 */
async function impliedDirectories(
  session: Session,
  { at, spot }: Source,
  values: Readonly<FlagValues>,
): Promise<readonly Graft[]> {
  if (values.impliedDirs === false) return [];
  const implied: Graft[] = [];
  let above = spot;
  for (let path = parentPath(at); path !== ""; path = parentPath(path)) {
    above = above.parent();
    const found = await lookFromParent(session, above);
    if (found === undefined) continue;
    // A link on the way is taken for the directory behind it.
    const real =
      found.entry.kind === "directory" ? found : await look(session, above, "to-directory");
    if (real?.entry.kind !== "directory") continue;
    const entry = { ...real.entry, path };
    implied.unshift({ at: path, driver: real.driver, path: real.path, entry, reach: "itself" });
  }
  return implied;
}

/** Where a missing source would have gone, below the destination. */
export function missingTarget({ spot, text }: Operand, relative: boolean): string {
  if (!relative) return spot.name;
  const kept = text.includes("/./") ? text.slice(text.lastIndexOf("/./") + 3) : text;
  return joinPath(...kept.split("/").filter((name) => name !== "" && name !== "."));
}
