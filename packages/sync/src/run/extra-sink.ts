/** Where extras go that the walk comes upon: each timing of removals is one of these. */
import { isWithin, parentPath } from "@omnisync/storage";
import { type Extra } from "./remove-extras.ts";
import { Spool } from "./spool.ts";

export interface ExtraSink {
  /** An extra was found. They come in the order of the walk. */
  add(extra: Extra): Promise<void> | undefined;
  /** The walk has come to this path, which is none of the extras told so far. */
  reach(path: string): Promise<void> | undefined;
  /** After the last path. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** Removes a number of extras, or tells of each that it stays. */
export type RemoveExtras = (extras: Spool<Extra>) => Promise<void>;

/** Gathers all of them, for one removal at the end. */
export class ExtrasAtEnd implements ExtraSink {
  readonly #extras: Spool<Extra> = new Spool();
  readonly #remove: RemoveExtras;

  constructor(remove: RemoveExtras) {
    this.#remove = remove;
  }

  add(extra: Extra): Promise<void> | undefined {
    return this.#extras.push(extra);
  }

  reach(): undefined {}

  finish(): Promise<void> {
    return this.#remove(this.#extras);
  }

  close(): Promise<void> {
    return this.#extras.close();
  }
}

/** Removes those of a directory when the walk has left it; an extra directory with all that is in it. */
export class ExtrasDuring implements ExtraSink {
  readonly #remove: RemoveExtras;
  #extras: Spool<Extra> = new Spool();
  /** The directory whose extras are gathered, or the outermost extra directory itself. */
  #within: string | undefined;
  #isExtra = false;

  constructor(remove: RemoveExtras) {
    this.#remove = remove;
  }

  add(extra: Extra): Promise<void> | undefined {
    const left = this.reach(extra.path);
    return left === undefined ? this.#push(extra) : left.then(() => this.#push(extra));
  }

  reach(path: string): Promise<void> | undefined {
    const { count } = this.#extras;
    if (count === 0 || this.#within === undefined) return undefined;
    const stays = this.#isExtra ? isWithin(this.#within, path) : parentPath(path) === this.#within;
    return stays ? undefined : this.finish();
  }

  async finish(): Promise<void> {
    const extras = this.#extras;
    this.#extras = new Spool();
    this.#within = undefined;
    this.#isExtra = false;
    if (extras.count > 0) await this.#remove(extras);
    await extras.close();
  }

  close(): Promise<void> {
    return this.#extras.close();
  }

  #push(extra: Extra): Promise<void> | undefined {
    if (!this.#isExtra && extra.kind === "directory") {
      this.#within = extra.path;
      this.#isExtra = true;
    }
    this.#within ??= parentPath(extra.path);
    return this.#extras.push(extra);
  }
}

/** They have been dealt with before the walk began. */
export class ExtrasBefore implements ExtraSink {
  readonly #onClose: () => Promise<void>;

  /** `onClose` frees what both walks shared. */
  constructor(onClose: () => Promise<void>) {
    this.#onClose = onClose;
  }

  add(): undefined {}

  reach(): undefined {}

  async finish(): Promise<void> {}

  close(): Promise<void> {
    return this.#onClose();
  }
}
