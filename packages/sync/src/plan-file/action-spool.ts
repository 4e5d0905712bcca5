/**
 * The actions of one phase, kept on disk while planning goes on, and given back in order. Pushing is
 * synchronous, because the engine's events are: what has come faster than a disk takes it would
 * otherwise pile up in memory.
 */
import { StorageError, comparePaths } from "@omnisync/storage";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sortListing } from "../walk/sort-listing.ts";
import type { PlannedAction } from "./planned-action.ts";

/** Actions written out at once. As many stay in memory, to be put in order with what comes next. */
const PAGE = 5000;
/** Actions sorted in memory at a time. */
const RUN = 30_000;

export class ActionSpool {
  readonly #sorted: boolean;
  readonly #pageLength: number;
  #recent: PlannedAction[] = [];
  readonly #written: { readonly at: number; readonly length: number }[] = [];
  #file: { readonly directory: string; readonly descriptor: number } | undefined;
  #end = 0;
  /** The last key that was written out, and whether none came before it later. */
  #last = "";
  #inOrder = true;

  /** With `sorted` the actions come back in the order of their paths, else as they were pushed. */
  constructor(options: { readonly sorted: boolean; readonly pageLength?: number }) {
    this.#sorted = options.sorted;
    this.#pageLength = options.pageLength ?? PAGE;
  }

  push(action: PlannedAction): void {
    this.#recent.push(action);
    if (this.#recent.length >= 2 * this.#pageLength) this.#writePage();
  }

  async *actions(): AsyncIterable<PlannedAction> {
    this.#sortRecent();
    const pages = this.#pages();
    const ordered = !this.#sorted || this.#inOrder ? pages : sortActions(pages);
    for await (const page of ordered) yield* page;
  }

  close(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file.descriptor);
    rmSync(this.#file.directory, { recursive: true, force: true });
    this.#file = undefined;
  }

  #writePage(): void {
    this.#sortRecent();
    const page = this.#recent.slice(0, this.#pageLength);
    this.#recent = this.#recent.slice(this.#pageLength);
    this.#last = sortKey(page.at(-1)!);
    if (this.#file === undefined) {
      const directory = mkdtempSync(join(tmpdir(), "omnisync-plan-"));
      this.#file = { directory, descriptor: openSync(join(directory, "actions"), "wx+", 0o600) };
    }
    const bytes = Buffer.from(JSON.stringify(page));
    for (let at = 0; at < bytes.byteLength;) {
      at += writeSync(this.#file.descriptor, bytes, at, bytes.byteLength - at, this.#end + at);
    }
    this.#written.push({ at: this.#end, length: bytes.byteLength });
    this.#end += bytes.byteLength;
  }

  /** Answers come a little out of order, as a rule: what is held back puts that right. */
  #sortRecent(): void {
    const [first] = this.#sorted ? this.#recent.sort(byPath) : [];
    if (first !== undefined && comparePaths(this.#last, sortKey(first)) > 0) this.#inOrder = false;
  }

  async *#pages(): AsyncIterable<readonly PlannedAction[]> {
    for (const { at, length } of this.#written) {
      const bytes = Buffer.alloc(length);
      for (let read = 0; read < length;) {
        const got = readSync(this.#file!.descriptor, bytes, read, length - read, at + read);
        if (got === 0) throw new StorageError("internal", { message: "the plan's file was cut" });
        read += got;
      }
      yield JSON.parse(bytes.toString()) as PlannedAction[];
    }
    if (this.#recent.length > 0) yield this.#recent;
  }
}

function byPath(a: PlannedAction, b: PlannedAction): number {
  return comparePaths(sortKey(a), sortKey(b));
}

function sortKey({ action, path }: PlannedAction): string {
  return action === "mkdir" ? `${path}/` : path;
}

/** Sorted by the external merge of the listings, which knows paths and kinds. */
async function* sortActions(
  pages: AsyncIterable<readonly PlannedAction[]>,
): AsyncIterable<readonly PlannedAction[]> {
  const entries = async function* (): AsyncIterable<readonly Sortable[]> {
    for await (const page of pages) {
      yield page.map((action) => ({
        path: action.path,
        kind: action.action === "mkdir" ? "directory" : "file",
        action,
      }));
    }
  };
  for await (const page of sortListing(entries(), undefined, RUN)) {
    yield page.map(({ action }) => action);
  }
}

interface Sortable {
  readonly path: string;
  readonly kind: "directory" | "file";
  readonly action: PlannedAction;
}
