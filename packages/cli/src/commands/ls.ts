import { type Driver, type Entry, baseName } from "@omnisync/storage";
import type { Command } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { forEachSpot } from "../each-spot.ts";
import { examples } from "../help-examples.ts";
import { type ListRequest, listPages } from "../listing.ts";
import { entryJson, entryLine } from "../output/entry-text.ts";
import { locate } from "../places.ts";
import type { Session } from "../session.ts";
import { type Spot, parseSpot } from "../spots.ts";

interface LsFlags {
  readonly long?: boolean;
  readonly human?: boolean;
  readonly recursive?: boolean;
  readonly json?: boolean;
}

export function addLsCommand(program: Command, session: Session): void {
  const command = program
    .command("ls <location>")
    .summary("list what is in a directory")
    .description("Lists what is in a directory, or one file. Directories end in a slash.")
    .helpOption("--help", "Show help")
    .option("-l, --long", "Show mode, size and time too")
    .option("-h, --human", "With -l: sizes such as 1.5 MiB")
    .option("-R, --recursive", "Everything below as well")
    .option("--json", "One JSON line per entry")
    .action((location: string, flags: LsFlags) => ls(session, location, flags));
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync ls s3://bucket/photos/", "names"],
    ["omnisync ls -lh .", "with sizes and times"],
    ["omnisync ls -R --json s3://bucket | jq .size", "for programs"],
  ]);
}

async function ls(session: Session, location: string, flags: LsFlags): Promise<void> {
  session.calls = "few";
  await forEachSpot(session, [parseSpot(location, session)], (spot) => lsOne(session, spot, flags));
}

async function lsOne(session: Session, spot: Spot, flags: LsFlags): Promise<void> {
  const print = printer(session, flags);
  const list = (driver: Driver, directory: string): Promise<number> =>
    printAll(session, { driver, directory, recursive: flags.recursive ?? false }, print);
  // A store is asked whether a directory exists only if nothing is in it: a request less.
  const isDirectory = spot.trailingSlash || spot.name === "";
  if (isDirectory && !spot.isLocal && (await list(await spot.open(session), "")) > 0) return;
  const { driver, path, entry } = await locate(session, spot, "all");
  if (entry.kind === "directory") await list(driver, path);
  else print(entry, baseName(path));
}

type Print = (entry: Entry, name: string) => void;

/** Prints what is in a directory. @returns how many entries. */
async function printAll(session: Session, request: ListRequest, print: Print): Promise<number> {
  let count = 0;
  for await (const page of listPages(session, request)) {
    for (const found of page) print(found, found.path);
    count += page.length;
    await session.out.flush();
  }
  return count;
}

function printer(session: Session, flags: LsFlags): Print {
  const { out, io } = session;
  if (flags.json) return (entry, name) => out.json(entryJson(entry, name));
  const style = { ...flags, palette: session.palette(io.stdout.isTTY) };
  return (entry, name) => out.line(entryLine(entry, name, style));
}
