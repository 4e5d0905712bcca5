import { type StorageError, joinPath, printable } from "@omnisync/storage";
import type { Command } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { aboutSpot } from "../each-spot.ts";
import { EXIT } from "../exit-codes.ts";
import { examples } from "../help-examples.ts";
import { failureText } from "../output/error-text.ts";
import { refuseOwnDirectory } from "../own-directory.ts";
import { type Found, locate, lookFromParent } from "../places.ts";
import {
  type Removal,
  forgetSignaturesOf,
  removeBelow,
  removeDirectory,
  removeFiles,
} from "../removal.ts";
import type { Session } from "../session.ts";
import { type Spot, parseSpot } from "../spots.ts";
import { UsageError } from "../usage-error.ts";

interface RmFlags {
  readonly recursive?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly verbose?: boolean;
}

interface Target extends Found {
  readonly spot: Spot;
}

export function addRmCommand(program: Command, session: Session): void {
  const command = program
    .command("rm <locations...>")
    .summary("remove files, or directories with -r")
    .description(
      "Removes files and links, and with -r directories with all that is in them. Looks at every location before anything is removed: if one is missing, or is a directory and -r is not given, nothing is.",
    )
    .option("-r, --recursive", "Remove directories with all that is in them")
    .option("-n, --dry-run", "Say what would be removed, change nothing")
    .option("-v, --verbose", "One line per removed path")
    .option("--force", "Allow -r to empty a whole bucket or disk")
    .action((locations: readonly string[], flags: RmFlags) => rm(session, locations, flags));
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync rm s3://bucket/old.zip", "one file"],
    ["omnisync rm -rn s3://bucket/2019/", "what would be removed?"],
    ["omnisync rm -r s3://bucket/2019/", "a directory"],
    ["omnisync rm -r --force s3://bucket", "all that is in a bucket"],
  ]);
}

async function rm(session: Session, locations: readonly string[], flags: RmFlags): Promise<void> {
  const spots = locations.map((location) => {
    const spot = parseSpot(location, session);
    refuseOwnDirectory(session, location, spot);
    return spot;
  });
  for (const spot of spots) if (spot.name === "") refuseRoot(spot, flags);
  const targets: Target[] = [];
  for (const spot of spots) targets.push(await findTarget(session, spot, flags));
  for (const target of targets) await remove(session, target, flags);
}

function refuseRoot(spot: Spot, flags: RmFlags): void {
  if (flags.recursive && flags.force) return;
  throw new UsageError(
    `${spot.text}: is the root of a store: give -r and --force if all that is in it is to go`,
  );
}

/** A directory is seen from its parent, so that it can be removed itself. */
async function findTarget(session: Session, spot: Spot, flags: RmFlags): Promise<Target> {
  const found = spot.name === "" ? undefined : await aboutSpot(spot, lookFromParent(session, spot));
  const target = found ?? (await locate(session, spot, "none"));
  const isDirectory = target.entry.kind === "directory";
  if (isDirectory && !flags.recursive) {
    throw new UsageError(
      `${spot.text}: is a directory: give -r to remove it with all that is in it`,
    );
  }
  if (spot.trailingSlash && !isDirectory) {
    throw new UsageError(`${spot.text}: is not a directory: leave out the slash at its end`);
  }
  return { ...target, spot };
}

async function remove(session: Session, target: Target, flags: RmFlags): Promise<void> {
  const { driver, path, entry } = target;
  const removal = removalFor(session, target, flags);
  if (entry.kind === "directory") {
    const emptied = await removeBelow(session, driver, path, removal);
    if (path !== "" && emptied) await removeDirectory(session, driver, path, removal);
  } else {
    const gone = await removeFiles(session, driver, [path], removal);
    if (gone && !removal.dryRun) await forgetSignaturesOf(session, target);
  }
}

function removalFor(session: Session, { spot, path }: Target, flags: RmFlags): Removal {
  const show = (found: string): string =>
    path === ""
      ? joinPath(spot.text.replace(/\/$/, ""), printable(found))
      : spot.text.replace(/\/$/, "") + printable(found.slice(path.length));
  return {
    dryRun: flags.dryRun ?? false,
    onRemoved: (found) => {
      if (flags.verbose || flags.dryRun) {
        session.out.line(`${flags.dryRun ? "would remove" : "removed"} ${show(found)}`);
      }
    },
    onFailure: (error: StorageError) => {
      session.complain(failureText(show(error.path ?? path), error));
      session.exitCode = EXIT.someFailed;
    },
  };
}
