import { formatSize, printable } from "@omnisync/storage";
import type {
  Copy,
  DuplicateEvent,
  DuplicateSet,
  Duplicates,
  KeepPolicy,
  SettleReport,
} from "@omnisync/sync";
import type { Command } from "commander";
import { confirm } from "../confirm.ts";
import { addDriverFlags } from "../driver-flags.ts";
import { EXIT } from "../exit-codes.ts";
import { choice } from "../flag-values.ts";
import { examples } from "../help-examples.ts";
import { isoTime } from "../output/entry-text.ts";
import { errorJson, failureText } from "../output/error-text.ts";
import { plural } from "../output/plural.ts";
import {
  type SelectionFlags,
  addSelectionFlags,
  openPlace,
  selectionFilter,
} from "../selection-flags.ts";
import type { Session } from "../session.ts";
import { UsageError } from "../usage-error.ts";
import { watch } from "../watch.ts";

interface DedupeFlags extends SelectionFlags {
  readonly delete?: boolean;
  readonly link?: boolean;
  readonly keep?: KeepPolicy;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** As in `KEEP_POLICIES`, which is not loaded to parse a command line; a test compares the two. */
export const POLICIES: readonly KeepPolicy[] = [
  "first",
  "newest",
  "oldest",
  "shortest-path",
  "longest-path",
];

export function addDedupeCommand(program: Command, session: Session): void {
  const command = program
    .command("dedupe <location>")
    .summary("find files of equal content")
    .description(
      "Finds files of equal content and says how much space they waste; empty files are left alone. With --delete or --link it keeps one copy of each, after it has shown what it found and asked. A file goes only if it and the kept copy were read, are equal, and did not change since; hard links of the kept copy are named and stay. With --link a copy gets the time of the kept one; it stays, and is named, if it has another mode, owner, group, access list or other extended attributes. Only one such run goes on at a location, a second one says who is at it; do not start one at a directory above or below.",
    )
    .action((location: string, flags: DedupeFlags) => dedupe(session, location, flags));
  command
    .optionsGroup("What to do:")
    .option("--delete", "Remove every copy but the one to keep")
    .option("--link", "Make every copy a hard link of the one to keep (local disks)")
    .option(
      "--keep <which>",
      `With --delete or --link: which copy stays: ${POLICIES.join(", ")} (default: first, by path)`,
      choice("--keep", POLICIES),
    )
    .option("-y, --yes", "Do not ask")
    .option("-n, --dry-run", "Say what would be done, change nothing");
  addSelectionFlags(command);
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync dedupe ~/photos", "what lies there more than once?"],
    ["omnisync dedupe --delete --keep oldest -n ~/photos", "what would be removed"],
    [
      "omnisync dedupe --delete --keep shortest-path s3://bucket/photos",
      "remove, after a question",
    ],
    ["omnisync dedupe --link --yes /srv/backups", "one file on the disk, all names"],
  ]);
}

async function dedupe(session: Session, location: string, flags: DedupeFlags): Promise<void> {
  const action = actionOf(flags);
  if (action !== undefined && !flags.yes && !flags.dryRun && session.io.ask === undefined) {
    throw new UsageError(
      `--${action}: there is no terminal to ask at: give --yes to do it, -n to see what would be done`,
    );
  }
  const filter = await selectionFilter(session, flags);
  const { startFindDuplicates } = await import("@omnisync/sync");
  const { place } = await openPlace(session, location);
  const search = startFindDuplicates(place, {
    filter,
    jobs: flags.jobs,
    signal: session.signal,
    onFailure: ({ path, error }) => {
      session.complain(failureText(path, error));
      if (flags.json && !flags.quiet)
        session.out.json({ kind: "error", path, error: errorJson(error) });
    },
  });
  const found = await watch(session, search, flags);
  try {
    if (found.failed > 0) session.exitCode = EXIT.someFailed;
    if (!flags.quiet) report(session, found, flags);
    const done =
      action !== undefined && (await isWanted(session, found, action, flags))
        ? await settle(session, found, action, flags)
        : undefined;
    if (flags.json) session.out.json(summaryJson(found, done));
  } finally {
    found.close();
  }
}

function actionOf(flags: DedupeFlags): "delete" | "link" | undefined {
  if (flags.delete && flags.link)
    throw new UsageError("--delete and --link exclude each other: leave one out");
  const action = flags.delete ? "delete" : flags.link ? "link" : undefined;
  if (action !== undefined) return action;
  for (const [name, flag] of [
    ["keep", "--keep"],
    ["yes", "--yes"],
    ["dryRun", "--dry-run"],
  ] as const) {
    if (flags[name] === undefined) continue;
    throw new UsageError(
      `${flag} says nothing without --delete or --link: add one, or leave it out`,
    );
  }
  return undefined;
}

