import { type Driver, type Entry, baseName, formatSize, isStorageError } from "@omnisync/storage";
import type { Command } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { forEachSpot, underSpot } from "../each-spot.ts";
import { EXIT } from "../exit-codes.ts";
import { plural } from "../output/plural.ts";
import { wholeNumber } from "../flag-values.ts";
import { examples } from "../help-examples.ts";
import { listPages } from "../listing.ts";
import { errorText } from "../output/error-text.ts";
import { entryLine } from "../output/entry-text.ts";
import type { Palette } from "../output/palette.ts";
import { locate } from "../places.ts";
import type { Session } from "../session.ts";
import { type Spot, parseSpot } from "../spots.ts";

interface TreeFlags {
  readonly depth?: number;
  readonly size?: boolean;
}

export function addTreeCommand(program: Command, session: Session): void {
  const command = program
    .command("tree <location>")
    .summary("show a directory as a tree")
    .description("Shows everything below a directory as a tree.")
    .option("-d, --depth <n>", "Only so many levels deep", wholeNumber("--depth", 1, 10_000))
    .option("-s, --size", "Show sizes")
    .action((location: string, flags: TreeFlags) => tree(session, location, flags));
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync tree s3://bucket", "everything"],
    ["omnisync tree -d 2 -s ~/photos", "two levels, with sizes"],
  ]);
}

async function tree(session: Session, location: string, flags: TreeFlags): Promise<void> {
  await forEachSpot(session, [parseSpot(location, session)], (spot) =>
    treeOf(session, spot, flags),
  );
}

async function treeOf(session: Session, spot: Spot, flags: TreeFlags): Promise<void> {
  const { driver, path, entry } = await locate(session, spot, "all");
  const printer = new TreePrinter(session, spot, driver, flags);
  session.out.line(spot.text);
  if (entry.kind === "directory") await printer.print(path, "", 1);
  else printer.files++;
  session.out.line(
    `\n${plural(printer.directories, "directory", "directories")}, ${plural(printer.files, "file")}`,
  );
}

class TreePrinter {
  directories = 0;
  files = 0;
  readonly #session: Session;
  readonly #spot: Spot;
  readonly #driver: Driver;
  readonly #flags: TreeFlags;
  readonly #palette: Palette;

  constructor(session: Session, spot: Spot, driver: Driver, flags: TreeFlags) {
    this.#session = session;
    this.#spot = spot;
    this.#driver = driver;
    this.#flags = flags;
    this.#palette = session.palette(session.io.stdout.isTTY);
  }

  /** Prints what is in a directory. One directory at a time is in memory, and those above it. */
  async print(directory: string, indent: string, level: number): Promise<void> {
    const entries = await this.#children(directory);
    for (const [i, entry] of entries.entries()) {
      const last = i === entries.length - 1;
      this.#session.out.line(`${indent}${last ? "└── " : "├── "}${this.#text(entry)}`);
      if (entry.kind !== "directory") this.files++;
      else {
        this.directories++;
        if (level >= (this.#flags.depth ?? Infinity)) continue;
        await this.#printBelow(entry.path, `${indent}${last ? "    " : "│   "}`, level + 1);
      }
    }
    await this.#session.out.flush();
  }

  /** A directory below that cannot be seen is told of, as by ls -R, and the rest goes on. */
  async #printBelow(directory: string, indent: string, level: number): Promise<void> {
    try {
      await this.print(directory, indent, level);
    } catch (error) {
      if (!isStorageError(error, "permission-denied", "not-found", "not-a-directory")) throw error;
      this.#session.complain(errorText(underSpot(this.#spot, error)));
      this.#session.exitCode = EXIT.someFailed;
    }
  }

  async #children(directory: string): Promise<readonly Entry[]> {
    const entries: Entry[] = [];
    const request = { driver: this.#driver, directory, recursive: false };
    for await (const page of listPages(this.#session, request)) entries.push(...page);
    return entries;
  }

  #text(entry: Entry): string {
    const name = entryLine(entry, baseName(entry.path), { palette: this.#palette });
    const sized = this.#flags.size && entry.kind === "file";
    return sized ? `${name} (${formatSize(entry.size)})` : name;
  }
}
