import { expect, test } from "vitest";
import type { WatchHint } from "../../src/driver.ts";
import { StorageError } from "../../src/errors.ts";
import { HintQueue } from "../../src/lib/hint-queue.ts";
import { outcome } from "./layer-helpers.ts";

function setUp(signal?: AbortSignal): {
  readonly queue: HintQueue;
  readonly hints: AsyncIterator<WatchHint>;
  released(): number;
} {
  let released = 0;
  const queue = new HintQueue({ path: "dir", signal, release: () => void released++ });
  return { queue, hints: queue.stream()[Symbol.asyncIterator](), released: () => released };
}

test("one hint for each path, the latest", async () => {
  const { queue, hints } = setUp();
  queue.push("dir/a", "changed");
  queue.push("dir/b", "changed");
  queue.push("dir/a", "removed");
  expect((await hints.next()).value).toEqual({ path: "dir/a", kind: "removed" });
  expect((await hints.next()).value).toEqual({ path: "dir/b", kind: "changed" });
  const waiting = hints.next();
  queue.push("dir/c", "changed");
  expect((await waiting).value).toEqual({ path: "dir/c", kind: "changed" });
});

test("[ST-257] one overflow takes the place of all that wait, and of what comes before it is read", async () => {
  const { queue, hints } = setUp();
  for (let n = 0; n < 100_000; n++) queue.push(`dir/${n}`, "changed");
  expect((await hints.next()).value).toEqual({ path: "dir", kind: "overflow" });
  queue.push("dir/later", "changed");
  expect((await hints.next()).value).toEqual({ path: "dir/later", kind: "changed" });
});

test("a failure comes behind the hints that wait; a stop in their place", async () => {
  const failed = setUp();
  failed.queue.push("dir", "removed");
  failed.queue.fail(new StorageError("not-found"));
  failed.queue.push("dir/late", "changed");
  expect((await failed.hints.next()).value).toEqual({ path: "dir", kind: "removed" });
  expect(await outcome(failed.hints.next())).toBe("not-found");
  expect(await failed.hints.next()).toEqual({ done: true, value: undefined });

  const stopped = setUp();
  stopped.queue.push("dir/a", "changed");
  stopped.queue.stop(new StorageError("closed"));
  expect(await outcome(stopped.hints.next())).toBe("closed");
  expect([failed.released(), stopped.released()]).toEqual([1, 1]);
});

test("[ST-254] the signal ends who waits; everything is released once", async () => {
  const controller = new AbortController();
  const { queue, hints, released } = setUp(controller.signal);
  const waiting = hints.next();
  controller.abort();
  expect(await outcome(waiting)).toBe("aborted");
  queue.push("dir/a", "changed");
  expect(await hints.next()).toEqual({ done: true, value: undefined });
  await hints.return?.();
  expect(released()).toBe(1);
  expect(await outcome(setUp(controller.signal).hints.next())).toBe("aborted");
});

test("leaving wakes who waits", async () => {
  const { hints, released } = setUp();
  const waiting = hints.next();
  await hints.return?.();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(released()).toBe(1);
});
