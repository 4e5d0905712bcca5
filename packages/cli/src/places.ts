/**
 * Places: where the two locations of a transfer really lie, by rsync's rules.
 *
 * - `src/` is what is in the directory; `src` is the directory itself, which goes under the
 *   destination. The root of a store has no name and always means what is in it.
 * - A single file goes into a destination that ends in "/" or is a directory; any other destination
 *   is its new name.
 */
import {
  type Driver,
  type Entry,
  type StatOptions,
  StorageError,
  isStorageError,
} from "@omnisync/storage";
import type { Place } from "@omnisync/sync";
import { aboutSpot } from "./each-spot.ts";
import type { PathNames } from "./output/shown-path.ts";
import type { Session } from "./session.ts";
import { type Spot, parseSpot } from "./spots.ts";
import { UsageError } from "./usage-error.ts";

/** What lies at a spot. */
export interface Found {
  readonly driver: Driver;
  /** In the driver: "" for a directory, whose driver is rooted at it. */
  readonly path: string;
  readonly entry: Entry;
}

interface SourcePlace extends Found {
  /** The name under which a directory goes below the destination; "" if only its content goes. */
  readonly name: string;
}

/** Where the two ends of a transfer lie. */
export interface Ends extends PathNames {
  readonly source: Place;
  readonly destination: Place;
  /** Whether the destination is a disk of this machine. */
  readonly toLocal: boolean;
  /** The destination as it was given: what relative directories of other flags start from. */
  readonly base: Spot;
}

/** Which links at the end of a location are followed: those that the user cannot have meant as links. */
export type Follow = "all" | "to-directory" | "none";

/**
 * Opens both ends of a transfer. Both locations are parsed before either is opened.
 * @throws StorageError `not-found` for a missing source; nothing was changed then.
 */
export async function openEnds(
  session: Session,
  from: string,
  to: string,
  follow: Follow = "none",
): Promise<Ends> {
  const sourceSpot = parseSpot(from, session);
  const destinationSpot = parseSpot(to, session);
  const source = await openSource(session, sourceSpot, follow);
  const destination = await openDestination(session, destinationSpot, source, sourceSpot);
  if (!destinationSpot.isLocal) {
    const look = refuseMissingStore(session, destination.driver, destinationSpot);
    await aboutSpot(destinationSpot, look);
  }
  return {
    source,
    destination,
    prefix: source.name === "" ? "" : `${source.name}/`,
    root: source.name || source.path || ".",
    toLocal: destinationSpot.isLocal,
    base: destinationSpot,
  };
}

/** @throws StorageError `not-found` if nothing is there. */
export async function locate(session: Session, spot: Spot, follow: Follow): Promise<Found> {
  const found = await look(session, spot, follow);
  if (found !== undefined) return found;
  throw new StorageError("not-found", { path: spot.text, message: "no such file or directory" });
}

/**
 * What lies at a spot, or `undefined`.
 * @throws StorageError `not-a-directory` if a location ends in a slash and names something else.
 */
export function look(session: Session, spot: Spot, follow: Follow): Promise<Found | undefined> {
  return aboutSpot(spot, lookAt(session, spot, follow));
}

async function lookAt(session: Session, spot: Spot, follow: Follow): Promise<Found | undefined> {
  if (spot.name === "") return lookInside(session, spot);
  if (spot.trailingSlash) {
    const inside = await lookInside(session, spot);
    if (inside !== undefined) return inside;
  }
  const found = await lookFromParent(session, spot);
  if (found === undefined) return undefined;
  if (found.entry.kind === "directory") return lookInside(session, spot);
  if (spot.trailingSlash) throw notDirectory(spot, "leave out the slash at its end");
  return found.entry.kind === "symlink" && follow !== "none"
    ? followLink(session, spot, found, follow)
    : found;
}

/**
 * What lies at a spot as its parent directory sees it: a directory is not entered. Of a file and a
 * directory of one name, a slash at the end means the directory.
 */
