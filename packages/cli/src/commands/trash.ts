import { formatSize, printable } from "@omnisync/storage";
import type { Place, TrashEvent, TrashOptions, TrashReport } from "@omnisync/sync";
import { type Command, Argument } from "commander";
import { confirm } from "../confirm.ts";
import { addDriverFlags } from "../driver-flags.ts";
import { EXIT } from "../exit-codes.ts";
import { age } from "../flag-values.ts";
import { examples } from "../help-examples.ts";
import { isoTime } from "../output/entry-text.ts";
import { errorJson, failureText } from "../output/error-text.ts";
import { plural } from "../output/plural.ts";
import { openPlace } from "../selection-flags.ts";
import type { Session } from "../session.ts";
import { UsageError } from "../usage-error.ts";

type Action = "list" | "restore" | "empty";

interface TrashFlags {
  readonly run?: string;
  readonly overwrite?: boolean;
  readonly olderThan?: number;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly json?: boolean;
}

interface Request {
  readonly action: Action;
  readonly location: string;
  readonly paths: readonly string[];
  readonly flags: TrashFlags;
}

/** Which actions a flag says something to. */
const FLAG_ACTIONS: readonly (readonly [keyof TrashFlags, string, readonly Action[]])[] = [
  ["run", "--run", ["restore"]],
  ["overwrite", "--overwrite", ["restore"]],
  ["olderThan", "--older-than", ["empty"]],
  ["yes", "--yes", ["empty"]],
  ["dryRun", "--dry-run", ["restore", "empty"]],
  ["quiet", "--quiet", ["restore", "empty"]],
  ["verbose", "--verbose", ["restore", "empty"]],
];

export function addTrashCommand(program: Command, session: Session): void {
  const command = program
    .command("trash")
    .addArgument(
      new Argument("<action>", "what to do").choices(["list", "restore", "empty"] as const),
    )
    .argument("<location>", "the directory that was synced to")
    .argument("[paths...]", "restore: only these, and what is below them (default: all)")
    .summary("what runs with --trash replaced or removed")
    .description(
      "A run with --trash keeps what it replaces or removes in a folder of its own under .omnisync/trash of the destination. list shows it; restore puts files of one run back where they were, with their times, but never over something newer unless told; empty removes it for good, after a question.",
    )
    .action((action: Action, location: string, paths: readonly string[], flags: TrashFlags) =>
      trash(session, { action, location, paths, flags }),
    );
  command
    .optionsGroup("What to do:")
    .option("--run <name>", "restore: the files of this run, as list names it (default: the last)")
    .option("--overwrite", "restore: over newer files too; those go to the trash")
    .option("--older-than <age>", "empty: only runs that are older: 12h, 30d", age("--older-than"))
    .option("-y, --yes", "empty: do not ask")
    .option("-n, --dry-run", "Say what would be done, change nothing")
    .optionsGroup("What to print:")
    .option("-q, --quiet", "Only errors; with --json only the summary")
    .option("-v, --verbose", "One line per path")
    .option("--json", 'One JSON line per path, then one of kind "summary"');
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync sync --delete --trash site/ s3://bucket/site", "what goes, is kept"],
    ["omnisync trash list s3://bucket/site", "what is kept there?"],
    ["omnisync trash restore s3://bucket/site img/logo.png", "a file of the last run is back"],
    ["omnisync trash empty s3://bucket/site --older-than 30d --yes", "from a timer"],
  ]);
}

async function trash(session: Session, request: Request): Promise<void> {
  checkRequest(session, request);
  const { place } = await openPlace(session, request.location);
  switch (request.action) {
    case "list":
      return list(session, place, request.flags);
    case "restore":
      return restore(session, place, request);
    case "empty":
      return empty(session, place, request);
  }
}

function checkRequest(session: Session, { action, paths, flags }: Request): void {
  for (const [name, flag, actions] of FLAG_ACTIONS) {
    if (flags[name] === undefined || actions.includes(action)) continue;
    throw new UsageError(`${flag} says nothing to trash ${action}: leave it out`);
  }
  if (paths.length > 0 && action !== "restore")
    throw new UsageError(`trash ${action} takes no paths: leave them out`);
  if (action === "empty" && !flags.yes && !flags.dryRun && session.io.ask === undefined) {
    throw new UsageError(
      "trash empty: there is no terminal to ask at: give --yes to do it, -n to see what would go",
    );
  }
}

