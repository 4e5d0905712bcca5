/**
 * Leaves files out of listings that a program keeps beside its user's, under names that the user's own may have
 * too. By its name a file is only suspected: it is hidden if it begins with the mark, and shown if that
 * cannot be seen, for a file that is not listed would not be copied.
 */
import type { CallOptions, Driver, ListOptions } from "../driver.ts";
import type { Entry } from "../entry.ts";
import { isStorageError, throwIfAborted } from "../errors.ts";
import { collectBody } from "../lib/body.ts";
import { Slots } from "../lib/slots.ts";
import { isReserved } from "../path.ts";
import { intercept } from "./intercept.ts";

/** What tells the files that are to be hidden. */
export interface Mark {
  /** What their names end with: `.hssig`. */
  readonly suffix: string;
  /** What their content begins with. */
  readonly magic: Uint8Array;
}

/** Beginnings read at once. */
const READS = 8;
/** Contents whose answer is remembered, some 200 bytes each. */
const REMEMBERED = 10_000;

/**
 * `driver` with the marked files left out of its listings, unless those are to hold reserved paths. Everything that
 * names such a file finds it. A listing costs a small read for each file whose name ends so, once for each content
 * where listings tell ETags.
 * @param onHidden told of the path of each file that a listing leaves out.
 */
export function hideMarked(
  driver: Driver,
  mark: Mark,
  onHidden: (path: string) => void = () => {},
): Driver {
  const marked = new MarkedFiles(driver, mark, onHidden);
  return intercept(driver, {
    rewrap: (view) => hideMarked(view, mark, onHidden),
    methods: {
      list: (directory, options) =>
        options?.includeReserved
          ? driver.list(directory, options)
          : marked.listOthers(directory, options),
    },
  });
}

/** Whether a file that was found by its name is one that listings leave out; `false` if that cannot be seen. */
export function isMarked(
  driver: Driver,
  mark: Mark,
  entry: Entry,
  options: CallOptions = {},
): Promise<boolean> {
  return new MarkedFiles(driver, mark).has(entry, options);
}

class MarkedFiles {
  readonly #driver: Driver;
  readonly #mark: Mark;
  readonly #onHidden: (path: string) => void;
  readonly #slots: Slots = new Slots(READS);
  /** Whether a content is marked, by path and ETag; the oldest answer first. */
  readonly #known: Map<string, boolean> = new Map();

  constructor(driver: Driver, mark: Mark, onHidden: (path: string) => void = () => {}) {
    this.#driver = driver;
    this.#mark = mark;
    this.#onHidden = onHidden;
  }

  async *listOthers(directory: string, options: ListOptions = {}): AsyncIterable<readonly Entry[]> {
    for await (const page of this.#driver.list(directory, options)) {
      if (page.some(this.#isSuspect)) yield* this.#others(page, options);
      else yield page;
    }
  }

  async has(entry: Entry, options: CallOptions): Promise<boolean> {
    return this.#isSuspect(entry) && this.#isMarked(entry, options);
  }

  async *#others(page: readonly Entry[], options: ListOptions): AsyncIterable<readonly Entry[]> {
    const suspects = page.filter(this.#isSuspect);
    const answers = await Promise.all(suspects.map((entry) => this.#isMarked(entry, options)));
    const hidden = new Set(suspects.filter((_, index) => answers[index]));
    const others = page.filter((entry) => !hidden.has(entry));
    for (const { path } of hidden) this.#onHidden(path);
    if (others.length > 0) yield others;
  }

  readonly #isSuspect = ({ path, kind, size }: Entry): boolean =>
    path.endsWith(this.#mark.suffix) &&
    kind === "file" &&
    size >= this.#mark.magic.byteLength &&
    !isReserved(path);

  async #isMarked(entry: Entry, { signal }: CallOptions): Promise<boolean> {
    const content = entry.etag === undefined ? undefined : `${entry.etag} ${entry.path}`;
    const known = content === undefined ? undefined : this.#known.get(content);
    if (known !== undefined) return known;
    try {
      const found = await this.#slots.run(() => this.#beginsWithMagic(entry, signal), signal);
      if (content !== undefined) this.#remember(content, found);
      return found;
    } catch (error) {
      throwIfAborted(signal, entry.path);
      if (!isStorageError(error)) throw error;
      // It is gone, another by now, or cannot be read: whoever wants it will be told.
      return false;
    }
  }

  async #beginsWithMagic({ path, etag }: Entry, signal: AbortSignal | undefined): Promise<boolean> {
    const { magic } = this.#mark;
    const range = { offset: 0, length: magic.byteLength };
    const { body } = await this.#driver.read(path, { range, ifMatch: etag, signal });
    const bytes = await collectBody(body, magic.byteLength, { path, signal });
    return Buffer.compare(bytes, magic) === 0;
  }

  #remember(content: string, isMarked: boolean): void {
    const [oldest] = this.#known.keys();
    if (this.#known.size >= REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(content, isMarked);
  }
}
