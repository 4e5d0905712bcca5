import { formatSize, printable } from "@omnisync/storage";
import type { DeltaExplanation, DeltaReason, DeltaStep } from "@omnisync/sync";
import type { Command } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { deltaOptions } from "../engine-options.ts";
import { checkCombinations } from "../flags/combinations.ts";
import { addFlags } from "../flags/commander-flags.ts";
import { DEFAULT_THRESHOLD, DELTA_FLAGS, type DeltaFlags } from "../flags/delta-flags.ts";
import type { Flag } from "../flags/flag.ts";
import { examples } from "../help-examples.ts";
import { isoTime } from "../output/entry-text.ts";
import { plural } from "../output/plural.ts";
import { type Ends, openEnds } from "../places.ts";
import type { Session } from "../session.ts";
import { parseSpot } from "../spots.ts";
import { UsageError } from "../usage-error.ts";

interface Flags extends DeltaFlags {
  readonly explain?: boolean;
  readonly verbose?: boolean;
  readonly json?: boolean;
}

/** The other way round there would be nothing to tell. */
const NO_WHOLE_FILE: Flag = {
  long: "no-whole-file",
  help: "As what differs from disk to disk, too, if the file is signed",
  set: (values) => void (values.wholeFile = false),
};

/** Pieces shown of a long list. */
const SHOWN = 20;

export function addDeltaCommand(program: Command, session: Session): void {
  const command = program
    .command("delta <source> <destination>")
    .summary("how much of a large file would go over?")
    .description(
      "Says how much of one file would go over if it were transferred now, and how much not, because the destination has it already; with --explain also which pieces, and why, or why not. Reads the local file and the signature of the remote one; changes nothing.",
    )
    .action((source: string, destination: string, flags: Flags) =>
      delta(session, { source, destination, flags }),
    );
  command
    .optionsGroup("What to print:")
    .option("--explain", "Why, and which pieces of the file go over")
    .option("-v, --verbose", "With --explain: all pieces, however many")
    .option("--json", "One JSON object");
  const flags = DELTA_FLAGS.filter(({ long }) => long !== "whole-file");
  addFlags(
    command,
    [{ heading: "How it would be done:", flags: [NO_WHOLE_FILE, ...flags] }],
    "transfer",
  );
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync delta disk.img s3://bucket/disk.img", "what would an upload cost?"],
    ["omnisync delta --explain s3://bucket/disk.img disk.img", "what would be fetched, and why?"],
    ["omnisync delta --explain --delta-generate big.db s3://bucket/", "without a signature"],
    [
      "omnisync delta --no-whole-file /mnt/nas/disk.img disk.img",
      "from a signed file on a slow disk",
    ],
  ]);
}

interface Asked {
  readonly source: string;
  readonly destination: string;
  readonly flags: Flags;
}

async function delta(session: Session, { source, destination, flags }: Asked): Promise<void> {
  await checkCombinations({ ...flags, verbose: 0, json: false });
  if (flags.verbose && !flags.explain)
    throw new UsageError("--verbose says nothing without --explain: add it, or leave both out");
  const ends = await openEnds(session, source, destination, "all");
  const { text: from, isLocal: fromLocal } = parseSpot(source, session);
  if (ends.source.path === "")
    throw new UsageError(`${from}: is a directory: name a file, of which there is a delta`);
  const { explainDelta } = await import("@omnisync/sync");
  const options = { ...deltaOptions(flags), signal: session.signal };
  const explanation = await explainDelta(ends.source, ends.destination, options);
  const told: Told = { explanation, ends, from, fromLocal, flags };
  if (flags.json) session.out.json(explanationJson(told));
  else for (const line of lines(told)) session.out.line(line);
}

interface Told {
  readonly explanation: DeltaExplanation;
  readonly ends: Ends;
  /** The source as it was given. */
  readonly from: string;
  readonly fromLocal: boolean;
  readonly flags: Flags;
}

