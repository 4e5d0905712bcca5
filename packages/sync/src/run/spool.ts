/**
 * A list that is written once and read back, from either end, in bounded memory: what does not fit
 * goes to a temporary file. Holds what can only be done when all transfers are over (removing extras,
 * setting directory times).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Items kept in memory before a page is written out. */
const PAGE = 10_000;

export class Spool<Item> {
  readonly #pageLength: number;
  #page: Item[] = [];
  #written: { readonly at: number; readonly length: number }[] = [];
  #file: { readonly handle: FileHandle; readonly directory: string } | undefined;
  #end = 0;
  #count = 0;
  /** Whoever pushes need not wait for the others: pages are written one after the other all the same. */
  #writing: Promise<void> = Promise.resolve();

  constructor(pageLength: number = PAGE) {
    this.#pageLength = pageLength;
  }

  get count(): number {
    return this.#count;
  }

  /** Adds an item, a plain JSON value. A promise only when a page has to be written. */
  push(item: Item): Promise<void> | undefined {
    this.#page.push(item);
    this.#count++;
    if (this.#page.length < this.#pageLength) return undefined;
    const page = this.#page;
    this.#page = [];
    this.#writing = this.#writing.then(() => this.#writePage(page));
    return this.#writing;
  }

  /** Pages of items as they were pushed. */
  async *forward(): AsyncIterable<readonly Item[]> {
    await this.#writing;
    for (const page of this.#written) yield await this.#readPage(page);
    if (this.#page.length > 0) yield this.#page;
  }

  /** Pages of items, the last first, each page reversed too. */
  async *reversed(): AsyncIterable<readonly Item[]> {
    await this.#writing;
    if (this.#page.length > 0) yield this.#page.toReversed();
    for (const page of this.#written.toReversed()) yield (await this.#readPage(page)).toReversed();
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => {});
    if (this.#file === undefined) return;
    await this.#file.handle.close();
    rmSync(this.#file.directory, { recursive: true, force: true });
    this.#file = undefined;
  }

  async #readPage({
    at,
    length,
  }: {
    readonly at: number;
    readonly length: number;
  }): Promise<Item[]> {
    const bytes = Buffer.alloc(length);
    await this.#file!.handle.read(bytes, 0, length, at);
    return JSON.parse(bytes.toString()) as Item[];
  }

  async #writePage(page: readonly Item[]): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(page));
    if (this.#file === undefined) {
      const directory = mkdtempSync(join(tmpdir(), "omnisync-spool-"));
      this.#file = { directory, handle: await open(join(directory, "pages"), "wx+", 0o600) };
    }
    const { bytesWritten } = await this.#file.handle.write(bytes, 0, bytes.byteLength, this.#end);
    if (bytesWritten < bytes.byteLength) throw new Error("the disk of temporary files is full");
    this.#written.push({ at: this.#end, length: bytes.byteLength });
    this.#end += bytes.byteLength;
  }
}
