/** Options that cannot both be meant. Pure. The command line says the same of its flags, from this table. */
import { StorageError } from "@omnisync/storage";
import type { SyncOptions } from "../options.ts";

export type ContradictingOption =
  | "existing"
  | "ignoreExisting"
  | "checksum"
  | "sizeOnly"
  | "append"
  | "wholeFile"
  | "inplace"
  | "partial.directory"
  | "delayUpdates"
  | "tempDirectory"
  | "sparse"
  | "trash"
  | "backup";

export type Contradiction = readonly [
  one: ContradictingOption,
  other: ContradictingOption,
  why: string,
];

export const CONTRADICTIONS: readonly Contradiction[] = [
  ["existing", "ignoreExisting", "together they leave nothing to do"],
  ["checksum", "sizeOnly", "the content counts, or only the size"],
  ["append", "wholeFile", "only the rest of a file is sent, or all of it"],
  ["inplace", "partial.directory", "nothing is written beside"],
  ["inplace", "delayUpdates", "nothing is written beside"],
  ["append", "partial.directory", "nothing is written beside"],
  ["append", "delayUpdates", "nothing is written beside"],
  ["inplace", "tempDirectory", "nothing is written beside"],
  ["inplace", "sparse", "a hole cannot be made in what is there"],
  ["trash", "backup", "what is replaced goes to one place"],
];

/** @throws StorageError `invalid-argument` that names both, and says why they exclude each other. */
export function refuseContradictions(options: SyncOptions): void {
  for (const [one, other, why] of CONTRADICTIONS) {
    if (!isGiven(options, one) || !isGiven(options, other)) continue;
    throw new StorageError("invalid-argument", {
      message: `the options ${one} and ${other} exclude each other, because ${why}`,
    });
  }
}

function isGiven(options: SyncOptions, name: ContradictingOption): boolean {
  if (name === "partial.directory") return typeof options.partial === "object";
  return options[name] !== undefined && options[name] !== false;
}
