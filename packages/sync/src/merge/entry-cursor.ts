/**
 * A listing, entry by entry, with one page of look-ahead: while the merge works through a page, the
 * next one is already being fetched.
 */
import { type Entry, orderKey } from "@omnisync/storage";

export class EntryCursor {
  readonly #pages: AsyncIterator<readonly Entry[]>;
  #ahead: Promise<IteratorResult<readonly Entry[]>> | undefined;
  #page: readonly Entry[] = [];
  #at = 0;
  #ended = false;
  #key: string | undefined;
  #passed: Entry | undefined;

  constructor(pages: AsyncIterable<readonly Entry[]>) {
    this.#pages = pages[Symbol.asyncIterator]();
  }

  /** Whether `entry` is valid without waiting. If not, call `fill`. */
  get ready(): boolean {
    return this.#ended || this.#at < this.#page.length;
  }

  /** The next entry; `undefined` at the end. Only when `ready`. */
  get entry(): Entry | undefined {
    return this.#page[this.#at];
  }

  /** `orderKey` of `entry`. */
  get key(): string | undefined {
    const { entry } = this;
    if (entry === undefined) return undefined;
    this.#key ??= orderKey(entry);
    return this.#key;
  }

  advance(): void {
    this.#passed = this.#page[this.#at];
    this.#at++;
    this.#key = undefined;
  }

  /** Whether the next entry is `directory` or lies in it. */
  isAtOrIn(directory: string): boolean {
    return isOrIsIn(this.entry, directory);
  }

  /** Whether the listing has `directory`, or anything in it. Only while something in it is the next. */
  has(directory: string): boolean {
    return isOrIsIn(this.entry, directory) || isOrIsIn(this.#passed, directory);
  }

  async fill(): Promise<void> {
    while (!this.ready) {
      const { done, value } = await (this.#ahead ?? this.#pages.next());
      if (done) {
        this.#ended = true;
        return;
      }
      this.#page = value;
      this.#at = 0;
      this.#ahead = this.#pages.next();
      // Its failure is thrown by the `fill` that needs it, not as an unhandled rejection meanwhile.
      this.#ahead.catch(() => {});
    }
  }

  /** Ends the listing early. */
  async close(): Promise<void> {
    if (!this.#ended) await this.#pages.return?.();
  }
}

function isOrIsIn(entry: Entry | undefined, directory: string): boolean {
  if (entry === undefined) return false;
  const { path } = entry;
  if (path.length <= directory.length) return path === directory && entry.kind === "directory";
  return path.charCodeAt(directory.length) === 0x2f && path.startsWith(directory);
}
