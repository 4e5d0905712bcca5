/**
 * Keeps runs apart that must not go on at the same time at one place, on this machine or any other:
 *
 *     .omnisync/locks/dedupe-4be0c2f10f3a91c200a3f15e-019a9f2c41d7-8c7dd922
 *                            └ process                └ since      └ chance
 *
 * A run writes a file that has its name alone, then looks for others, and goes on only if there are none: of
 * two that begin at the same time each sees the other, and at most one goes on. It takes nothing of the store but
 * that a listing tells what was written before. Taking a dead run's lock away is removing a file that nobody
 * will ever make again, so two may do it.
 *
 * Whether a process of another machine lives cannot be told: its lock counts as long as it is renewed.
 */
import {
  type Driver,
  type Entry,
  OWNER_LENGTH,
  RESERVED_NAME,
  StorageError,
  baseName,
  collectBody,
  isStorageError,
  joinPath,
  ownerMark,
  ownerState,
  parentPath,
} from "@omnisync/storage";
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Place } from "./options.ts";
import { pagesBelow, removeEmpty } from "./run/clear-folder.ts";

/** How often a lock is written again, milliseconds. */
const RENEWAL = 60_000;
/** After so long without it the run gives itself up: it may have been asleep. */
const HELD_FOR = 30 * 60_000;
/** After so long others take it for dead; the difference is for clocks that do not agree. */
const DEAD_AFTER = 60 * 60_000;
const TIME_LENGTH = 12;
/** Who it is takes one line. */
const MOST_BYTES = 4096;

export interface RunLock {
  /** @throws StorageError `changed` if it was taken away, or not renewed for so long that others may have begun. */
  check(): void;
  /** Lets others begin. */
  release(): Promise<void>;
}

/**
 * Takes the lock of this name at a place.
 * @throws StorageError `precondition-failed` that tells who has it; what the store answers if it cannot be written.
 */
export async function lockRun(place: Place, name: string, signal?: AbortSignal): Promise<RunLock> {
  const folder = joinPath(place.path, RESERVED_NAME, "locks");
  const lock = new Lock(place, joinPath(folder, newName(name)));
  try {
    await lock.write(signal);
    for await (const page of pagesBelow(place.driver, folder, false, signal)) {
      for (const entry of page) {
        const marks = marksOf(entry);
        if (entry.path === lock.path || marks?.name !== name) continue;
        if (!isDead(entry, marks)) throw await refusal(place, entry, marks, signal);
        await place.driver.remove(entry.path, { signal });
      }
    }
  } catch (error) {
    // What stopped it tells more than a lock that stays behind.
    await lock.release().catch(() => {});
    throw error;
  }
  return lock;
}

class Lock implements RunLock {
  readonly path: string;
  readonly #place: Place;
  readonly #timer: NodeJS.Timeout;
  #renewedAt = 0;
  #renewing: Promise<void> = Promise.resolve();

  constructor(place: Place, path: string) {
    this.#place = place;
    this.path = path;
    this.#timer = setInterval(() => {
      // What fails is tried again the next time, until `check` ends the run.
      this.#renewing = this.#renewing.then(() => this.#renew()).catch(() => {});
    }, RENEWAL).unref();
  }

  async write(signal?: AbortSignal): Promise<void> {
    const began = Date.now();
    const text = `process ${process.pid} on ${hostname()}`;
    await this.#place.driver.write(this.path, new TextEncoder().encode(text), { signal });
    this.#renewedAt = began;
  }

  check(): void {
    if (Date.now() - this.#renewedAt < HELD_FOR) return;
    throw new StorageError("changed", {
      path: this.path,
      message: "the lock of this run is lost; another may have begun",
    });
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
    const { driver } = this.#place;
    await driver.remove(this.path);
    const folder = parentPath(this.path);
    await removeEmpty(driver, [folder, parentPath(folder)]);
  }

  /** What is lost once stays lost. */
  async #renew(): Promise<void> {
    this.check();
    if ((await this.#place.driver.stat(this.path)) === undefined) this.#renewedAt = -Infinity;
    else await this.write();
  }
}

function newName(name: string): string {
  const since = Date.now().toString(16).padStart(TIME_LENGTH, "0");
  return `${name}-${ownerMark()}-${since}-${randomBytes(4).toString("hex")}`;
}

interface Marks {
  readonly name: string;
  readonly owner: string;
  readonly since: number;
}

const MARKS = new RegExp(
  `^(?<name>.+)-(?<owner>[0-9a-f]{${OWNER_LENGTH}})-(?<since>[0-9a-f]{${TIME_LENGTH}})-[0-9a-f]{8}$`,
);

/** What the name of a lock tells; `undefined`: it is none. */
function marksOf({ path }: Entry): Marks | undefined {
  const found = MARKS.exec(baseName(path))?.groups;
  if (found === undefined) return undefined;
  const { name, owner, since } = found as Record<keyof Marks, string>;
  return { name, owner, since: Number.parseInt(since, 16) };
}

function isDead({ storedAt, mtime }: Entry, { owner }: Marks): boolean {
  const state = ownerState(owner);
  const renewedAt = storedAt ?? mtime ?? Infinity;
  return state === "gone" || (state === "unknown" && Date.now() - renewedAt > DEAD_AFTER);
}

async function refusal(
  { driver }: Place,
  { path }: Entry,
  { name, since }: Marks,
  signal: AbortSignal | undefined,
): Promise<StorageError> {
  const who = await readOwner(driver, path, signal);
  const when = new Date(since).toISOString();
  return new StorageError("precondition-failed", {
    path,
    message: `${name} runs here since ${when} (${who}); wait for its end, or remove this file if it is dead`,
  });
}

async function readOwner(
  driver: Driver,
  path: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  try {
    const { body } = await driver.read(path, { signal });
    return new TextDecoder().decode(await collectBody(body, MOST_BYTES, { path, signal }));
  } catch (error) {
    if (!isStorageError(error, "not-found")) throw error;
    return "which has just ended";
  }
}