function lines(told: Told): readonly string[] {
  const total = totalLine(told.explanation);
  if (!told.flags.explain) return [total];
  const { source, destination } = told.explanation;
  const advice = adviceText(told);
  return [
    `${told.from} -> ${to(told.ends)}`,
    row("source", fileText(source)),
    row("destination", destination === undefined ? "not there" : fileText(destination)),
    row("direction", directionText(told)),
    row("threshold", formatSize(told.flags.deltaThreshold ?? DEFAULT_THRESHOLD)),
    row("delta", reasonText(told)),
    ...(advice === undefined ? [] : [row("", advice)]),
    ...stepLines(told),
    row("total", total),
  ];
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(12)} ${text}`;
}

function fileText({ kind, size, mtime }: DeltaExplanation["source"]): string {
  if (kind !== "file") return `a ${kind}`;
  const time = isoTime(mtime);
  return `${formatSize(size)}${time === undefined ? "" : `, ${time}`}`;
}

function to({ base, destination }: Ends): string {
  const name = printable(destination.path);
  return base.text.endsWith(name) ? base.text : `${base.text.replace(/\/$/, "")}/${name}`;
}

function directionText({ explanation: { strategy }, ends, fromLocal }: Told): string {
  switch (strategy) {
    case "multipart":
      return "upload in parts";
    case "ranges":
      return fromLocal ? "reading of ranges" : "download of ranges";
    case "server-copy":
      return ends.toLocal ? "copy on this machine" : "copy by the store";
    case "whole":
    case "stream":
      return "transfer in one piece";
  }
}

const REASONS: Readonly<Record<Exclude<DeltaReason, "strategy">, string>> = {
  used: "yes: only what differs from the copy that is there goes over",
  appended: "yes: the file that is there is the beginning of the new one, by the MD5s of its parts",
  "no-signature": "no: the remote file has no signature",
  "stale-signature":
    "no: the signature is of what was there before: the file was replaced by a program that keeps none, or, on a disk, changed, renamed or linked",
  "bad-signature": "no: what lies where the signature should be is none, or damaged",
  "foreign-signature":
    "no: the signature is of somebody who does not own the file, or others may write it",
  different: "no: nothing worth it is in common",
  refused: "no: the store copies no parts of files, or what is there cannot be used or relied on",
  "nothing-there": "no: the destination has no such file",
  "no-file": "no: what the destination has of that name is no file",
  "too-small": "no: one of the two files is not above the threshold",
};

/** What can be done about it. */
function adviceText({ explanation, ends, from }: Told): string | undefined {
  const { reason, source, destination } = explanation;
  const isEmpty = source.size === 0 || destination?.size === 0;
  if (reason === "too-small") return isEmpty ? undefined : "lower it with --delta-threshold";
  if (!LACKS_SIGNATURE.includes(reason)) return undefined;
  return ends.toLocal
    ? `make one with: omnisync sign ${from}`
    : `make one with: omnisync sign ${to(ends)}; or in the upload, with --delta-generate; or send the whole once, which leaves one`;
}

const LACKS_SIGNATURE: readonly DeltaReason[] = [
  "no-signature",
  "stale-signature",
  "bad-signature",
  "foreign-signature",
];

function reasonText({ explanation: { reason, strategy }, fromLocal, flags }: Told): string {
  if (reason !== "strategy") return REASONS[reason];
  switch (strategy) {
    case "server-copy":
      return fromLocal && flags.wholeFile === undefined
        ? "no: a file on a disk is copied whole, unless with --no-whole-file"
        : "no: there is no need, the content does not pass through here";
    case "multipart":
    case "ranges":
      return "no: the file cannot be read in blocks, as one on a disk can";
    case "whole":
    case "stream":
      return "no: so small a file goes over in one piece, or the destination takes none in parts";
  }
}

function stepLines({ explanation: { steps }, flags }: Told): readonly string[] {
  const shown = flags.verbose ? steps : steps.slice(0, SHOWN);
  const more = steps.length - shown.length;
  const texts = shown.map((step) => {
    const [kind, length] = [step.kind.padEnd(6), formatSize(step.length).padStart(8)];
    return `${kind} ${length} at ${formatSize(step.offset)}${whenceText(step)}`;
  });
  if (more > 0) texts.push(`and ${plural(more, "piece")} more: -v shows all`);
  return texts.map((text, i) => row(i === 0 ? "pieces" : "", text));
}

function whenceText({ offset, oldOffset, sourceOffset }: DeltaStep): string {
  if (sourceOffset !== undefined) return `, as at ${formatSize(sourceOffset)}`;
  return oldOffset === undefined || oldOffset === offset ? "" : ` from ${formatSize(oldOffset)}`;
}

/** `12.0 MiB would go over in 3 requests, 1.90 GiB not: 99.4% saved`. */
function totalLine({ transferred, matched, requests, generated }: DeltaExplanation): string {
  const would = `${formatSize(transferred)} would go over in ${plural(requests, "request")}`;
  const percent = (saved({ transferred, matched }) * 100).toFixed(1);
  const total = `${would}, ${formatSize(matched)} would not: ${percent}% saved`;
  if (generated === undefined) return total;
  return `${total}; first ${formatSize(generated)} of the remote file would be read to sign it`;
}

function saved({
  transferred,
  matched,
}: Pick<DeltaExplanation, "transferred" | "matched">): number {
  const size = transferred + matched;
  return size === 0 ? 0 : matched / size;
}

function explanationJson({ explanation, ends, from, flags }: Told): object {
  const { source, destination, strategy, reason, steps, ...sums } = explanation;
  const side = (path: string, entry: typeof destination): object => ({
    path,
    size: entry?.size,
    mtime: isoTime(entry?.mtime),
    etag: entry?.etag,
  });
  return {
    source: side(from, source),
    destination: side(to(ends), destination),
    threshold: flags.deltaThreshold ?? DEFAULT_THRESHOLD,
    strategy,
    reason,
    ...sums,
    saved: saved(sums),
    steps: flags.explain ? steps : undefined,
  };
}
