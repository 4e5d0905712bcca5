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

export async function* sortListing(
  pages: AsyncIterable<readonly Entry[]>,
  signal?: AbortSignal | undefined,
  runLength: number = RUN,
): AsyncIterable<readonly Entry[]> {
  let run: Entry[] = [];
  const files: string[] = [];
  let directory: string | undefined;
  try {
    for await (const page of pages) {
      run.push(...page);
      if (run.length < runLength) continue;
      signal?.throwIfAborted();
      directory ??= await mkdtemp(join(tmpdir(), "omnisync-sort-"));
      const file = join(directory, String(files.length));
      await writeFile(
        file,
        sorted(run).map((entry) => `${JSON.stringify(entry)}\n`),
        { mode: 0o600 },
      );
      files.push(file);
      run = [];
    }
    yield* paged(mergeRuns([...files.map(readRun), inMemory(sorted(run))]));
  } finally {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }
}

function sorted(entries: Entry[]): Entry[] {
  return entries.sort((a, b) => comparePaths(orderKey(a), orderKey(b)));
}

async function* mergeRuns(runs: readonly AsyncIterator<Entry>[]): AsyncIterable<Entry> {
  const heads = await Promise.all(runs.map((run) => run.next()));
  for (;;) {
    let least: number | undefined;
    for (const [i, head] of heads.entries()) {
      if (head.done) continue;
      const best = least === undefined ? undefined : (heads[least]!.value as Entry);
      if (best === undefined || comparePaths(orderKey(head.value), orderKey(best)) < 0) least = i;
    }
    if (least === undefined) return;
    yield heads[least]!.value as Entry;
    heads[least] = await runs[least]!.next();
  }
}

async function* readRun(file: string): AsyncGenerator<Entry> {
  for await (const line of createInterface({
    input: createReadStream(file),
    crlfDelay: Infinity,
  })) {
    yield JSON.parse(line) as Entry;
  }
}

async function* inMemory(entries: readonly Entry[]): AsyncGenerator<Entry> {
  yield* entries;
}

async function* paged(entries: AsyncIterable<Entry>): AsyncIterable<readonly Entry[]> {
  let page: Entry[] = [];
  for await (const entry of entries) {
    page.push(entry);
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
