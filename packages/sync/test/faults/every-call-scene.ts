/** Two trees, what may go wrong with a call, and poorer destinations: for tests that let every call fail. */
import { type Driver, type MemoryDriver, StorageError } from "@omnisync/storage";
import { type Fault, disable } from "@omnisync/storage/layers";
import { T0, storeWith } from "../stores.ts";

export const OLD: Readonly<Record<string, string>> = {
  same: "same",
  changed: "old content",
  "dir/changed": "old",
  extra: "extra",
  "gone/x": "extra",
};
export const NEW: Readonly<Record<string, string>> = {
  same: "same",
  changed: "new",
  // Has a marker for its mode.
  "dir/": "",
  "dir/changed": "newer",
  "dir/new": "n",
  "empty/": "",
  z: "zzz",
};

/** A store that holds `NEW`. */
export async function newSource(): Promise<MemoryDriver> {
  const source = await storeWith(NEW, { mtime: T0 + 60_000 });
  await source.mkdir("dir", { mode: 0o700 });
  return source;
}

const DOWN = new StorageError("unavailable", { message: "down" });
export const FAULTS: Readonly<Record<string, Fault>> = {
  "nothing is done": { kind: "fail-before", error: DOWN },
  "the answer is lost": { kind: "fail-after", error: DOWN },
  "somebody was faster": { kind: "fail-before", error: new StorageError("precondition-failed") },
};

/** Ways of getting content over, by what the destination is not able to do. */
export const WAYS: Readonly<Record<string, (driver: Driver) => Driver>> = {
  whole: (driver) => disable(driver, "copy"),
  "without conditions": (driver) => disable(driver, "copy", "conditions"),
  "with attributes asked for": (driver) => disable(driver, "copy", "completeList"),
};
