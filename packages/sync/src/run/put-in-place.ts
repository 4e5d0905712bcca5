/** Gives a file that was brought to a path of the run's own the path that it is for. */
import { type Driver, type Entry, type Made, StorageError } from "@omnisync/storage";
import { duplicate } from "./duplicate.ts";
import { inTurn } from "./in-turn.ts";
import { isSame } from "./old-content.ts";

export interface Staged {
  readonly driver: Driver;
  readonly from: string;
  readonly to: string;
  /** What lies at `to`, as far as was seen. */
  readonly previous: Entry | undefined;
  readonly durable: boolean;
  readonly signal: AbortSignal;
}

/** @throws StorageError `precondition-failed` if something else lies there now; the staged file stays. */
export async function putInPlace(staged: Staged): Promise<Made> {
  const { driver, to } = staged;
  if (driver.move === undefined) return copyInPlace(staged);
  return inTurn(driver, to, () => moveInPlace(staged));
}

async function moveInPlace(staged: Staged): Promise<Made> {
  const { driver, from, to, signal } = staged;
  const there = await driver.stat(to, { signal });
  // A directory of that name is in the way of nothing, or the rename fails.
  const now = there?.kind === "directory" ? undefined : there;
  const { previous } = staged;
  const isAsSeen =
    now === undefined || previous === undefined ? now === previous : isSame(previous, now);
  if (!isAsSeen) {
    throw new StorageError("precondition-failed", {
      path: to,
      message: "is not what it was when it was listed",
    });
  }
  await driver.move!(from, to, { durable: staged.durable, signal });
  return (await driver.stat(to, { signal }))!;
}

/** Where nothing can be renamed, the store copies, under the condition of a write. */
async function copyInPlace({ driver, from, to, previous, durable, signal }: Staged): Promise<Made> {
  const entry = await driver.stat(from, { signal });
  if (entry === undefined) throw new StorageError("not-found", { path: from });
  const { create, replace } = driver.capabilities.conditions;
  const ifNoneMatch = previous === undefined && create ? ("*" as const) : undefined;
  const ifMatch = replace ? previous?.etag : undefined;
  const { storageClass } = entry;
  const options = { durable, signal, storageClass, ifMatch, ifNoneMatch };
  const paths = { from: driver, fromPath: from, to: driver, toPath: to };
  const made = await duplicate({ ...paths, entry, mayLink: false, options });
  await driver.remove(from, { signal });
  return made;
}
