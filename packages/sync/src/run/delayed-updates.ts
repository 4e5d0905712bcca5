/**
 * With `delayUpdates` new content is brought to a folder of the run's own, and all of it put in its place
 * when everything is there. What is left there when the run ends otherwise is removed.
 */
import { type Entry, isStorageError, joinPath } from "@omnisync/storage";
import { copySignature } from "../delta/carry-signature.ts";
import type { Deltas } from "../delta/deltas.ts";
import type { Reason } from "../events.ts";
import type { Place } from "../options.ts";
import { putInPlace } from "./put-in-place.ts";
import { Spool } from "./spool.ts";
import { clearStagingFolder, newStagingFolder } from "./staging-folder.ts";
import type { Outcome, Transfer } from "./transfer.ts";
import { transferContent } from "./transfer-file.ts";

/** A file that waits for its place. */
export interface DelayedUpdate {
  readonly path: string;
  readonly source: Entry;
  /** What it replaces. */
  readonly destination: Entry | undefined;
  readonly reason: Reason;
  readonly outcome: Outcome;
}

export interface PutOptions {
  readonly durable: boolean;
  readonly deltas: Deltas | undefined;
  readonly signal: AbortSignal;
}

export class DelayedUpdates {
  readonly #destination: Place;
  readonly #folder: string;
  readonly #waiting: Spool<DelayedUpdate> = new Spool(1000);
  #isUsed = false;
  #isOver = false;
  #again = 0;

  constructor(destination: Place) {
    this.#destination = destination;
    this.#folder = newStagingFolder(destination.path);
  }

  /** Whether all have got their places: what comes later gets its own at once. */
  get isOver(): boolean {
    return this.#isOver;
  }

  async bring(transfer: Transfer, path: string): Promise<Outcome> {
    this.#isUsed = true;
    try {
      return await bringTo(this.#staged(path), transfer);
    } catch (error) {
      if (!isStorageError(error, "precondition-failed")) throw error;
      // What an attempt before left there, or a twin that the disk does not tell from this one.
      transfer.progress.reset();
      return bringTo(this.#staged(joinPath(`again-${++this.#again}`, path)), transfer);
    }
  }

  wait(update: DelayedUpdate): Promise<void> | undefined {
    return this.#waiting.push(update);
  }

  /** Calls `settle` for each that waits, in the order in which they came. */
  async settleAll(settle: (update: DelayedUpdate) => Promise<void> | undefined): Promise<void> {
    this.#isOver = true;
    for await (const page of this.#waiting.forward()) {
      for (const update of page) await settle(update);
    }
  }

  /** @returns the outcome as it is then. */
  async put(
    { path, outcome }: DelayedUpdate,
    previous: Entry | undefined,
    { deltas, ...options }: PutOptions,
  ): Promise<Outcome> {
    const { driver, path: root } = this.#destination;
    const from = outcome.destination.path;
    const to = joinPath(root, path);
    const made = await putInPlace({ driver, from, to, previous, ...options });
    if (driver.move !== undefined) return { ...outcome, destination: made };
    // Where nothing can be renamed it was copied, and what was staged has a signature of its own.
    const isPinned = driver.capabilities.conditions.copySource;
    const copied = { from: driver, fromPath: from, source: outcome.destination, isPinned };
    const signatureError = await copySignature(
      { ...copied, to: driver, toPath: to, made },
      deltas,
      options.signal,
    );
    return { ...outcome, destination: made, signatureError };
  }

  /** Removes what did not get its place. Without the run's signal: nothing is to be left. */
  async clear(): Promise<void> {
    if (!this.#isUsed) return;
    await clearStagingFolder(this.#destination.driver, this.#folder);
    this.#isUsed = false;
  }

  close(): Promise<void> {
    return this.#waiting.close();
  }

  #staged(path: string): string {
    return joinPath(this.#folder, path === "" ? "file" : path);
  }
}

async function bringTo(toPath: string, transfer: Transfer): Promise<Outcome> {
  // Objects have no twins, and a condition may cost them a request.
  const isNew = transfer.to.capabilities.directories;
  const outcome = await transferContent({ ...transfer, toPath, isStaged: true, isNew });
  // The signature that counts is the one that is kept when it gets its place.
  return { ...outcome, signatureError: undefined };
}
