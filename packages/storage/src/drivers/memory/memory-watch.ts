import type { WatchHint, WatchOptions } from "../../driver.ts";
import { StorageError } from "../../errors.ts";
import { HintQueue } from "../../lib/hint-queue.ts";
import { isReserved } from "../../path.ts";
import type { MemoryDriver } from "./memory-driver.ts";

/** Hints from the store itself, which tells every change of a key at once. */
export function watchStore(
  driver: MemoryDriver,
  path: string,
  options: WatchOptions,
): AsyncIterable<WatchHint> {
  const { store } = driver;
  const key = driver.begin(path, options, { root: true });
  const prefix = key === "" ? "" : `${key}/`;
  const changed = (changedKey: string): void => {
    if (!changedKey.startsWith(prefix) || changedKey === prefix) return;
    const end = options.recursive ? -1 : changedKey.indexOf("/", prefix.length);
    const found = driver.pathOf(end < 0 ? changedKey : changedKey.slice(0, end));
    if (isReserved(found)) return;
    queue.push(found, store.exists(changedKey) || end >= 0 ? "changed" : "removed");
  };
  const close = (): void => queue.stop(new StorageError("closed", { path }));
  const queue: HintQueue = new HintQueue({
    path,
    signal: options.signal,
    release() {
      store.listeners.delete(changed);
      driver.watches.delete(close);
    },
  });
  store.listeners.add(changed);
  driver.watches.add(close);
  return queue.stream();
}
