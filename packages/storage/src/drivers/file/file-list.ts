/** Pages of a walk that runs in a worker, a bounded number of them ahead of the consumer. */
import type { ListOptions } from "../../driver.ts";
import type { Entry } from "../../entry.ts";
import { throwIfAborted } from "../../errors.ts";
import type { FileCaller } from "./file-caller.ts";
import { unpackError } from "./file-errors.ts";
import { withMore } from "./more-attributes.ts";
import { buildEntry, tagAt, tagCtime, tagMtime } from "./stat-row.ts";
import type { WalkPage } from "./walk-page.ts";

/** Entries of the first page, which somebody waits for, and of the others. */
const FIRST_PAGE = 256;
const PAGE = 512;
const PAGES_AHEAD = 2;

export async function* listPages(
  caller: FileCaller,
  directory: string,
  options: ListOptions,
): AsyncIterable<readonly Entry[]> {
  const { recursive = false, includeReserved = false, startAfter, signal } = options;
  const lane = caller.walkLane(recursive);
  const { attributes, oneFileSystem, prune } = options;
  const which = { recursive, includeReserved, startAfter, oneFileSystem, prune };
  const request = { directory, ...which, attributes };
  const walk = await caller.seen(lane.call(caller.root, "startWalk", [request], options));
  const ahead: Promise<WalkPage>[] = [];
  let done = false;
  try {
    for (let asked = 0; !done;) {
      for (; ahead.length < PAGES_AHEAD; asked++) {
        const limit = asked === 0 ? FIRST_PAGE : PAGE;
        const page = lane.call(caller.root, "nextPage", [walk, limit, options.leave?.()]);
        page.catch(() => undefined);
        ahead.push(page);
      }
      const page = await (ahead.shift() as Promise<WalkPage>);
      throwIfAborted(signal, directory);
      caller.checkOpen(directory);
      done = page.done;
      tellProblems(page, options);
      if (page.count > 0) yield unpackPage(page);
    }
  } finally {
    // A walk that came to its end has freed itself. One whose thread died has nothing to free.
    if (!done) await lane.call(caller.root, "endWalk", [walk]).catch(() => undefined);
  }
}

function tellProblems(page: WalkPage, options: ListOptions): void {
  for (const wire of page.problems) {
    const problem = unpackError(wire);
    if (options.onProblem === undefined) throw problem;
    options.onProblem(problem);
  }
}

function unpackPage(page: WalkPage): Entry[] {
  const { count, modes, sizes, tags, etags } = page;
  const paths = page.paths.split("\0");
  const targets = new Map(page.links);
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) {
    const mtime = tagMtime(tags, i);
    const ctime = tagCtime(tags, i);
    const [mode, size] = [modes[i] as number, sizes[i] as number];
    const etag = tagAt(etags, i);
    entries.push(buildEntry(paths[i] as string, mode, size, mtime, ctime, etag, targets.get(i)));
  }
  for (const [index, more] of page.more) entries[index] = withMore(entries[index] as Entry, more);
  return entries;
}