export async function lookFromParent(session: Session, spot: Spot): Promise<Found | undefined> {
  const driver = await spot.parent().open(session);
  const directory = spot.trailingSlash && driver.capabilities.fileAndDirectory;
  const entry =
    (directory ? await statIfThere(session, driver, spot.name, { directory }) : undefined) ??
    (await statIfThere(session, driver, spot.name));
  return entry && { driver, path: spot.name, entry };
}

async function lookInside(session: Session, spot: Spot): Promise<Found | undefined> {
  const driver = await spot.open(session);
  const entry = await statIfThere(session, driver, "");
  return entry?.kind === "directory" ? { driver, path: "", entry } : undefined;
}

async function followLink(
  session: Session,
  spot: Spot,
  link: Found,
  follow: Follow,
): Promise<Found> {
  const target = await spot.resolved();
  const found = target === spot ? undefined : await lookBehind(session, target);
  if (found === undefined) return link;
  return follow === "all" || found.entry.kind === "directory" ? found : link;
}

async function lookBehind(session: Session, target: Spot): Promise<Found | undefined> {
  return (await lookInside(session, target)) ?? lookFromParent(session, target);
}

/** A directory on the way that is missing, or is a file, means that nothing is there. */
async function statIfThere(
  { signal }: Session,
  driver: Driver,
  path: string,
  options?: StatOptions,
): Promise<Entry | undefined> {
  try {
    return await driver.stat(path, { ...options, signal });
  } catch (error) {
    if (isStorageError(error, "not-found", "not-a-directory")) return undefined;
    throw error;
  }
}

async function openSource(session: Session, spot: Spot, follow: Follow): Promise<SourcePlace> {
  const found = await locate(session, spot, follow);
  const whole = found.entry.kind === "directory" && !spot.trailingSlash;
  return { ...found, name: whole ? spot.name : "" };
}

async function openDestination(
  session: Session,
  spot: Spot,
  source: SourcePlace,
  sourceSpot: Spot,
): Promise<Place> {
  if (source.entry.kind !== "directory") return openFileDestination(session, spot, sourceSpot);
  await refuseFile(session, spot);
  const target = source.name === "" ? spot : spot.child(source.name);
  return { driver: await target.open(session), path: "" };
}

async function openFileDestination(session: Session, spot: Spot, source: Spot): Promise<Place> {
  if (spot.trailingSlash || spot.name === "") {
    await refuseFile(session, spot);
    return { driver: await spot.open(session), path: source.name };
  }
  const found = await look(session, spot, "to-directory");
  if (found?.entry.kind === "directory") return { driver: found.driver, path: source.name };
  return { driver: await spot.parent().open(session), path: spot.name };
}

/** A directory cannot go under a file; on stores of plain keys the two can lie side by side. */
async function refuseFile(session: Session, spot: Spot): Promise<void> {
  if (!spot.isLocal || spot.name === "") return;
  const found = await look(session, spot, "to-directory");
  if (found === undefined || found.entry.kind === "directory") return;
  throw new UsageError(`${spot.text}: is not a directory: name a directory as the destination`);
}

/**
 * A bucket that does not exist is one error, not one for each file. Listing it tells; listing a prefix
 * without keys is fine.
 * @throws StorageError `not-found`, with the command that makes the bucket.
 */
export async function refuseMissingStore(
  session: Session,
  driver: Driver,
  spot: Spot,
): Promise<void> {
  const { signal } = session;
  if ((await driver.stat("", { signal })) !== undefined) return;
  try {
    for await (const _page of driver.list("", { signal })) break;
  } catch (error) {
    if (!isStorageError(error, "not-found")) throw error;
    const [store = spot.text] = /^\w+:\/\/[^/]*/.exec(spot.text) ?? [];
    const message = `does not exist: make it with: omnisync mkdir ${store}`;
    throw new StorageError("not-found", { path: store, message, cause: error });
  }
}

function notDirectory(spot: Spot, advice: string): UsageError {
  return new UsageError(`${spot.text}: is not a directory: ${advice}`);
}
