/** Flags of the transfers that a plan has no use for: refused, or who gives them would take them for planned. */
import type { Command } from "commander";
import { UsageError } from "../usage-error.ts";
import { flagOf } from "./combinations.ts";
import type { FlagValues } from "./flag-values.ts";

type Name = keyof FlagValues;

/** What `apply` takes, of how it is done. */
const OF_APPLY: readonly Name[] = [
  "bwlimit",
  "wholeFile",
  "deltaThreshold",
  "blockSize",
  "sidecar",
  "noSidecar",
  "deltaGenerate",
  "resume",
  "hookBefore",
  "hookAfter",
  "hookTimeout",
  "maxTransfer",
  "maxDuration",
  "maxErrors",
  "progress",
  "stats",
];

/** What would change the actions in a way that no plan can write down. */
const OF_RUNS: readonly Name[] = [
  "hardLinks",
  "copyLinks",
  "copyUnsafeLinks",
  "copyDirlinks",
  "keepDirlinks",
  "compareDest",
  "copyDest",
  "linkDest",
  "fuzzy",
];

/** What says nothing about a plan, nor to `apply`. */
const OF_NOBODY: readonly Name[] = [
  "order",
  "priority",
  "failOnConflict",
  "logFile",
  "logFileFormat",
  "info",
  "debug",
];

/** Those that are not set to false by default: their `--no-` form says something. */
const TRUE_BY_DEFAULT: readonly Name[] = ["wholeFile", "resume"];

const HIDDEN: ReadonlySet<string> = new Set([
  ...[...OF_APPLY, ...OF_RUNS, ...OF_NOBODY].map(flagOf),
  "--no-whole-file",
  "--no-resume",
  "--no-progress",
  "--stop-after",
  "--stop-at",
  "--delete-before",
  "--delete-during",
]);

/** Leaves them out of the help of a command that refuses them. */
export function hideNotInPlans(command: Command): void {
  for (const option of command.options) if (HIDDEN.has(option.long ?? "")) option.hideHelp();
}

/** @throws UsageError that names the flag, and says where it belongs. */
export function refuseNotInPlans(values: Readonly<FlagValues>): void {
  const [unplannable] = [...OF_RUNS.filter(isGiven(values)).map(shown(values)), ...timing(values)];
  if (unplannable !== undefined) {
    throw new UsageError(
      `${unplannable} cannot be planned: leave it out, or run omnisync sync with it`,
    );
  }
  const [ofApply] = OF_APPLY.filter(isGiven(values)).map(shown(values));
  if (ofApply !== undefined) {
    throw new UsageError(`${ofApply} does not go into a plan: give it to omnisync apply`);
  }
  const [useless] = OF_NOBODY.filter(isGiven(values)).map(shown(values));
  if (useless !== undefined)
    throw new UsageError(`${useless} says nothing about a plan: leave it out`);
}

/** Removals come after all else in a plan. */
function timing({ deleteTimings }: Readonly<FlagValues>): readonly string[] {
  const when = deleteTimings?.at(-1);
  return when === "before" || when === "during" ? [`--delete-${when}`] : [];
}

function isGiven(values: Readonly<FlagValues>): (name: Name) => boolean {
  return (name) =>
    values[name] !== undefined && (values[name] !== false || TRUE_BY_DEFAULT.includes(name));
}

/** As it may have been written. */
function shown(values: Readonly<FlagValues>): (name: Name) => string {
  return (name) => {
    if (name === "maxDuration") return "--max-duration (--stop-after, --stop-at)";
    return values[name] === false ? flagOf(name).replace("--", "--no-") : flagOf(name);
  };
}
