import { type Driver, StorageError, isStorageError, isWithin } from "@omnisync/storage";
import type { Place } from "@omnisync/sync";
import type { Command } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { examples } from "../help-examples.ts";
import { refuseOwnDirectory } from "../own-directory.ts";
import { runPlainTransfer } from "../plain-transfer.ts";
import { locate, look, lookFromParent } from "../places.ts";
import { forgetSignaturesBelow, forgetSignaturesOf, removeEmptyDirectories } from "../removal.ts";
import type { Session } from "../session.ts";
import { type CommonRoot, type Spot, parseSpot } from "../spots.ts";
import { UsageError } from "../usage-error.ts";

interface MvFlags {
  readonly verbose?: boolean;
}

export function addMvCommand(program: Command, session: Session): void {
  const command = program
    .command("mv <source> <destination>")
    .summary("rename or move a file or directory")
    .description(
      "Renames a file or directory, or moves it into an existing directory or to another store. Where a store cannot rename, everything is copied and verified before the source is removed.",
    )
    .option("-v, --verbose", "One line per change")
    .action((source: string, destination: string, flags: MvFlags) =>
      mv(session, source, destination, flags),
    );
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync mv draft.txt final.txt", "rename"],
    ["omnisync mv s3://bucket/inbox/a.pdf s3://bucket/done/", "into a directory"],
    ["omnisync mv photos s3://bucket", "to s3://bucket/photos"],
  ]);
}

async function mv(session: Session, from: string, to: string, flags: MvFlags): Promise<void> {
  const source = parseSpot(from, session);
  refuseOwnDirectory(session, from, source);
  const target = await targetSpot(session, source, parseSpot(to, session));
  if (source.name === "") {
    throw new UsageError(`${source.text}: is the root of a store: name what is in it`);
  }
  const found = await locate(session, source, "none");
  const isDirectory = found.entry.kind === "directory";
  const common = source.common(target);
  if (common !== undefined) refuseInside(source, common);
  await refuseReplacing(session, target, isDirectory);
  if (common === undefined || !(await rename(session, common))) {
    const { verbose } = flags;
    if (!(await copyAndRemove(session, source, target, { isDirectory, verbose }))) return;
  } else if (flags.verbose) {
    session.out.line(`moved ${source.text} to ${target.text}`);
  }
  // Under its new name a file on a disk would have to be signed anew.
  await forgetSignaturesOf(session, found);
}

/** Into the destination if it is a directory, or is written as one; else to its very name. */
async function targetSpot(session: Session, source: Spot, destination: Spot): Promise<Spot> {
  if (destination.trailingSlash || destination.name === "") return destination.child(source.name);
  const found = await look(session, destination, "to-directory");
  return found?.entry.kind === "directory" ? destination.child(source.name) : destination;
}

function refuseInside(source: Spot, { from, to }: CommonRoot): void {
  if (from === to) throw new UsageError(`${source.text}: is the same place as its destination`);
  if (isWithin(from, to)) throw new UsageError(`${source.text}: cannot be moved into itself`);
}

/** As `rename` has it: a file replaces a file, a directory takes the place of an empty one only. */
async function refuseReplacing(
  session: Session,
  target: Spot,
  isDirectory: boolean,
): Promise<void> {
  const there = await lookFromParent(session, target);
  if (there === undefined) return;
  const { driver, path, entry } = there;
  if (entry.kind === "directory") {
    if (!isDirectory)
      throw new UsageError(`${target.text}: is a directory: name another destination`);
    if (!(await isEmpty(session, driver, path))) {
      throw new StorageError("directory-not-empty", {
        path: target.text,
        message: "is not empty: remove it first, or merge the two with move",
      });
    }
  } else if (isDirectory) {
    throw new UsageError(`${target.text}: is not a directory: name another destination`);
  }
}

async function isEmpty(session: Session, driver: Driver, directory: string): Promise<boolean> {
  for await (const page of driver.list(directory, { signal: session.signal })) {
    if (page.length > 0) return false;
  }
  return true;
}

/** @returns false if the store cannot rename, or not between these two. */
async function rename(session: Session, { root, from, to }: CommonRoot): Promise<boolean> {
  const driver = await root.open(session);
  if (driver.move === undefined) return false;
  try {
    await driver.move(from, to, { signal: session.signal });
    return true;
  } catch (error) {
    if (isStorageError(error, "unsupported")) return false;
    throw error;
  }
}

/** @returns whether nothing failed. */
async function copyAndRemove(
  session: Session,
  source: Spot,
  target: Spot,
  {
    isDirectory,
    verbose,
  }: { readonly isDirectory: boolean; readonly verbose: boolean | undefined },
): Promise<boolean> {
  const ends = {
    source: await place(session, source, isDirectory),
    destination: await place(session, target, isDirectory),
    prefix: isDirectory ? `${source.name}/` : "",
    root: source.name,
    toLocal: target.isLocal,
    base: target,
  };
  const done = await runPlainTransfer(session, ends, { move: true, verbose });
  if (!done || !isDirectory) return done;
  await forgetSignaturesBelow(session, ends.source.driver);
  await removeEmptyDirectories(session, ends.source.driver);
  const parent = await source.parent().open(session);
  await parent.rmdir?.(source.name, { signal: session.signal });
  return true;
}

async function place(session: Session, spot: Spot, isDirectory: boolean): Promise<Place> {
  if (isDirectory) return { driver: await spot.open(session), path: "" };
  return { driver: await spot.parent().open(session), path: spot.name };
}
