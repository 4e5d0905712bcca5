import { type Entry, StorageError, printable } from "@omnisync/storage";
import type { CheckEvent, CheckOptions, CheckReport } from "@omnisync/sync";
import type { Command } from "commander";
import { openAttributeCache } from "../attribute-cache.ts";
import { addDriverFlags } from "../driver-flags.ts";
import { EXIT, EXIT_DIFFERENT } from "../exit-codes.ts";
import { examples } from "../help-examples.ts";
import { CheckLists, type ListFlags, addListFlags } from "../output/check-lists.ts";
import { isoTime } from "../output/entry-text.ts";
import { errorJson, failureText, summaryJson } from "../output/error-text.ts";
import { shownPath } from "../output/shown-path.ts";
import { checkSummaryLine } from "../output/summary.ts";
import { type Ends, openEnds } from "../places.ts";
import type { Session } from "../session.ts";
import { type CompareFlags, addCheckFlags, checkCombinations } from "../transfer-flags.ts";
import { UsageError } from "../usage-error.ts";
import { watch } from "../watch.ts";

export type CheckFlags = CompareFlags &
  ListFlags & { readonly oneWay?: boolean; readonly download?: boolean };

export function addCheckCommand(program: Command, session: Session): void {
  const command = program
    .command("check <source> <destination>")
    .summary("compare two places, change nothing")
    .description(
      "Compares two places as sync would and changes nothing. Prints what differs; exits with 0 only if everything could be compared and nothing differs, with 1 otherwise.",
    )
    .action((source: string, destination: string, flags: CheckFlags) =>
      check(session, source, destination, flags),
    );
  addCheckFlags(command)
    .optionsGroup("What counts as different:")
    .option("--download", "Read the content of both back and compare that, and no attributes");
  addListFlags(command);
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync check ~/photos s3://bucket", "did sync with the same places finish?"],
    ["omnisync check --checksum a/ b/", "compare content, not times"],
    ["omnisync check --one-way a/ b/", "is everything of a in b?"],
    ["omnisync check --download a/ s3://bucket/a/", "read all of it back"],
    ["omnisync check --missing-on-dst todo.txt a/ b/", "what is still to be copied, as a file"],
  ]);
}

async function check(
  session: Session,
  source: string,
  destination: string,
  flags: CheckFlags,
): Promise<void> {
  await refuseContradictions(flags);
  const [engine, { createFilter, parseRules }] = await Promise.all([
    import("@omnisync/sync"),
    import("../filter-rules.ts"),
  ]);
  const rules = await parseRules(session, flags);
  const ends = await openEnds(session, source, destination);
  await refuseMissingDirectory(session, ends, destination);
  const cache =
    flags.attributeCache !== false
      ? await openAttributeCache(session, [ends.source, ends.destination])
      : undefined;
  const lists = new CheckLists(session, flags);
  try {
    const run = engine.startCheck(ends.source, ends.destination, {
      ...checkOptions(flags),
      filter: createFilter(rules, ends.prefix),
      attributeCache: cache,
      signal: session.signal,
      onEvent: (event) => {
        lists.add(event.kind, event.path === "" ? ends.root : event.path);
        printEvent(
          session,
          event,
          { ...flags, onlyErrors: lists.takesStdout },
          shownPath(ends, event.path),
        );
      },
    });
    const end = (report: CheckReport, error?: unknown): void =>
      printEnding(session, report, flags, error);
    end(await watch(session, run, flags, end));
  } finally {
    lists.close();
    cache?.close();
  }
}

/** Which flags cannot be meant together. @throws UsageError */
export async function refuseContradictions(flags: CheckFlags): Promise<void> {
  await checkCombinations(flags);
  for (const other of ["checksum", "sizeOnly"] as const) {
    if (!flags.download || !flags[other]) continue;
    const name = other === "checksum" ? "--checksum" : "--size-only";
    throw new UsageError(`--download and ${name} exclude each other: leave one out`);
  }
  const lists = [
    flags.combined,
    flags.match,
    flags.differ,
    flags.missingOnDst,
    flags.missingOnSrc,
    flags.error,
  ];
  if (flags.json && lists.includes("-"))
    throw new UsageError(
      "--json and a list on stdout exclude each other: name a file for the list",
    );
}

/** Without a slash the source's own name is looked for in the destination, which may not be meant. */
export async function refuseMissingDirectory(
  { signal }: Session,
  ends: Ends,
  destination: string,
): Promise<void> {
  const { driver } = ends.destination;
  if (ends.prefix === "" || (await driver.stat("", { signal })) !== undefined) return;
  throw new StorageError("not-found", {
    path: `${destination.replace(/\/$/, "")}/${ends.prefix}`,
    message: "no such directory: end the source with a slash to compare what is in it",
  });
}

/** What the library is told of what the flags say. */
export function checkOptions(flags: CheckFlags): CheckOptions {
  return {
    checksum: flags.checksum,
    sizeOnly: flags.sizeOnly,
    modifyWindow: flags.modifyWindow,
    preserveMode: flags.perms,
    links: flags.skipLinks ? "skip" : "keep",
    download: flags.download,
    oneWay: flags.oneWay,
    jobs: flags.jobs,
  };
}

const WORDS: Readonly<Record<Exclude<CheckEvent["kind"], "error">, string>> = {
  match: "same",
  differ: "differs",
  "source-only": "only in source",
  "destination-only": "only in destination",
};

function printEvent(
  session: Session,
  event: CheckEvent,
  flags: CheckFlags & { readonly onlyErrors: boolean },
  path: string,
): void {
  if (event.kind === "error") session.complain(failureText(path, event.error));
  if (flags.quiet || flags.onlyErrors) return;
  if (flags.json) session.out.json(eventJson(event, path));
  else if (event.kind !== "error" && (event.kind !== "match" || (flags.verbose ?? 0) > 0)) {
    const reason = event.kind === "differ" && event.reason ? ` (${event.reason})` : "";
    session.out.line(`${WORDS[event.kind]} ${printable(path)}${reason}`);
  }
}

function eventJson(event: CheckEvent, path: string): object {
  const { kind, reason, source, destination, error } = event;
  const side = (entry: Entry | undefined): object | undefined =>
    entry && { kind: entry.kind, size: entry.size, mtime: isoTime(entry.mtime) };
  return {
    kind,
    path,
    reason,
    source: side(source),
    destination: side(destination),
    error: error && errorJson(error),
  };
}

function printEnding(
  session: Session,
  report: CheckReport,
  flags: CheckFlags,
  error?: unknown,
): void {
  if (flags.json) session.out.json(summaryJson(report, error));
  else if (!flags.quiet) session.note(checkSummaryLine(report));
  session.exitCode = report.inSync ? EXIT.done : EXIT_DIFFERENT;
  if (session.signal.aborted) session.exitCode = EXIT.interrupted;
}
