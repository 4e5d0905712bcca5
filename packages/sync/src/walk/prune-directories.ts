/** Leaves out directories in which nothing but directories is. Holds as many as a path is deep. */
import { type Entry, isWithin } from "@omnisync/storage";

/** `keeps`: directories that stay even if they are empty. */
export async function* pruneDirectories(
  pages: AsyncIterable<readonly Entry[]>,
  keeps: (path: string) => boolean,
): AsyncIterable<readonly Entry[]> {
  const held: Entry[] = [];
  for await (const page of pages) {
    const kept: Entry[] = [];
    for (const entry of page) {
      while (held.length > 0 && !isWithin(held.at(-1)!.path, entry.path)) held.pop();
      if (entry.kind === "directory" && !keeps(entry.path)) held.push(entry);
      else kept.push(...held.splice(0), entry);
    }
    if (kept.length > 0) yield kept;
  }
}