/** Whether there is something to do, and the user wants it. */
async function isWanted(
  session: Session,
  found: Duplicates,
  action: "delete" | "link",
  flags: DedupeFlags,
): Promise<boolean> {
  if (found.reclaimable === 0) return false;
  if (flags.yes || flags.dryRun) return true;
  const what = action === "delete" ? "remove" : "link";
  const files = plural(found.duplicates, "duplicate");
  const answer = await confirm(session, `${what} ${files} (${formatSize(found.reclaimable)})?`);
  if (!answer) session.note("nothing was changed");
  return answer;
}

/** What was found. In a dry run the lines of what would be done say it; JSON has both. */
function report(session: Session, found: Duplicates, flags: DedupeFlags): void {
  if (flags.dryRun && !flags.json) return;
  for (const set of found.list(flags.keep)) {
    if (flags.json) session.out.json(setJson(set));
    else for (const line of setLines(set)) session.out.line(line);
  }
  if (!flags.json) session.note(summaryLine(found));
}

/** One line for a content, then one for each of its files. */
function* setLines(set: DuplicateSet): Iterable<string> {
  const { size: bytes, count, reclaimable, keep, duplicates } = set;
  yield `${count} × ${formatSize(bytes)}, ${formatSize(reclaimable)} reclaimable`;
  yield `  keep  ${printable(keep.path)}`;
  for (const copy of duplicates)
    yield `  ${isLinkOf(copy, keep) ? "link" : "copy"}  ${printable(copy.path)}`;
}

function isLinkOf(copy: Copy, keep: Copy): boolean {
  return copy.inode !== undefined && copy.inode === keep.inode;
}

function setJson({
  size: bytes,
  hash,
  count,
  reclaimable,
  keep,
  duplicates,
}: DuplicateSet): object {
  const copy = (of: Copy): object => ({ path: of.path, mtime: isoTime(of.mtime) });
  return {
    kind: "set",
    size: bytes,
    blake3: hash,
    count,
    reclaimable,
    keep: copy(keep),
    duplicates: [...duplicates].map((of) => ({
      ...copy(of),
      hardLink: isLinkOf(of, keep) ? true : undefined,
    })),
  };
}

function summaryJson(found: Duplicates, done: SettleReport | undefined): object {
  const { files, sets, duplicates, reclaimable, failed: unreadable } = found;
  const failed = unreadable + (done?.failed ?? 0);
  return { kind: "summary", files, sets, duplicates, reclaimable, unreadable, ...done, failed };
}

function summaryLine(found: Duplicates): string {
  const { files, sets, duplicates, reclaimable, failed } = found;
  const parts = [
    `${plural(duplicates, "duplicate")} of ${plural(sets, "content")}`,
    `${formatSize(reclaimable)} reclaimable`,
    `${plural(files, "file")} looked at`,
    ...(failed === 0 ? [] : [`${failed} could not be read`]),
  ];
  return parts.join(", ");
}

async function settle(
  session: Session,
  found: Duplicates,
  action: "delete" | "link",
  flags: DedupeFlags,
): Promise<SettleReport> {
  const options = {
    keep: flags.keep,
    dryRun: flags.dryRun,
    signal: session.signal,
    onEvent: (event: DuplicateEvent) => printEvent(session, event, flags),
  };
  const done = await (action === "delete" ? found.remove(options) : found.link(options));
  if (!flags.json && !flags.quiet) session.note(doneLine(action, done));
  if (done.differing + done.changed + done.failed > 0) session.exitCode = EXIT.someFailed;
  return done;
}

function printEvent(session: Session, event: DuplicateEvent, flags: DedupeFlags): void {
  const { kind, path, kept, size: bytes, error } = event;
  if (kind === "failed" || kind === "changed" || kind === "differs")
    session.complain(`${failureText(path, error)}: it stays`);
  if (flags.json) {
    if (!flags.quiet)
      session.out.json({ kind, path, kept, size: bytes, error: error && errorJson(error) });
  } else if (flags.dryRun || (flags.verbose ?? 0) > 0) {
    if (kind === "removed" || kind === "linked") {
      const word = flags.dryRun ? (kind === "removed" ? "would remove" : "would link") : kind;
      session.out.line(`${word} ${printable(path)} (equal to ${printable(kept)})`);
    }
  }
}

function doneLine(action: "delete" | "link", done: SettleReport): string {
  const { removed, linked, hardLinks, differing, changed, failed, bytes, dryRun } = done;
  const [would, did] = action === "link" ? ["would link", "linked"] : ["would remove", "removed"];
  const verb = dryRun ? would : did;
  const parts = [
    `${verb} ${plural(removed + linked, "file")} (${formatSize(bytes)})`,
    ...(hardLinks === 0 ? [] : [`${hardLinks} hard links left`]),
    ...(differing === 0 ? [] : [`${differing} left for their attributes`]),
    ...(changed === 0 ? [] : [`${changed} changed meanwhile`]),
    ...(failed === 0 ? [] : [`${failed} failed`]),
  ];
  return parts.join(", ");
}
