/** What rsync counts in a run, and how it prints it. */
import type { Entry } from "@omnisync/storage";
import type { SyncEvent } from "@omnisync/sync";
import { type Readability, commaNumber, humanDecimal, humanNumber } from "./numbers.ts";

type KindCounts = Record<Entry["kind"], number>;

export interface RsyncCounts {
  files: KindCounts;
  created: KindCounts;
  deleted: KindCounts;
  transferred: number;
  totalSize: number;
  transferredSize: number;
  /** Bytes that went over, and those that were there or that the store copied by itself. */
  literal: number;
  matched: number;
  errors: number;
  vanished: number;
}

export function noCounts(): RsyncCounts {
  const none = (): KindCounts => ({ file: 0, directory: 0, symlink: 0, other: 0 });
  return {
    files: none(),
    created: none(),
    deleted: none(),
    transferred: 0,
    totalSize: 0,
    transferredSize: 0,
    literal: 0,
    matched: 0,
    errors: 0,
    vanished: 0,
  };
}

export interface CountOptions {
  /** To a disk of this machine: a copy by the system itself counts as sent. */
  readonly toLocal: boolean;
  /** Nothing is sent. */
  readonly dryRun: boolean;
}

/** Adds an event. */
export function countEvent(
  counts: RsyncCounts,
  event: SyncEvent,
  { toLocal, dryRun }: CountOptions,
): void {
  const { kind, source, destination } = event;
  if (kind === "remove") {
    if (event.reason !== "type" && destination !== undefined) counts.deleted[destination.kind]++;
    return;
  }
  if (source === undefined || kind === "remove-source" || kind === "withheld") return;
  counts.files[source.kind]++;
  counts.totalSize += source.kind === "file" || source.kind === "symlink" ? source.size : 0;
  const writes = kind === "copy" || kind === "mkdir" || kind === "link";
  if (writes && (destination === undefined || destination.kind !== source.kind)) {
    counts.created[source.kind]++;
  }
  if (kind !== "copy") return;
  counts.transferred++;
  counts.transferredSize += source.size;
  if (dryRun) return;
  const literal = toLocal && event.strategy === "server-copy" ? source.size : event.bytes;
  counts.literal += literal;
  counts.matched += Math.max(source.size - literal, 0);
}

/** The block of `--stats`. */
export function statsBlock(
  counts: RsyncCounts,
  seconds: number,
  h: Readability,
): readonly string[] {
  return [
    "",
    kindLine("Number of files", counts.files, h),
    kindLine("Number of created files", counts.created, h),
    kindLine("Number of deleted files", counts.deleted, h),
    `Number of regular files transferred: ${commaNumber(counts.transferred, h)}`,
    `Total file size: ${humanNumber(counts.totalSize, h)} bytes`,
    `Total transferred file size: ${humanNumber(counts.transferredSize, h)} bytes`,
    `Literal data: ${humanNumber(counts.literal, h)} bytes`,
    `Matched data: ${humanNumber(counts.matched, h)} bytes`,
    // There is no list that is sent: these are here because scripts look for them.
    "File list size: 0",
    `File list generation time: ${commaNumber(seconds, h, 3)} seconds`,
    "File list transfer time: 0.000 seconds",
    `Total bytes sent: ${humanNumber(counts.literal, h)}`,
    "Total bytes received: 0",
  ];
}

/** `sent …` and `total size is …`. */
export function closingLines(
  counts: RsyncCounts,
  seconds: number,
  h: Readability,
  dryRun: boolean,
): readonly string[] {
  const sent = counts.literal;
  // As rsync reckons it: half a second is the least that a run is taken for.
  const rate = sent / (0.5 + seconds);
  const speedup = counts.totalSize / Math.max(sent, 1);
  return [
    "",
    `sent ${humanNumber(sent, h)} bytes  received 0 bytes  ${humanDecimal(rate, h)} bytes/sec`,
    `total size is ${humanNumber(counts.totalSize, h)}  speedup is ${commaNumber(speedup, h, 2)}${dryRun ? " (DRY RUN)" : ""}`,
  ];
}

/** The last line of a log file. */
export function logClosing(counts: RsyncCounts): string {
  return `sent ${counts.literal} bytes  received 0 bytes  total size ${counts.totalSize}`;
}

function kindLine(title: string, counts: KindCounts, h: Readability): string {
  const parts = (
    [
      ["reg", counts.file],
      ["dir", counts.directory],
      ["link", counts.symlink],
      ["special", counts.other],
    ] as const
  ).filter(([, count]) => count > 0);
  const total = parts.reduce((sum, [, count]) => sum + count, 0);
  const detail = parts.map(([name, count]) => `${name}: ${commaNumber(count, h)}`).join(", ");
  return `${title}: ${commaNumber(total, h)}${detail === "" ? "" : ` (${detail})`}`;
}
