import type { Command } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { forEachSpot } from "../each-spot.ts";
import { size } from "../flag-values.ts";
import { examples } from "../help-examples.ts";
import { locate } from "../places.ts";
import type { Session } from "../session.ts";
import { type Spot, parseSpot } from "../spots.ts";
import { UsageError } from "../usage-error.ts";

interface CatFlags {
  readonly offset?: number;
  readonly count?: number;
}

export function addCatCommand(program: Command, session: Session): void {
  const command = program
    .command("cat <locations...>")
    .summary("write files to stdout")
    .description("Writes files to stdout, byte for byte, one after the other.")
    .option("--offset <size>", "Begin so many bytes into each file", size("--offset"))
    .option("--count <size>", "So many bytes of each file at most", size("--count"))
    .action((locations: readonly string[], flags: CatFlags) => cat(session, locations, flags));
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync cat s3://bucket/log.gz | zcat", "read without a copy on disk"],
    ["omnisync cat --offset 1M --count 4K disk.img | xxd", "a piece of a file"],
  ]);
}

async function cat(session: Session, locations: readonly string[], flags: CatFlags): Promise<void> {
  session.calls = "few";
  const spots = locations.map((location) => parseSpot(location, session));
  await forEachSpot(session, spots, (spot) => catOne(session, spot, flags));
}

async function catOne(session: Session, spot: Spot, flags: CatFlags): Promise<void> {
  const { driver, path, entry } = await locate(session, spot, "all");
  if (entry.kind === "directory") {
    throw new UsageError(`${spot.text}: is a directory: name a file, or use ls`);
  }
  // One of a disk that leads somewhere was followed.
  if (entry.kind === "symlink") {
    throw new UsageError(`${spot.text}: is a link: name what it leads to, which stat shows`);
  }
  const { offset = 0, count } = flags;
  if (count === 0) return;
  const range = offset === 0 && count === undefined ? undefined : { offset, length: count };
  const { body } = await driver.read(path, { range, signal: session.signal });
  for await (const chunk of body) await session.out.bytes(chunk);
}
