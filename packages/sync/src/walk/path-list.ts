/** Paths that were asked for by name: cleaned, in order, each once, and to be read as often as wanted. */
import { checkPath } from "@omnisync/storage";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sortListing } from "./sort-listing.ts";

export interface ListedPath {
  /** Relative to the place; "" is the place itself. */
  readonly path: string;
  /** It was written with a slash at its end: what is directly in it takes part too. */
  readonly inside: boolean;
}

const BATCH = 1000;
/** Up to so many are kept in memory. */
const IN_MEMORY = 100_000;

export class PathList {
  readonly #kept: readonly ListedPath[];
  readonly #file: string | undefined;
  readonly #directory: string | undefined;

  private constructor(kept: readonly ListedPath[], directory?: string) {
    this.#kept = kept;
    this.#directory = directory;
    this.#file = directory === undefined ? undefined : join(directory, "paths");
  }

  /** @throws StorageError `invalid-path` for a path that cannot be one. */
  static async create(paths: Iterable<string> | AsyncIterable<string>): Promise<PathList> {
    const kept: ListedPath[] = [];
    let spool: { readonly directory: string; readonly handle: FileHandle } | undefined;
    try {
      for await (const path of once(sortListing(cleaned(paths)))) {
        kept.push(path);
        if (kept.length < IN_MEMORY) continue;
        if (spool === undefined) {
          const directory = await mkdtemp(join(tmpdir(), "omnisync-paths-"));
          spool = { directory, handle: await open(join(directory, "paths"), "wx", 0o600) };
        }
        await spool.handle.write(lines(kept.splice(0)));
      }
      if (spool === undefined) return new PathList(kept);
      await spool.handle.write(lines(kept));
      return new PathList([], spool.directory);
    } catch (error) {
      if (spool !== undefined) await rm(spool.directory, { recursive: true, force: true });
      throw error;
    } finally {
      await spool?.handle.close();
    }
  }

  async *batches(length: number = BATCH): AsyncIterable<readonly ListedPath[]> {
    if (this.#file === undefined) {
      for (let at = 0; at < this.#kept.length; at += length)
        yield this.#kept.slice(at, at + length);
      return;
    }
    let batch: ListedPath[] = [];
    const handle = await open(this.#file);
    for await (const line of handle.readLines()) {
      batch.push(JSON.parse(line) as ListedPath);
      if (batch.length < length) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  async close(): Promise<void> {
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
  }
}

interface Sortable extends ListedPath {
  readonly kind: "file";
}

async function* cleaned(
  paths: Iterable<string> | AsyncIterable<string>,
): AsyncIterable<readonly Sortable[]> {
  let page: Sortable[] = [];
  for await (const text of paths) {
    page.push({ ...cleanPath(text), kind: "file" });
    if (page.length < BATCH) continue;
    yield page;
    page = [];
  }
  yield page;
}

/** As rsync takes them: a slash before does not count, `..` does not lead out. */
function cleanPath(text: string): ListedPath {
  const segments: string[] = [];
  for (const segment of text.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  const path = segments.join("/");
  return { path: checkPath(path, { root: true }), inside: /(?:^|\/)\.?$/.test(text) };
}

async function* once(pages: AsyncIterable<readonly Sortable[]>): AsyncIterable<ListedPath> {
  let last: ListedPath | undefined;
  for await (const page of pages) {
    for (const { path, inside } of page) {
      if (last !== undefined && last.path !== path) yield last;
      last = { path, inside: inside || (last?.path === path && last.inside) };
    }
  }
  if (last !== undefined) yield last;
}

function lines(paths: readonly ListedPath[]): string {
  return paths.map((path) => `${JSON.stringify(path)}\n`).join("");
}
