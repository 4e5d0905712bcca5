/** Which flags exclude each other, and which say nothing alone. */
import type { ContradictingOption } from "@omnisync/sync";
import { UsageError } from "../usage-error.ts";
import type { FlagValues } from "./flag-values.ts";

type Name = keyof FlagValues;

type Pair = readonly [one: Name, other: Name, why: string];

/** Two flags that cannot both be meant, and why. Those of the engine's options are in its own table. */
const EXCLUSIVE: readonly Pair[] = [
  ["ignoreTimes", "sizeOnly", "everything is sent again, or only what differs in size"],
  ["quiet", "verbose", "one says less, the other more"],
  ["quiet", "progress", "one says less, the other more"],
  ["quiet", "stats", "one says less, the other more"],
  ["quiet", "itemizeChanges", "one says less, the other more"],
  ["quiet", "outFormat", "one says less, the other more"],
  ["quiet", "info", "one says less, the other more"],
  ["json", "itemizeChanges", "stdout has one form"],
  ["json", "verbose", "stdout has one form"],
  ["json", "stats", "stdout has one form"],
  ["json", "outFormat", "stdout has one form"],
  ["json", "info", "stdout has one form"],
  ["removeSourceFiles", "delete", "the next run would take what this one moved for extras"],
  ["wholeFile", "deltaThreshold", "files go whole, whatever their size"],
  ["wholeFile", "deltaGenerate", "files go whole, so that no signature is of use"],
  ["wholeFile", "sidecar", "files go whole, so that no signature is kept"],
  ["skipLinks", "copyLinks", "links are left out, or followed"],
  ["skipLinks", "copyUnsafeLinks", "links are left out, or followed"],
];

/** Flags that are one option of the engine, which rsync refuses as well. */
const EXCLUSIVE_FOR_ALL: readonly Pair[] = [
  ["compareDest", "copyDest", "what is equal elsewhere has one meaning"],
  ["compareDest", "linkDest", "what is equal elsewhere has one meaning"],
  ["copyDest", "linkDest", "what is equal elsewhere has one meaning"],
  ["sidecar", "noSidecar", "signatures are kept beside their files, or not at all"],
];

/** What the engine's options are called here. */
const FLAGS: Readonly<Record<ContradictingOption, Name>> = {
  existing: "existing",
  ignoreExisting: "ignoreExisting",
  checksum: "checksum",
  sizeOnly: "sizeOnly",
  append: "append",
  wholeFile: "wholeFile",
  inplace: "inplace",
  "partial.directory": "partialDir",
  delayUpdates: "delayUpdates",
  tempDirectory: "tempDir",
  sparse: "sparse",
  trash: "trash",
  backup: "backup",
};

const NEEDED: readonly (readonly [one: Name, other: Name])[] = [
  ["maxDelete", "delete"],
  ["allowEmptySource", "delete"],
  ["ignoreErrors", "delete"],
  ["ignoreMissingArgs", "filesFrom"],
  ["deleteMissingArgs", "filesFrom"],
  ["suffix", "backup"],
  ["tpslimitBurst", "tpslimit"],
];

/** @throws UsageError naming both flags of a pair that cannot be meant together, and why. */
export async function checkCombinations(values: Partial<FlagValues>): Promise<void> {
  refusePairs(values, EXCLUSIVE);
  await checkRsyncCombinations(values);
  for (const [one, other] of NEEDED) {
    if (!given(values, one) || given(values, other)) continue;
    throw new UsageError(
      `${flagOf(one)} says nothing without ${flagOf(other)}: add it, or leave both out`,
    );
  }
}

/** What the engine and rsync refuse, and no more. @throws UsageError */
export async function checkRsyncCombinations(values: Partial<FlagValues>): Promise<void> {
  const { CONTRADICTIONS } = await import("@omnisync/sync");
  const ofEngine = CONTRADICTIONS.map(([one, other, why]): Pair => [FLAGS[one], FLAGS[other], why]);
  refusePairs(values, [...ofEngine, ...EXCLUSIVE_FOR_ALL]);
  const [one, other] = new Set(values.deleteTimings);
  if (other === undefined) return;
  throw new UsageError(
    `--delete-${one} and --delete-${other} exclude each other: extras are removed once`,
  );
}

function refusePairs(values: Partial<FlagValues>, pairs: readonly Pair[]): void {
  for (const [one, other, why] of pairs) {
    if (!given(values, one) || !given(values, other)) continue;
    throw new UsageError(
      `${flagOf(one)} and ${flagOf(other)} exclude each other, because ${why}: leave one out`,
    );
  }
}

function given(values: Partial<FlagValues>, name: Name): boolean {
  const value = values[name];
  return value !== undefined && value !== false && !(name === "verbose" && value === 0);
}

/** The long form of the flag that a value is of. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