async function list(session: Session, place: Place, flags: TrashFlags): Promise<void> {
  const { listTrash } = await import("@omnisync/sync");
  const { signal } = session;
  const sum = { files: 0, bytes: 0 };
  let run: string | undefined;
  for await (const { run: of, path, entry } of listTrash(place, { signal })) {
    sum.files++;
    sum.bytes += entry.size;
    if (flags.json) {
      const time = isoTime(of.time);
      session.out.json({ kind: "trashed", run: of.name, time, path, size: entry.size });
      continue;
    }
    if (of.name !== run) session.out.line(of.name);
    run = of.name;
    session.out.line(`  ${formatSize(entry.size).padStart(10)}  ${printable(path)}`);
  }
  if (flags.json) session.out.json({ kind: "summary", ...sum });
  else session.note(`${plural(sum.files, "file")} (${formatSize(sum.bytes)}) in the trash`);
}

async function restore(session: Session, place: Place, request: Request): Promise<void> {
  const { flags, paths } = request;
  const { restoreTrash } = await import("@omnisync/sync");
  const { run, overwrite } = flags;
  const wanted = paths.map((path) => path.replace(/\/+$/, ""));
  const report = await restoreTrash(place, {
    ...eventOptions(session, flags),
    run,
    overwrite,
    paths: wanted.length === 0 ? undefined : wanted,
  });
  tell(session, report, flags);
  if (report.newer > 0) session.exitCode = EXIT.conflict;
  if (report.failed > 0) session.exitCode = EXIT.someFailed;
}

async function empty(session: Session, place: Place, { flags }: Request): Promise<void> {
  const { emptyTrash } = await import("@omnisync/sync");
  const before = flags.olderThan === undefined ? undefined : Date.now() - flags.olderThan;
  const { signal } = session;
  if (!flags.yes && !flags.dryRun) {
    const found = await emptyTrash(place, { before, dryRun: true, signal });
    const what = `${plural(found.removed, "file")} (${formatSize(found.bytes)})`;
    if (found.removed === 0) return session.note("nothing of that in the trash");
    if (!(await confirm(session, `remove ${what} for good?`)))
      return session.note("nothing was removed");
  }
  const report = await emptyTrash(place, { ...eventOptions(session, flags), before });
  tell(session, report, flags);
  if (report.failed > 0) session.exitCode = EXIT.someFailed;
}

function eventOptions(session: Session, flags: TrashFlags): TrashOptions {
  const { dryRun } = flags;
  const onEvent = (event: TrashEvent): void => printEvent(session, event, flags);
  return { dryRun, signal: session.signal, onEvent };
}

function printEvent(session: Session, event: TrashEvent, flags: TrashFlags): void {
  const { kind, run, path, size, error } = event;
  if (error !== undefined) session.complain(`${failureText(path, error)}: it stays in the trash`);
  if (kind === "newer") {
    const advice = "what lies there now is newer: give --overwrite to put the old one back";
    session.complain(`${printable(path)}: ${advice}`);
  }
  if (flags.json) {
    if (!flags.quiet)
      session.out.json({ kind, run: run.name, path, size, error: error && errorJson(error) });
  } else if ((flags.verbose || flags.dryRun) && (kind === "restored" || kind === "removed")) {
    const word = kind === "restored" ? "restore" : "remove";
    session.out.line(`${flags.dryRun ? `would ${word}` : kind} ${printable(path)}`);
  }
}

function tell(session: Session, report: TrashReport, flags: TrashFlags): void {
  if (flags.json) return session.out.json({ kind: "summary", ...report });
  if (flags.quiet) return;
  const { restored, newer, removed, failed, bytes } = report;
  const parts = [
    ...(restored === 0 ? [] : [`${plural(restored, "file")} restored`]),
    ...(removed === 0 ? [] : [`${plural(removed, "file")} removed`]),
    ...(newer === 0 ? [] : [`${newer} left, what lies there is newer`]),
    ...(failed === 0 ? [] : [`${failed} failed`]),
  ];
  const said = parts.length === 0 ? "nothing to do" : parts.join(", ");
  session.note(`${flags.dryRun ? "would be: " : ""}${said} (${formatSize(bytes)})`);
}
