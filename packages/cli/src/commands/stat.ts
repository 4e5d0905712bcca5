import { type Entry, formatSize, printable } from "@omnisync/storage";
import type { Command } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { forEachSpot } from "../each-spot.ts";
import { examples } from "../help-examples.ts";
import { entryJson, isoTime, octal } from "../output/entry-text.ts";
import { type Found, locate } from "../places.ts";
import type { Session } from "../session.ts";
import { parseSpot } from "../spots.ts";

interface StatFlags {
  readonly json?: boolean;
}

export function addStatCommand(program: Command, session: Session): void {
  const command = program
    .command("stat <locations...>")
    .summary("show all that is known of a file or directory")
    .description(
      "Shows all that a store tells of a file, link or directory. Links are not followed.",
    )
    .option("--json", "One JSON line per location")
    .action((locations: readonly string[], flags: StatFlags) => stat(session, locations, flags));
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync stat s3://bucket/report.pdf", "size, times, hashes, metadata"],
    ["omnisync stat --json a b", "for programs"],
  ]);
}

async function stat(
  session: Session,
  locations: readonly string[],
  flags: StatFlags,
): Promise<void> {
  session.calls = "few";
  const spots = locations.map((location) => parseSpot(location, session));
  await forEachSpot(session, spots, async (spot) => {
    const entry = await withTarget(session, await locate(session, spot, "none"));
    if (flags.json) session.out.json(entryJson(entry, spot.text));
    else for (const line of statLines(entry, spot.text)) session.out.line(line);
  });
}

/** What a link among objects leads to is its content, which is asked for apart. */
async function withTarget({ signal }: Session, { driver, path, entry }: Found): Promise<Entry> {
  if (entry.kind !== "symlink" || driver.capabilities.symlinks !== "marked") return entry;
  return { ...entry, linkTarget: await driver.readLink!(path, { signal }) };
}

function statLines(entry: Entry, text: string): readonly string[] {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["Location", text],
    ["Kind", entry.kind],
    ["Size", entry.kind === "directory" ? undefined : `${entry.size} (${formatSize(entry.size)})`],
    ["Modified", isoTime(entry.mtime)],
    ["Stored", isoTime(entry.storedAt)],
    ["Mode", entry.mode === undefined ? undefined : octal(entry.mode)],
    ["Target", entry.linkTarget],
    ["Content type", entry.contentType],
    ["ETag", entry.etag],
    ["Version", entry.version],
    ["Storage class", entry.storageClass],
    ...Object.entries(entry.hashes ?? {}),
    ...Object.entries(entry.metadata ?? {}).map(
      ([name, value]) => [`Metadata ${name}`, value] as const,
    ),
  ];
  return rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`${printable(`${name}:`).padEnd(15)} ${printable(value)}`],
  );
}
