import { printable } from "@omnisync/storage";
import type { DiffEntry } from "@omnisync/sync";
import type { Command } from "commander";
import { openAttributeCache } from "../attribute-cache.ts";
import { addDriverFlags } from "../driver-flags.ts";
import { EXIT, EXIT_DIFFERENT } from "../exit-codes.ts";
import { examples } from "../help-examples.ts";
import { errorJson, failureText, summaryJson } from "../output/error-text.ts";
import { shownPath } from "../output/shown-path.ts";
import { openEnds } from "../places.ts";
import type { Session } from "../session.ts";
import { addCheckFlags } from "../transfer-flags.ts";
import {
  type CheckFlags,
  checkOptions,
  refuseContradictions,
  refuseMissingDirectory,
} from "./check.ts";

export function addDiffCommand(program: Command, session: Session): void {
  const command = program
    .command("diff <source> <destination>")
    .summary("list what sync would change")
    .description(
      "Lists what sync would have to do to make the destination equal to the source, one path a line: + new, ~ modified, - deleted. Prints nothing for what is the same, and changes nothing. Exits with 0 if nothing differs, with 1 otherwise, as diff does.",
    )
    .action((source: string, destination: string, flags: CheckFlags) =>
      runDiff(session, source, destination, flags),
    );
  addCheckFlags(command, ["verbose"])
    .optionsGroup("What counts as different:")
    .option("--download", "Read the content of both back and compare that, and no attributes");
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync diff ~/photos/ s3://bucket/photos/", "what is not the same?"],
    ["omnisync diff --checksum a/ b/", "by content, not by time"],
    ["omnisync diff --json a/ b/ | jq -r 'select(.status==\"new\").path'", "for programs"],
  ]);
}

const MARKS: Readonly<Record<DiffEntry["status"], string>> = {
  new: "+",
  modified: "~",
  deleted: "-",
  error: "!",
};

async function runDiff(
  session: Session,
  source: string,
  destination: string,
  flags: CheckFlags,
): Promise<void> {
  await refuseContradictions(flags);
  const [{ diff }, { createFilter, parseRules }] = await Promise.all([
    import("@omnisync/sync"),
    import("../filter-rules.ts"),
  ]);
  const rules = await parseRules(session, flags);
  const ends = await openEnds(session, source, destination);
  await refuseMissingDirectory(session, ends, destination);
  const cache =
    flags.attributeCache === false
      ? undefined
      : await openAttributeCache(session, [ends.source, ends.destination]);
  const counts = { new: 0, modified: 0, deleted: 0, error: 0 };
  try {
    const found = diff(ends.source, ends.destination, {
      ...checkOptions(flags),
      filter: createFilter(rules, ends.prefix),
      attributeCache: cache,
      signal: session.signal,
    });
    for await (const entry of found) {
      session.exitCode = EXIT_DIFFERENT;
      counts[entry.status]++;
      print(session, { ...entry, path: shownPath(ends, entry.path) }, flags);
    }
    if (flags.json) session.out.json(summaryJson(counts));
  } catch (error) {
    if (flags.json) session.out.json(summaryJson(counts, error));
    throw error;
  } finally {
    cache?.close();
  }
  if (session.signal.aborted) session.exitCode = EXIT.interrupted;
}

function print(session: Session, entry: DiffEntry, flags: CheckFlags): void {
  const { path, status, type, reason, error } = entry;
  if (status === "error") session.complain(failureText(path, error));
  if (flags.quiet) return;
  if (flags.json)
    session.out.json({ path, status, type, reason, error: error && errorJson(error) });
  else if (status !== "error")
    session.out.line(`${MARKS[status]} ${printable(path)}${reason ? ` (${reason})` : ""}`);
}
