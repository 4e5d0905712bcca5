import { type Entry, formatSize, printable } from "@omnisync/storage";
import type { Decision, Explanation, Outcome, Reason, SideExplanation } from "@omnisync/sync";
import type { Command } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { examples } from "../help-examples.ts";
import { isoTime } from "../output/entry-text.ts";
import type { Ends } from "../places.ts";
import type { Session } from "../session.ts";
import { type TransferFlags, addDeleteFlags, addTransferFlags } from "../transfer-flags.ts";
import { prepareTransfer } from "../transfer.ts";
import { UsageError } from "../usage-error.ts";

interface Asked {
  readonly path: string;
  readonly source: string;
  readonly destination: string;
}

export function addExplainCommand(program: Command, session: Session): void {
  const command = program
    .command("explain <path> <source> <destination>")
    .summary("why would a path be copied, skipped, removed or kept?")
    .description(
      "Says what sync with the same flags would do about one path, and why: which rule decided on either side and where it was written, and what the comparison found. Changes nothing. The path is relative to the source.",
    )
    .action((path: string, source: string, destination: string, flags: TransferFlags) =>
      explainPath(session, { path, source, destination }, flags),
    );
  addDeleteFlags(command);
  addTransferFlags(command);
  addDriverFlags(command, session);
  examples(command, [
    [
      "omnisync explain src/a.o --exclude '*.o' ./ s3://bucket/",
      "it is left out, and by which rule",
    ],
    ["omnisync explain --delete old.txt a/ b/", "would it be removed?"],
    ["omnisync explain --ignore-file .gitignore dist/x.js ./ /backup/", "which file and line?"],
  ]);
}

async function explainPath(session: Session, asked: Asked, flags: TransferFlags): Promise<void> {
  const { source, destination } = asked;
  if (flags.oneFileSystem) {
    throw new UsageError(
      "--one-file-system: explain looks at a path alone, not at the file system that it is in: leave it out",
    );
  }
  const { ends, options } = await prepareTransfer(session, {
    kind: "sync",
    source,
    destination,
    flags,
  });
  const path = pathInSource(asked.path, ends);
  const { explain } = await import("@omnisync/sync");
  const { signal } = session;
  const explanation = await explain(path, ends.source, ends.destination, { ...options, signal });
  if (flags.pruneEmptyDirs) refuseDirectory(explanation);
  if (flags.json) session.out.json(explanationJson(explanation));
  else for (const line of explanationLines(explanation)) session.out.line(line);
}

/** Whether it is one without files is not looked at. */
function refuseDirectory({ path, source }: Explanation): void {
  if (!source.included || source.entry?.kind !== "directory") return;
  throw new UsageError(
    `--prune-empty-dirs: whether the directory ${printable(path)} takes part depends on all that is in it: name a file in it, or leave the flag out`,
  );
}

/** The path as the engine has it; what a run prints before it, the directory's own name, may stand there. */
function pathInSource(path: string, { prefix }: Ends): string {
  const clean = path.replace(/^(?:\.?\/)+|\/+$/g, "");
  const inside = prefix !== "" && clean.startsWith(prefix) ? clean.slice(prefix.length) : clean;
  if (inside === "" || inside === ".") {
    throw new UsageError(`"${path}": name a path inside the source`);
  }
  return inside;
}

function explanationLines(explanation: Explanation): readonly string[] {
  const { path, source, destination, outcome } = explanation;
  return [
    printable(path),
    `  source       ${entryText(source.entry)}; ${verdictText(source, "takes part", "left out")}`,
    `  destination  ${entryText(destination.entry)}; ${verdictText(destination, "not protected", "protected")}`,
    `  outcome      ${outcome}: ${outcomeText(explanation)}`,
  ];
}

function entryText(entry: Entry | undefined): string {
  if (entry === undefined) return "not there";
  const { kind, size, mtime } = entry;
  const parts = kind === "file" ? [kind, formatSize(size), isoTime(mtime)] : [kind];
  return parts.filter((part) => part !== undefined).join(", ");
}

function verdictText({ included, decision }: SideExplanation, yes: string, no: string): string {
  const verdict = included ? yes : no;
  return decision === undefined
    ? `${verdict} (no rule matches)`
    : `${verdict} by ${ruleText(decision)}`;
}

function ruleText({ rule, path }: Decision): string {
  const { name, line } = rule.origin;
  const where = line === undefined ? name : `${name}:${line}`;
  return `"${printable(rule.text)}" (${printable(where)}), which matches ${printable(path === "" ? "the source itself" : path)}`;
}

const OUTCOMES: Readonly<Record<Outcome, string>> = {
  copy: "would be transferred",
  link: "would be written as a link",
  mkdir: "the directory would be created",
  attributes: "only its attributes would be set",
  unchanged: "nothing to do",
  skip: "would be left alone",
  ignored: "is not a kind of file that is transferred",
  remove: "would be removed from the destination",
  keep: "only the destination has it, and --delete was not given",
  protected: "only the destination has it, and it stays",
  "left-out": "only the source has it, and it does not take part",
  nothing: "it is on neither side",
  "not-listed": "the list of --files-from does not have it",
  fail: "would fail",
};

const REASONS: Readonly<Partial<Record<Reason, string>>> = {
  new: "the destination does not have it",
  size: "the sizes differ",
  mtime: "the times differ",
  checksum: "the contents differ",
  type: "the destination has something of another kind there",
  mode: "the permissions differ",
  target: "the links point to different places",
  "newer-at-destination": "the destination's is newer (--update)",
  exists: "the destination has it (--ignore-existing)",
  "not-existing": "the destination does not have it (--existing)",
  limits: "its size or age is out of the limits",
};

function outcomeText({ outcome, reason, message }: Explanation): string {
  const why = message ?? (reason && (REASONS[reason] ?? reason));
  return why === undefined ? OUTCOMES[outcome] : `${OUTCOMES[outcome]}: ${why}`;
}

function explanationJson(explanation: Explanation): object {
  const side = ({ entry, included, decision }: SideExplanation): object => ({
    entry: entry && { kind: entry.kind, size: entry.size, mtime: isoTime(entry.mtime) },
    included,
    rule: decision && {
      text: decision.rule.text,
      include: decision.rule.include,
      ...decision.rule.origin,
      path: decision.path,
    },
  });
  const { path, source, destination, outcome, reason, message } = explanation;
  return { path, outcome, reason, message, source: side(source), destination: side(destination) };
}
