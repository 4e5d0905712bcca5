import { setTimeout as delay } from "node:timers/promises";
import { type Driver, type WatchHint, type WatchOptions, isWithin } from "@omnisync/storage";
import { expect } from "vitest";
import { put, putAll, refused } from "./content.ts";
import type { Suite } from "./suite.ts";

/** Longest wait for a hint, milliseconds: late is allowed, never is not. */
const PATIENCE = 20_000;

export function addWatchTests(suite: Suite): void {
  const { capabilities } = suite;
  if (!capabilities.watch) return;

  suite.test("ST-250", "created, changed, moved, removed", async ({ driver, reopen }) => {
    await put(driver, "dir/old", "content");
    const watched = await follow(driver, "", { recursive: true });
    const other = await reopen();
    await put(other, "dir/new", "1");
    await watched.until("dir/new");
    watched.forget();
    await put(other, "dir/new", "22");
    await watched.until("dir/new");
    await other.remove("dir/old");
    await watched.until("dir/old", "removed");
    if (other.move !== undefined) {
      await other.move("dir/new", "dir/moved");
      await watched.until("dir/new", "removed");
      await watched.until("dir/moved");
    }
    if (other.setAttributes !== undefined) {
      await put(other, "dir/touched", "x");
      await watched.until("dir/touched");
      watched.forget();
      await other.setAttributes("dir/touched", { mtime: 1_000_000_000_000 });
      await watched.until("dir/touched");
    }
    await watched.leave();
  });

  suite.test("ST-251", "in new directories, and in moved ones", async ({ driver }) => {
    const watched = await follow(driver, "", { recursive: true });
    await put(driver, "a/b/c/file", "1");
    await watched.until("a/b/c/file");
    await watched.settle(driver);
    await put(driver, "a/b/c/file", "22");
    await watched.until("a/b/c/file");
    if (driver.move !== undefined) {
      await driver.move("a", "z");
      await watched.settle(driver);
      await put(driver, "z/b/c/later", "1");
      await watched.until("z/b/c/later");
      await driver.move("z", "a");
      await watched.settle(driver);
      await put(driver, "a/b/later", "1");
      await watched.until("a/b/later");
    }
    await watched.leave();
  });

  suite.test("ST-251", "a thousand quick files, in many new directories", async ({ driver }) => {
    const watched = await follow(driver, "", { recursive: true });
    const paths = Array.from({ length: 1000 }, (_, n) => `d${n % 50}/e${n % 7}/f${n}`);
    await putAll(driver, paths);
    for (const path of paths) await watched.until(path);
    await watched.leave();
  });

  suite.test("ST-252", "of what lies directly in the directory", async ({ driver }) => {
    await put(driver, "dir/sub/file", "1");
    await put(driver, "dirt/file", "1");
    const watched = await follow(driver, "dir");
    await put(driver, "dir/sub/file", "22");
    await put(driver, "dir/sub/new", "1");
    await put(driver, "dirt/file", "22");
    await put(driver, "beside", "1");
    await watched.settle(driver, "dir/last");
    const named = watched.hints.map(({ path }) => path).filter((path) => path !== "dir/last");
    expect(named.filter((path) => path !== "dir/sub" && path !== "dir")).toEqual([]);
    await watched.leave();
  });

  suite.test("ST-253", "nothing of omnisync's own", async ({ driver }) => {
    const watched = await follow(driver, "", { recursive: true });
    await put(driver, ".omnisync/x", "1");
    await put(driver, "dir/.omnisync/deep/x", "1");
    await watched.settle(driver);
    await put(driver, "dir/.omnisync/deep/x", "22");
    await put(driver, "dir/file", "1");
    await watched.until("dir/file");
    await watched.settle(driver);
    expect(watched.hints.filter(({ path }) => path.includes(".omnisync"))).toEqual([]);
    await watched.leave();
  });

  suite.test("ST-254", "the signal, leaving and `close` end it", async ({ driver, reopen }) => {
    await put(driver, "file", "1");
    const controller = new AbortController();
    const { signal } = controller;
    const hints = (await driver.watch!("", { signal }))[Symbol.asyncIterator]();
    const waiting = hints.next();
    controller.abort();
    await refused(waiting, "aborted");
    await put(driver, "file", "22");
    expect(await hints.next()).toEqual({ done: true, value: undefined });
    await refused(driver.watch!("", { signal }), "aborted");

    const left = (await driver.watch!(""))[Symbol.asyncIterator]();
    await put(driver, "file", "333");
    await left.return?.();
    expect(await left.next()).toEqual({ done: true, value: undefined });

    const other = await reopen();
    const ended = (await other.watch!(""))[Symbol.asyncIterator]();
    const next = ended.next();
    await other.close();
    await refused(next, "closed");
    await refused(other.watch!(""), "closed");
  });

  if (capabilities.directories) {
    suite.test("ST-255", "a directory that is none, or goes away", async ({ driver }) => {
      await put(driver, "file", "1");
      await refused(driver.watch!("none"), "not-found");
      await refused(driver.watch!("file"), "not-a-directory");
      await driver.mkdir!("dir");
      const hints = (await driver.watch!("dir", { recursive: true }))[Symbol.asyncIterator]();
      await driver.rmdir!("dir");
      let last: WatchHint | undefined;
      const end = async (): Promise<void> => {
        for (;;) last = (await hints.next()).value;
      };
      await refused(end(), "not-found");
      expect(last).toEqual({ path: "dir", kind: "removed" });
    });
  }

  if (capabilities.symlinks === "native") {
    suite.test("ST-256", "not through a link", async ({ driver }) => {
      await put(driver, "outside/sub/file", "1");
      await put(driver, "dir/file", "1");
      await driver.writeLink!("dir/before", "../outside");
      const watched = await follow(driver, "dir", { recursive: true });
      await driver.writeLink!("dir/later", "../outside");
      await watched.until("dir/later");
      await put(driver, "outside/new", "1");
      await put(driver, "outside/sub/file", "22");
      await watched.settle(driver, "dir/last");
      const through = watched.hints.filter(({ path }) => /^dir\/(before|later)\//.test(path));
      expect(through).toEqual([]);
      await watched.leave();
    });
  }
}

class Watched {
  readonly hints: WatchHint[] = [];
  readonly #stream: AsyncIterator<WatchHint>;
  #pending: Promise<IteratorResult<WatchHint>> | undefined;
  #from = 0;

  constructor(stream: AsyncIterable<WatchHint>) {
    this.#stream = stream[Symbol.asyncIterator]();
  }

  /** What has come until now answers no later `until`. */
  forget(): void {
    this.#from = this.hints.length;
  }

  /** Waits for a hint of a path, or of a directory above it. */
  async until(path: string, kind?: WatchHint["kind"]): Promise<void> {
    const answers = (hint: WatchHint): boolean =>
      hint.path === path
        ? kind === undefined || hint.kind === kind || hint.kind === "overflow"
        : isWithin(hint.path, path) && hint.kind !== "removed";
    const late = delay(PATIENCE, undefined, { ref: false });
    while (!this.hints.slice(this.#from).some(answers)) {
      this.#pending ??= this.#stream.next();
      const step = await Promise.race([this.#pending, late]);
      if (step === undefined) expect.fail(`no hint of ${path}`);
      this.#pending = undefined;
      if (step.done) expect.fail("the watch ended");
      this.hints.push(step.value);
    }
  }

  /** Waits until what came before has been told: until the hint of a file that is written now. */
  async settle(driver: Driver, path = "settled"): Promise<void> {
    this.forget();
    await put(driver, path, `${this.hints.length}`);
    await this.until(path);
    this.forget();
  }

  async leave(): Promise<void> {
    await this.#stream.return?.();
  }
}

async function follow(driver: Driver, path: string, options?: WatchOptions): Promise<Watched> {
  return new Watched(await driver.watch!(path, options));
}
