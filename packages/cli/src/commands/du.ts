import { comparePaths, formatSize, printable } from "@omnisync/storage";
import type { Command } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { forEachSpot } from "../each-spot.ts";
import { wholeNumber } from "../flag-values.ts";
import { examples } from "../help-examples.ts";
import { listPages } from "../listing.ts";
import { type Found, locate } from "../places.ts";
import type { Session } from "../session.ts";
import { type Spot, parseSpot } from "../spots.ts";
import { UsageError } from "../usage-error.ts";

interface DuFlags {
  readonly summarize?: boolean;
  readonly human?: boolean;
  readonly depth?: number;
  readonly json?: boolean;
}

interface Usage {
  size: number;
  files: number;
}

export function addDuCommand(program: Command, session: Session): void {
  const command = program
    .command("du <locations...>")
    .summary("add up sizes")
    .description(
      "Adds up the sizes of files, for each directory and in all. Sizes are bytes of content, not blocks of a disk.",
    )
    .helpOption("--help", "Show help")
    .option("-s, --summarize", "Only one line per location")
    .option("-h, --human", "Sizes such as 1.5 MiB")
    .option(
      "-d, --depth <n>",
      "Only directories so many levels deep",
      wholeNumber("--depth", 0, 10_000),
    )
    .option("--json", "One JSON line per directory")
    .action((locations: readonly string[], flags: DuFlags) => du(session, locations, flags));
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync du -sh s3://bucket", "how much in all"],
    ["omnisync du -h -d 1 ~/photos", "per directory, one level deep"],
  ]);
}

async function du(session: Session, locations: readonly string[], flags: DuFlags): Promise<void> {
  if (flags.summarize && flags.depth !== undefined) {
    throw new UsageError("--summarize and --depth exclude each other: leave one out");
  }
  const depth = flags.summarize ? 0 : (flags.depth ?? Infinity);
  const spots = locations.map((location) => parseSpot(location, session));
  await forEachSpot(session, spots, async (spot) => {
    const found = await locate(session, spot, "all");
    const usages = await measure(session, found, depth);
    for (const path of [...usages.keys()].sort(deepestFirst)) {
      print(session, below(spot, path), usages.get(path) as Usage, flags);
    }
  });
}

/** Usage by directory, "" for the whole; only the directories that will be shown are kept. */
async function measure(
  session: Session,
  found: Found,
  depth: number,
): Promise<ReadonlyMap<string, Usage>> {
  const usages = new Map<string, Usage>([["", { size: 0, files: 0 }]]);
  if (found.entry.kind !== "directory")
    return new Map([["", { size: found.entry.size, files: 1 }]]);
  const request = { driver: found.driver, directory: found.path, recursive: true };
  for await (const page of listPages(session, request)) {
    for (const entry of page) {
      const isDirectory = entry.kind === "directory";
      const path = isDirectory ? `${entry.path}/` : entry.path;
      for (const directory of directoriesOf(path, depth)) {
        const usage = usages.get(directory) ?? { size: 0, files: 0 };
        usages.set(directory, usage);
        usage.size += entry.size;
        usage.files += isDirectory ? 0 : 1;
      }
    }
  }
  return usages;
}

/** The directories that hold a path, from "" down. */
function* directoriesOf(path: string, depth: number): Iterable<string> {
  yield "";
  let slash = path.indexOf("/");
  for (let level = 1; slash >= 0 && level <= depth; level++) {
    yield path.slice(0, slash);
    slash = path.indexOf("/", slash + 1);
  }
}

/** As `du` prints: what is in a directory before the directory. */
function deepestFirst(a: string, b: string): number {
  const key = (path: string): string => (path === "" ? "\u{10ffff}" : `${path}/\u{10ffff}`);
  return comparePaths(key(a), key(b));
}

function below(spot: Spot, path: string): string {
  return path === "" ? spot.text : `${spot.text.replace(/\/$/, "")}/${path}`;
}

function print(session: Session, path: string, usage: Usage, flags: DuFlags): void {
  if (flags.json) session.out.json({ path, ...usage });
  else session.out.line(`${flags.human ? formatSize(usage.size) : usage.size}\t${printable(path)}`);
}
