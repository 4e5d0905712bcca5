/**
 * Puts an unordered listing in order, in bounded memory: sorted runs go to a temporary file each, and
 * are merged as they are read back (external merge sort, Knuth, TAOCP 3, 5.4). A listing of one run
 * never touches the disk.
 */
import { type Entry, comparePaths, orderKey } from "@omnisync/storage";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Entries sorted in memory at a time: some 30 MB. */
const RUN = 100_000;
const PAGE = 1000;

/** What can be sorted: plain JSON values that have a place in a listing. */
type Listed = Pick<Entry, "path" | "kind">;

export async function* sortListing<Item extends Listed>(
  pages: AsyncIterable<readonly Item[]>,
  signal?: AbortSignal | undefined,
  runLength: number = RUN,
): AsyncIterable<readonly Item[]> {
  let run: Item[] = [];
  const files: string[] = [];
  let directory: string | undefined;
  try {
    for await (const page of pages) {
      run.push(...page);
      if (run.length < runLength) continue;
      signal?.throwIfAborted();
      directory ??= await mkdtemp(join(tmpdir(), "omnisync-sort-"));
      const file = join(directory, String(files.length));
      await writeFile(file, sorted(run).map(lineOf), { mode: 0o600 });
      files.push(file);
      run = [];
    }
    yield* paged(mergeRuns([...files.map((file) => readRun<Item>(file)), inMemory(sorted(run))]));
  } finally {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }
}

/** One line for whoever reads it back: U+2028 and U+2029, which names may hold, end one as well. */
function lineOf(entry: Listed): string {
  const text = JSON.stringify(entry)
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
  return `${text}\n`;
}

function sorted<Item extends Listed>(entries: Item[]): Item[] {
  return entries.sort((a, b) => comparePaths(orderKey(a), orderKey(b)));
}

async function* mergeRuns<Item extends Listed>(
  runs: readonly AsyncIterator<Item>[],
): AsyncIterable<Item> {
  const heads = await Promise.all(runs.map((run) => run.next()));
  for (;;) {
    let least: number | undefined;
    for (const [i, head] of heads.entries()) {
      if (head.done) continue;
      const best = least === undefined ? undefined : (heads[least]!.value as Item);
      if (best === undefined || comparePaths(orderKey(head.value), orderKey(best)) < 0) least = i;
    }
    if (least === undefined) return;
    yield heads[least]!.value as Item;
    heads[least] = await runs[least]!.next();
  }
}

async function* readRun<Item>(file: string): AsyncGenerator<Item> {
  for await (const line of createInterface({
    input: createReadStream(file),
    crlfDelay: Infinity,
  })) {
    yield JSON.parse(line) as Item;
  }
}

async function* inMemory<Item>(entries: readonly Item[]): AsyncGenerator<Item> {
  yield* entries;
}

async function* paged<Item>(entries: AsyncIterable<Item>): AsyncIterable<readonly Item[]> {
  let page: Item[] = [];
  for await (const entry of entries) {
    page.push(entry);
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
