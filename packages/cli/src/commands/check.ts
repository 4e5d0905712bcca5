import { type Entry, StorageError, printable } from "@omnisync/storage";
import type { CheckEvent, CheckOptions, CheckReport } from "@omnisync/sync";
import type { Command } from "commander";
import { openAttributeCache } from "../attribute-cache.ts";
import { addDriverFlags } from "../driver-flags.ts";
import { EXIT, EXIT_DIFFERENT } from "../exit-codes.ts";
import { examples } from "../help-examples.ts";
import { isoTime } from "../output/entry-text.ts";
import { errorJson, failureText } from "../output/error-text.ts";
import { shownPath } from "../output/shown-path.ts";
import { checkSummaryLine } from "../output/summary.ts";
import { type Ends, openEnds } from "../places.ts";
import type { Session } from "../session.ts";
import { type CompareFlags, addCheckFlags, checkCombinations } from "../transfer-flags.ts";

interface CheckFlags extends CompareFlags {
  readonly oneWay?: boolean;
}

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
  addCheckFlags(command);
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync check ~/photos s3://bucket", "did sync with the same places finish?"],
    ["omnisync check --checksum a/ b/", "compare content, not times"],
    ["omnisync check --one-way a/ b/", "is everything of a in b?"],
  ]);
}

async function check(
  session: Session,
  source: string,
  destination: string,
  flags: CheckFlags,
): Promise<void> {
  checkCombinations(flags);
  const [engine, { createFilter, parseRules }] = await Promise.all([
    import("@omnisync/sync"),
    import("../filter-rules.ts"),
  ]);
  const rules = parseRules(flags.rules);
  const ends = await openEnds(session, source, destination);
  await refuseMissingDirectory(ends, destination);
  const cache = flags.attributeCache
    ? await openAttributeCache(session, [ends.source, ends.destination])
    : undefined;
  try {
    const report = await engine.check(ends.source, ends.destination, {
      ...checkOptions(flags),
      filter: createFilter(rules, ends.prefix),
      attributeCache: cache,
      signal: session.signal,
      onEvent: (event) => printEvent(session, event, flags, shownPath(ends, event.path)),
    });
    printEnding(session, report, flags);
  } finally {
    cache?.close();
  }
}

/** Without a slash the source's own name is looked for in the destination, which may not be meant. */
async function refuseMissingDirectory(ends: Ends, destination: string): Promise<void> {
  if (ends.prefix === "" || (await ends.destination.driver.stat("")) !== undefined) return;
  throw new StorageError("not-found", {
    path: `${destination.replace(/\/$/, "")}/${ends.prefix}`,
    message: "no such directory: end the source with a slash to compare what is in it",
  });
}

function checkOptions(flags: CheckFlags): CheckOptions {
  return {
    checksum: flags.checksum,
    sizeOnly: flags.sizeOnly,
    modifyWindow: flags.modifyWindow,
    preserveMode: flags.perms,
    links: flags.skipLinks ? "skip" : "keep",
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

function printEvent(session: Session, event: CheckEvent, flags: CheckFlags, path: string): void {
  if (event.kind === "error") session.complain(failureText(path, event.error));
  if (flags.quiet) return;
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

function printEnding(session: Session, report: CheckReport, flags: CheckFlags): void {
  if (flags.json) session.out.json({ kind: "summary", ...report, failures: undefined });
  else if (!flags.quiet) session.note(checkSummaryLine(report));
  session.exitCode = report.inSync ? EXIT.done : EXIT_DIFFERENT;
  if (session.signal.aborted) session.exitCode = EXIT.interrupted;
}
