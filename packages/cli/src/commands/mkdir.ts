import { type Driver, isStorageError } from "@omnisync/storage";
import type { Command } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { forEachSpot } from "../each-spot.ts";
import { examples } from "../help-examples.ts";
import { look, refuseMissingStore } from "../places.ts";
import type { Session } from "../session.ts";
import { type Spot, parseSpot } from "../spots.ts";
import { UsageError } from "../usage-error.ts";

export function addMkdirCommand(program: Command, session: Session): void {
  const command = program
    .command("mkdir <locations...>")
    .summary("create directories")
    .description(
      "Creates directories and those above them. An existing directory is left as it is. Stores without directories get an empty object whose name ends in a slash. The root of a store is the store itself: s3://bucket creates the bucket, in the region of --s3-region.",
    )
    .option("-p, --parents", "Accepted for habit's sake: this is always so")
    .action((locations: readonly string[]) => mkdir(session, locations));
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync mkdir s3://bucket/incoming /srv/data/new", "two directories"],
    ["omnisync mkdir --s3-region eu-central-1 s3://new-bucket", "a bucket"],
  ]);
}

async function mkdir(session: Session, locations: readonly string[]): Promise<void> {
  const spots = locations.map((location) => parseSpot(location, session));
  await forEachSpot(session, spots, (spot) => mkdirOne(session, spot));
}

async function mkdirOne(session: Session, spot: Spot): Promise<void> {
  if (spot.name === "") return makeStore(session, spot);
  const { driver, path } = await existingAncestor(session, spot);
  if (driver.mkdir === undefined) throw withoutDirectories(spot);
  if (path === "") return;
  if (!spot.isLocal) await refuseMissingStore(session, driver, spot);
  await driver.mkdir(path, { signal: session.signal });
}

/** The bucket, or whatever the root of a store is. */
async function makeStore(session: Session, spot: Spot): Promise<void> {
  const driver = await spot.open(session);
  if (driver.mkdir === undefined) throw withoutDirectories(spot);
  const { signal } = session;
  if (await isThere(driver, signal)) session.note(`${spot.text}: exists already, left as it is`);
  else await driver.mkdir("", { signal });
}

async function isThere(driver: Driver, signal: AbortSignal): Promise<boolean> {
  try {
    return (await driver.stat("", { signal })) !== undefined;
  } catch (error) {
    // Somebody else's, or ours without permission to look: the store says which when it is to be made.
    if (isStorageError(error, "permission-denied")) return false;
    throw error;
  }
}

function withoutDirectories(spot: Spot): UsageError {
  return new UsageError(
    `${spot.text}: this store has no directories: write a file, its path is enough`,
  );
}

/** The nearest directory that exists, and the path from there. */
async function existingAncestor(
  session: Session,
  spot: Spot,
): Promise<{ readonly driver: Awaited<ReturnType<Spot["open"]>>; readonly path: string }> {
  const missing: string[] = [];
  let at = spot;
  for (;;) {
    const found = await look(session, at, "to-directory");
    const inside = found?.entry.kind === "directory";
    if (inside || at.name === "") {
      return { driver: found?.driver ?? (await at.open(session)), path: missing.join("/") };
    }
    missing.unshift(at.name);
    at = at.parent();
  }
}
