import type { Command } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { examples } from "../help-examples.ts";
import { look } from "../places.ts";
import type { Session } from "../session.ts";
import { type Spot, parseSpot } from "../spots.ts";
import { UsageError } from "../usage-error.ts";

export function addMkdirCommand(program: Command, session: Session): void {
  const command = program
    .command("mkdir <locations...>")
    .summary("create directories")
    .description(
      "Creates directories and those above them. An existing directory is left as it is. Stores without directories get an empty object whose name ends in a slash.",
    )
    .option("-p, --parents", "Accepted for habit's sake: this is always so")
    .action((locations: readonly string[]) => mkdir(session, locations));
  addDriverFlags(command, session);
  examples(command, [["omnisync mkdir s3://bucket/incoming /srv/data/new", "two directories"]]);
}

async function mkdir(session: Session, locations: readonly string[]): Promise<void> {
  const spots = locations.map((location) => parseSpot(location, session));
  for (const spot of spots) await mkdirOne(session, spot);
}

async function mkdirOne(session: Session, spot: Spot): Promise<void> {
  if (spot.name === "")
    throw new UsageError(`${spot.text}: is the root of a store: name a directory in it`);
  const { driver, path } = await existingAncestor(session, spot);
  if (driver.mkdir === undefined) {
    throw new UsageError(
      `${spot.text}: this store has no directories: write a file, its path is enough`,
    );
  }
  if (path !== "") await driver.mkdir(path, { signal: session.signal });
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
