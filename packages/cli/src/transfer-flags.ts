/** The flags of `sync`, `copy`, `move` and `check`, and which of them exclude each other. */
import { type Command, Option } from "commander";
import { durationOrSeconds, rate, wholeNumber } from "./flag-values.ts";
import type { RuleFlag } from "./filter-rules.ts";
import { UsageError } from "./usage-error.ts";

/** What `check` shares with the transfers. */
export interface CompareFlags {
  readonly checksum?: boolean;
  readonly sizeOnly?: boolean;
  readonly modifyWindow?: number;
  readonly perms: boolean;
  readonly skipLinks?: boolean;
  readonly rules: readonly RuleFlag[];
  readonly jobs?: number;
  readonly attributeCache: boolean;
  readonly quiet?: boolean;
  readonly verbose?: number;
  readonly json?: boolean;
}

export interface TransferFlags extends CompareFlags {
  readonly delete?: boolean;
  readonly maxDelete?: number;
  readonly allowEmptySource?: boolean;
  readonly dryRun?: boolean;
  readonly update?: boolean;
  readonly existing?: boolean;
  readonly ignoreExisting?: boolean;
  readonly bwlimit?: number;
  readonly dirMarkers: boolean;
  readonly fsync?: boolean;
  readonly progress?: boolean;
  readonly stats?: boolean;
  readonly itemizeChanges?: boolean;
}

const MAX_JOBS = 1024;

export function addTransferFlags(command: Command): Command {
  command
    .optionsGroup("What to do:")
    .option("-n, --dry-run", "Say what would be done, change nothing")
    .option("-u, --update", "Leave files alone that are newer at the destination")
    .option("--existing", "Never create, only replace")
    .option("--ignore-existing", "Never replace, only create");
  addCompareFlags(command);
  command
    .optionsGroup("How to do it:")
    .option(
      "--bwlimit <rate>",
      "Bytes per second over all transfers: 512B, 100K, 5M; a plain number counts KiB",
      rate("--bwlimit"),
    )
    .option("--no-dir-markers", "Do not keep empty directories on stores without directories")
    .option("--fsync", "Wait for stable storage after each file");
  addJobsFlags(command);
  addOutputFlags(command);
  return command
    .option("-i, --itemize-changes", "One line per change on stdout, in rsync's 11-character form")
    .option("--progress", "Show progress, as plain lines where stderr is not a terminal")
    .option("--no-progress", "Never show progress")
    .option("--stats", "Print all counts at the end");
}

export function addDeleteFlags(command: Command): Command {
  return command
    .optionsGroup("What to do:")
    .option("--delete", "Remove from the destination what the source does not have")
    .option(
      "--max-delete <n>",
      "With --delete: remove nothing at all if it would be more than this",
      wholeNumber("--max-delete", 0, Number.MAX_SAFE_INTEGER),
    )
    .option("--allow-empty-source", "With --delete: let an empty source empty the destination");
}

/** `--delete` on a command that never deletes: refused with the command that does. */
export function addRefusedDeleteFlags(command: Command, advice: string): Command {
  for (const flag of ["--delete", "--max-delete [n]"]) {
    const option = new Option(flag).hideHelp().preset("0");
    command.addOption(
      option.argParser(() => {
        throw new UsageError(`${option.long}: ${advice}`);
      }),
    );
  }
  return command;
}

export function addCheckFlags(command: Command): Command {
  addCompareFlags(command);
  command
    .optionsGroup("What to do:")
    .option("--one-way", "Do not count what only the destination has");
  command.optionsGroup("How to do it:");
  addJobsFlags(command);
  return addOutputFlags(command);
}

function addCompareFlags(command: Command): void {
  const rules: RuleFlag[] = [];
  // One list for both flags: their order among each other is what rsync's meaning hangs on.
  const collect = (include: boolean) => (pattern: string) => void rules.push({ include, pattern });
  command.setOptionValue("rules", rules);
  command
    .optionsGroup("What counts as different:")
    .option("-c, --checksum", "Compare content by hash instead of size and time")
    .option("--size-only", "Files of equal size are equal")
    .option(
      "--modify-window <duration>",
      "Times that differ by no more are equal: 2s, 500ms; a plain number counts seconds",
      durationOrSeconds("--modify-window"),
    )
    .option("--no-perms", "Neither keep nor compare permission bits")
    .optionsGroup("What takes part:")
    .option(
      "--include <pattern>",
      "Take what matches; the first rule that matches decides",
      collect(true),
    )
    .option(
      "--exclude <pattern>",
      "Leave out what matches, directories with all that is in them",
      collect(false),
    )
    .option("--skip-links", "Leave links out, and count them");
}

function addJobsFlags(command: Command): void {
  command
    .option(
      "-j, --jobs <n>",
      "Files in work at once (default: what both stores like)",
      wholeNumber("--jobs", 1, MAX_JOBS),
    )
    .option("--no-attribute-cache", "Do not remember attributes of remote objects between runs");
}

function addOutputFlags(command: Command): Command {
  return command
    .optionsGroup("What to print:")
    .option("-q, --quiet", "Only errors; with --json only the summary")
    .option(
      "-v, --verbose",
      "One line per change, twice: per path",
      (_, count: number) => count + 1,
      0,
    )
    .option("--json", 'One JSON line per path on stdout, then one of kind "summary"');
}

const EXCLUSIVE: readonly (readonly [keyof TransferFlags, keyof TransferFlags])[] = [
  ["existing", "ignoreExisting"],
  ["checksum", "sizeOnly"],
  ["quiet", "verbose"],
  ["quiet", "progress"],
  ["quiet", "stats"],
  ["quiet", "itemizeChanges"],
  ["json", "itemizeChanges"],
  ["json", "verbose"],
  ["json", "stats"],
];

const NEEDED: readonly (readonly [keyof TransferFlags, keyof TransferFlags])[] = [
  ["maxDelete", "delete"],
  ["allowEmptySource", "delete"],
];

/** @throws UsageError naming both flags of a pair that cannot be meant together. */
export function checkCombinations(flags: Partial<TransferFlags>): void {
  const given = (name: keyof TransferFlags): boolean => {
    const value = flags[name];
    return value !== undefined && value !== false && !(name === "verbose" && value === 0);
  };
  for (const [one, other] of EXCLUSIVE) {
    if (!given(one) || !given(other)) continue;
    throw new UsageError(`${flagOf(one)} and ${flagOf(other)} exclude each other: leave one out`);
  }
  for (const [one, other] of NEEDED) {
    if (!given(one) || given(other)) continue;
    throw new UsageError(
      `${flagOf(one)} says nothing without ${flagOf(other)}: add it, or leave both out`,
    );
  }
}

function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
}
