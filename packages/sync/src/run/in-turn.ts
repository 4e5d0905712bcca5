/** One after the other what a disk may take for one path: each looks at what lies there before it changes it. */
import type { Driver } from "@omnisync/storage";
import { foldedName } from "./spellings.ts";

/** The last that waits or is under way, by store and path. */
const last = new Map<string, Promise<unknown>>();

export async function inTurn<T>({ id }: Driver, path: string, work: () => Promise<T>): Promise<T> {
  const key = `${id} ${foldedName(path)}`;
  const done = (last.get(key) ?? Promise.resolve()).then(work, work);
  last.set(key, done);
  try {
    return await done;
  } finally {
    if (last.get(key) === done) last.delete(key);
  }
}
