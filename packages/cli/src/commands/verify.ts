import {
  type HashName,
  HASH_NAMES,
  formatDuration,
  formatSize,
  printable,
} from "@omnisync/storage";
import type { KnownContent, VerifyEvent, VerifyReport } from "@omnisync/sync";
import type { Command } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { EXIT, EXIT_DIFFERENT } from "../exit-codes.ts";
import { choice } from "../flag-values.ts";
import { checkGivenFile } from "../given-file.ts";
import { examples } from "../help-examples.ts";
import { errorJson, failureText, summaryJson } from "../output/error-text.ts";
import { plural } from "../output/plural.ts";
import {
  type SelectionFlags,
  addSelectionFlags,
  openPlace,
  selectionFilter,
} from "../selection-flags.ts";
import type { Session } from "../session.ts";
import { readSums } from "../sums-file.ts";
import { UsageError } from "../usage-error.ts";
import { watch } from "../watch.ts";

interface VerifyFlags extends SelectionFlags {
  readonly sums?: string;
  readonly hash?: HashName;
  readonly download?: boolean;
  readonly oneWay?: boolean;
}

export function addVerifyCommand(program: Command, session: Session): void {
  const command = program
    .command("verify <location>")
    .summary("read a place back and prove its content")
    .description(
      "Reads every file of a place back and holds it against the hash that its store and omnisync keep with it, or against a file of checksums made earlier. Names what is damaged, missing, or could not be proven; exits with 0 only if everything could be and is right, with 1 otherwise. Changes nothing.",
    )
    .action((location: string, flags: VerifyFlags) => verify(session, location, flags));
  command
    .optionsGroup("What to do:")
    .option("--sums <file>", "Hold it against the checksums in this file; - is stdin")
    .option(
      "--hash <name>",
      `With --sums: which hash its lines hold, of ${HASH_NAMES.join(", ")}`,
      choice("--hash", HASH_NAMES),
    )
    .option(
      "--download",
      "With --sums: read all back, also where the store knows the hash (without --sums always)",
    )
    .option("--one-way", "With --sums: do not count files that are not in it");
  addSelectionFlags(command);
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync verify s3://bucket/photos", "is every object what was uploaded?"],
    ["omnisync hashsum sha256 photos/ > SUMS", "note the content of a directory"],
    ["omnisync verify --sums SUMS s3://bucket/photos", "is it all there, and right?"],
  ]);
}

async function verify(session: Session, location: string, flags: VerifyFlags): Promise<void> {
  refuseWithoutSums(flags);
  if (flags.sums !== undefined) await checkGivenFile(session, "--sums", flags.sums);
  const filter = await selectionFilter(session, flags);
  const { startVerifyPlace } = await import("@omnisync/sync");
  const { place } = await openPlace(session, location);
  const run = startVerifyPlace(place, {
    filter,
    sums: flags.sums === undefined ? undefined : readSums(session, flags.sums, flags.hash),
    download: flags.download,
    oneWay: flags.oneWay,
    jobs: flags.jobs,
    signal: session.signal,
    onEvent: (event) => printEvent(session, event, flags),
  });
  const end = (report: VerifyReport, error?: unknown): void =>
    printEnding(session, report, flags, error);
  end(await watch(session, run, flags, end));
}

function refuseWithoutSums(flags: VerifyFlags): void {
  if (flags.sums !== undefined) return;
  for (const name of ["hash", "oneWay"] as const) {
    if (flags[name] === undefined) continue;
    const flag = name === "hash" ? "--hash" : "--one-way";
    throw new UsageError(`${flag} says nothing without --sums: add it, or leave both out`);
  }
}

const WORDS: Readonly<Record<Exclude<VerifyEvent["kind"], "error">, string>> = {
  match: "right",
  mismatch: "DAMAGED",
  unknown: "no hash known",
  missing: "missing",
  extra: "not in the sums",
};

function printEvent(session: Session, event: VerifyEvent, flags: VerifyFlags): void {
  const { kind, path } = event;
  if (kind === "error") session.complain(failureText(path, event.error));
  if (flags.json) {
    if (!flags.quiet) session.out.json(eventJson(event));
    return;
  }
  if (kind === "error" || (kind === "match" && (flags.verbose ?? 0) === 0)) return;
  if (flags.quiet && kind !== "mismatch" && kind !== "missing") return;
  session.out.line(`${WORDS[kind]} ${printable(path)}${detail(event)}`);
}

function detail({ kind, by, error }: VerifyEvent): string {
  if (error !== undefined) return ` (${failureText("", error)})`;
  return by !== undefined && (kind === "match" || kind === "mismatch") ? ` (${nameOf(by)})` : "";
}

function nameOf(by: KnownContent): string {
  return by.kind === "hash" ? by.name : `md5 of parts of ${formatSize(by.size)}`;
}

function eventJson({ kind, path, size, by, found, error }: VerifyEvent): object {
  return {
    kind,
    path,
    size,
    by: by && nameOf(by),
    expected: by?.value,
    found: found ?? (kind === "match" ? by?.value : undefined),
    error: error && errorJson(error),
  };
}

function printEnding(
  session: Session,
  report: VerifyReport,
  flags: VerifyFlags,
  error?: unknown,
): void {
  if (flags.json) session.out.json(summaryJson(report, error));
  else if (!flags.quiet) session.note(summaryLine(report));
  session.exitCode = report.verified ? EXIT.done : EXIT_DIFFERENT;
  if (session.signal.aborted) session.exitCode = EXIT.interrupted;
}

function summaryLine(report: VerifyReport): string {
  const counts = [
    [report.mismatch, "damaged"],
    [report.missing, "missing"],
    [report.extra, "not in the sums"],
    [report.unknown, "without a known hash"],
    [report.errors, "could not be read"],
  ] as const;
  const parts = [
    `${plural(report.match, "file")} right`,
    ...counts.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`])),
    `${formatSize(report.bytesRead)} read`,
  ];
  const verdict = report.verified ? "verified" : "not verified";
  return `${verdict}: ${parts.join(", ")}, in ${formatDuration(report.duration)}`;
}
