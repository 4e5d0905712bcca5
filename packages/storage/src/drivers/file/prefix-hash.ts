/**
 * The hash of a file that is written out of order, computed while it grows: its beginning, as far as it
 * is written without a gap, is hashed while the rest is still to come. Bytes that are written again after
 * that make it useless, which it tells.
 */
import type { HashName } from "../../hashes.ts";
import type { FileCaller } from "./file-caller.ts";
import type { Lane } from "./file-pool.ts";

/** Bytes hashed by one call: some 5 ms. */
const STEP = 16 * 1024 * 1024;

export class PrefixHash {
  readonly name: HashName;
  readonly #caller: FileCaller;
  readonly #lane: Lane;
  /** Of the hash in its thread; `undefined` if that does not answer. */
  readonly #id: Promise<number | undefined>;
  /** Ends of what was written, by its start. */
  readonly #islands = new Map<number, number>();
  /** From 0 to here all is written. */
  #written = 0;
  /** From 0 to here all is hashed, or will be by the call under way. */
  #asked = 0;
  #calls: Promise<void> | undefined;
  #useless = false;

  constructor(caller: FileCaller, fd: number, name: HashName) {
    this.name = name;
    this.#caller = caller;
    this.#lane = caller.lane();
    this.#id = this.#lane
      .call(caller.root, "startPrefixHash", [fd, name])
      .catch(() => this.#giveUp());
  }

  /** Told before bytes are written. */
  writing(offset: number): void {
    if (offset < this.#written) this.#giveUp();
  }

  /** Told after bytes were written. */
  wrote(offset: number, length: number): void {
    // Written twice, and perhaps hashed in between.
    if (offset < this.#written || this.#islands.has(offset)) this.#giveUp();
    if (this.#useless || length === 0) return;
    this.#islands.set(offset, offset + length);
    for (let end = this.#islands.get(this.#written); end !== undefined;) {
      this.#islands.delete(this.#written);
      this.#written = end;
      end = this.#islands.get(end);
    }
    if (this.#written - this.#asked >= STEP) this.#start(STEP);
  }

  /** The hash of the first `size` bytes. @returns `undefined` if it must be computed anew. */
  async digest(size: number): Promise<string | undefined> {
    await this.#calls;
    if (this.#written === size) this.#start(1);
    await this.#calls;
    const usable = !this.#useless && this.#asked === size;
    const hash = await this.end();
    return usable ? hash : undefined;
  }

  /** Ends it; afterwards nothing reads from the descriptor any more. */
  async end(): Promise<string | undefined> {
    this.#useless = true;
    await this.#calls;
    const id = await this.#id;
    return id === undefined
      ? undefined
      : this.#lane.call(this.#caller.root, "endPrefixHash", [id]).catch(() => undefined);
  }

  #start(least: number): void {
    this.#calls ??= this.#run(least).finally(() => (this.#calls = undefined));
  }

  async #run(least: number): Promise<void> {
    const id = await this.#id;
    while (!this.#useless && id !== undefined && this.#written - this.#asked >= least) {
      this.#asked = Math.min(this.#written, this.#asked + STEP);
      await this.#lane
        .call(this.#caller.root, "continuePrefixHash", [id, this.#asked], { bytes: STEP })
        .catch(() => this.#giveUp());
    }
  }

  /** Whatever the reason is: computing the hash anew is right, and tells of what is wrong. */
  #giveUp(): undefined {
    this.#useless = true;
    this.#islands.clear();
  }
}
