/**
 * With `delayUpdates` new content is brought to a folder of the run's own, and all of it put in its place
 * when everything is there. What is left there when the run ends otherwise is removed.
 */
import { type Entry, RESERVED_NAME, joinPath, parentPath } from "@omnisync/storage";
import { randomBytes } from "node:crypto";
import type { Reason } from "../events.ts";
import type { Place } from "../options.ts";
import { putInPlace, removeEmpty } from "./put-in-place.ts";
import { Spool } from "./spool.ts";
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

export class DelayedUpdates {
  readonly #destination: Place;
  readonly #folder: string;
  readonly #waiting: Spool<DelayedUpdate> = new Spool(1000);

  constructor(destination: Place) {
    this.#destination = destination;
    const name = `update-${randomBytes(8).toString("hex")}`;
    this.#folder = joinPath(destination.path, RESERVED_NAME, name);
  }

  bring(transfer: Transfer, path: string): Promise<Outcome> {
    return transferContent({ ...transfer, toPath: this.#staged(path), isStaged: true });
  }

  wait(update: DelayedUpdate): Promise<void> | undefined {
    return this.#waiting.push(update);
  }

  /** Calls `settle` for each that waits, in the order in which they came. */
  async settleAll(settle: (update: DelayedUpdate) => Promise<void> | undefined): Promise<void> {
    for await (const page of this.#waiting.forward()) {
      for (const update of page) await settle(update);
    }
  }

  async put(
    { path }: DelayedUpdate,
    previous: Entry | undefined,
    options: { readonly durable: boolean; readonly signal: AbortSignal },
  ): Promise<Entry> {
    const { driver, path: root } = this.#destination;
    const from = this.#staged(path);
    const to = joinPath(root, path);
    const entry = await putInPlace({ driver, from, to, previous, ...options });
    await removeEmpty(driver, this.#above(from));
    return entry;
  }

  /** Removes what did not get its place. Without the run's signal: nothing is to be left. */
  async close(): Promise<void> {
    const { driver } = this.#destination;
    for await (const page of this.#waiting.forward()) {
      for (const { path } of page) {
        const staged = this.#staged(path);
        await driver.remove(staged);
        await removeEmpty(driver, this.#above(staged));
      }
    }
    await this.#waiting.close();
  }

  #staged(path: string): string {
    return joinPath(this.#folder, path === "" ? "file" : path);
  }

  #above(staged: string): readonly string[] {
    const directories: string[] = [];
    const top = parentPath(this.#folder);
    for (let at = parentPath(staged); at.length >= top.length; at = parentPath(at))
      directories.push(at);
    return directories;
  }
}
