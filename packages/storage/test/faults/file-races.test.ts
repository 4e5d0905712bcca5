/** Somebody else changes the tree while we are at it. */
import { type StorageError } from "@omnisync/storage";
import { execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { acquirePool, releasePool } from "../../src/drivers/file/file-pool.ts";
import { bytesOf, failure, listPaths, makeRoot, openFileDriver } from "../unit/file-helpers.ts";
import { startChild } from "./file-child.ts";

const MIB = 1024 * 1024;

describe("[ST-58] a file that changes while it is read", () => {
  const changes: Record<string, (path: string) => void> = {
    grows: (path) => appendFileSync(path, "more"),
    shrinks: (path) => truncateSync(path, 3 * MIB),
    "is emptied": (path) => truncateSync(path, 0),
    "is written to in place": (path) => {
      const fd = openSync(path, "r+");
      writeSync(fd, "changed", 5 * MIB);
      closeSync(fd);
    },
  };
  test.each(Object.entries(changes))("%s: the body throws changed", async (_, change) => {
    const root = makeRoot();
    const path = join(root, "a");
    writeFileSync(path, Buffer.alloc(8 * MIB, 1));
    const driver = openFileDriver(root);
    const { body } = await driver.read("a");
    const pieces = body[Symbol.asyncIterator]();
    await pieces.next();
    change(path);
    const rest = async (): Promise<void> => {
      while (!(await pieces.next()).done);
    };
    expect(await failure(rest())).toMatchObject({ code: "changed", path: "a" });
    expect(await pieces.next()).toEqual({ done: true, value: undefined });
  });

  // The writer counts up at the start of the file, then at its end: at no moment is the end ahead.
  test("a writer in a loop: what is read is one state of the file, or refused", async () => {
    const root = makeRoot();
    const size = 512 * 1024;
    writeFileSync(join(root, "a"), Buffer.alloc(size));
    const script = `
      const { openSync, writeSync } = await import("node:fs");
      const fd = openSync(${JSON.stringify(join(root, "a"))}, "r+");
      const count = Buffer.alloc(4);
      for (let i = 1; ; i++) {
        count.writeUInt32BE(i);
        for (const at of [0, ${size - 4}]) writeSync(fd, count, 0, 4, at);
        if (i % 5000 === 0) await new Promise((resolve) => setTimeout(resolve, 30));
      }`;
    const child = startChild({ root, script });
    onTestFinished(() => void child.kill("SIGKILL"));
    const driver = openFileDriver(root);
    const isOneState = (bytes: Uint8Array): boolean => {
      const content = Buffer.from(bytes);
      return content.readUInt32BE(0) >= content.readUInt32BE(size - 4);
    };
    const tally = { whole: 0, refused: 0 };
    for (let i = 0; i < 300; i++) {
      try {
        expect(isOneState((await driver.readBlock("a", { offset: 0, length: size })).bytes)).toBe(
          true,
        );
        await driver.copy({ driver, path: "a" }, "b");
        expect(isOneState(readFileSync(join(root, "b")))).toBe(true);
        tally.whole++;
      } catch (error) {
        if ((error as StorageError).code !== "changed") throw error;
        tally.refused++;
      }
    }
    expect(tally.whole).toBeGreaterThan(0);
    expect(tally.refused).toBeGreaterThan(0);
    expect(readdirSync(root).filter((name) => name.startsWith(".omnisync-"))).toEqual([]);
  });
});

describe("[ST-52] a FIFO", () => {
  test("is refused at once and never opened", async () => {
    const root = makeRoot();
    execFileSync("mkfifo", [join(root, "fifo")]);
    const driver = openFileDriver(root);
    // Whoever opens it for writing hangs until somebody opens it for reading.
    const writer = spawn("bash", ["-c", `echo x > '${join(root, "fifo")}'; echo opened`]);
    onTestFinished(() => void writer.kill("SIGKILL"));
    let opened = false;
    writer.stdout.once("data", () => (opened = true));
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const call of [
      () => driver.read("fifo"),
      () => driver.readBlock("fifo", { offset: 0, length: 1 }),
      () => driver.copy({ driver, path: "fifo" }, "copy"),
    ]) {
      expect(await failure(call())).toMatchObject({ code: "unsupported" });
    }
    await driver.setAttributes("fifo", { mode: 0o600, mtime: 1000 });
    await listPaths(driver);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(opened).toBe(false);
  });
});

describe("[ST-16] a directory that is replaced by a link, over and over", () => {
  test("nothing is read, listed or changed outside the root", { timeout: 50_000 }, async () => {
    const root = makeRoot();
    // In a directory of its own, as the snapshot shows the times of the parent too.
    const outside = join(makeRoot(), "outside");
    mkdirSync(join(root, "d/sub"), { recursive: true });
    mkdirSync(join(outside, "sub"), { recursive: true });
    writeFileSync(join(root, "d/sub/file"), "inside");
    writeFileSync(join(root, "d/file"), "inside");
    writeFileSync(join(outside, "sub/file"), "OUTSIDE");
    writeFileSync(join(outside, "file"), "OUTSIDE");
    writeFileSync(join(outside, "only-outside"), "OUTSIDE");
    symlinkSync(outside, join(root, "flip"));
    const snapshot = (): string =>
      execFileSync("ls", ["-laiR", "--full-time", outside], { encoding: "utf8" });
    const before = snapshot();
    const script = `
      const { renameSync, rmSync } = await import("node:fs");
      process.chdir(${JSON.stringify(root)});
      // The driver may have made a directory where there was none for a moment.
      const replace = (from, to) => {
        for (;;) {
          try { return renameSync(from, to); }
          catch (error) { if (error.code === "ENOENT") throw error; }
          try { rmSync(to, { recursive: true, force: true }); } catch {}
        }
      };
      for (;;) {
        replace("d", "aside"); replace("flip", "d");
        replace("d", "flip"); replace("aside", "d");
      }`;
    const child = startChild({ root, script });
    onTestFinished(() => void child.kill("SIGKILL"));
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const driver = openFileDriver(root);
    const tally = { done: 0, refused: 0 };
    const attempt = async (call: () => Promise<unknown>): Promise<void> => {
      try {
        await call();
        tally.done++;
      } catch (error) {
        const expected = [
          "not-found",
          "not-a-directory",
          "changed",
          "unsupported",
          "invalid-argument",
        ];
        if (!expected.includes((error as StorageError).code)) throw error;
        tally.refused++;
      }
    };
    const until = Date.now() + 8000;
    const hammer = async (id: number): Promise<void> => {
      while (Date.now() < until) {
        await attempt(() => driver.write(`d/sub/w${id}`, bytesOf("inside")));
        await attempt(() => driver.write(`d/w${id}`, bytesOf("inside")));
        await attempt(async () => {
          const { bytes } = await driver.readBlock("d/sub/file", { offset: 0, length: 10 });
          expect(Buffer.from(bytes).toString()).toBe("inside");
        });
        await attempt(() => driver.copy({ driver, path: "d/file" }, `copy${id}`));
        await attempt(async () => {
          const stage = await driver.stage(`copy${id}`, 6, { base: { path: "d/sub/file" } });
          await stage.commit();
        });
        await attempt(() => driver.setAttributes("d/file", { mtime: 1000, mode: 0o600 }));
        await attempt(() => driver.move(`d/sub/w${id}`, `d/moved${id}`));
        await attempt(() => driver.remove(`d/only-outside`));
        await attempt(() => driver.mkdir(`d/made${id}`, { mtime: 5 }));
        await attempt(() => driver.rmdir(`d/made${id}`));
        await attempt(() => driver.writeLink(`d/link${id}`, "x"));
        await attempt(async () => {
          const paths = await listPaths(driver, "", { recursive: true, onProblem: () => {} });
          expect(paths.filter((path) => path.includes("only-outside"))).toEqual([]);
        });
        await attempt(async () => {
          const entry = await driver.stat("d/file");
          if (entry !== undefined) expect(entry.size).toBe(6);
        });
      }
    };
    await Promise.all([0, 1, 2, 3].map(hammer));
    expect(child.exitCode).toBeNull();
    child.kill("SIGKILL");
    await ended;
    expect(tally.done).toBeGreaterThan(50);
    expect(tally.refused).toBeGreaterThan(50);
    expect(snapshot()).toBe(before);
    for (const name of readdirSync(root)) {
      if (name.startsWith("copy")) expect(readFileSync(join(root, name), "utf8")).toBe("inside");
    }
  });
});

describe("kill -9 at any point", () => {
  test(
    "leaves the old content or the new, and leftovers that removeStale removes",
    { timeout: 55_000 },
    async () => {
      const root = makeRoot();
      const other = makeRoot();
      const sizes = [10, 100_000, 3 * MIB];
      for (const [index, size] of sizes.entries()) {
        for (const fill of [1, 2])
          writeFileSync(join(other, `${index}-${fill}`), Buffer.alloc(size, fill));
      }
      const script = `
      const other = new FileDriver({ root: ${JSON.stringify(other)} });
      async function* stream(size, fill) {
        for (let at = 0; at < size; at += 50_000) yield Buffer.alloc(Math.min(50_000, size - at), fill);
      }
      // However slow the machine is: its threads are there now.
      await driver.write("bytes0", Buffer.alloc(10, 1));
      console.log("ready");
      await Promise.all(${JSON.stringify(sizes)}.map(async (size, index) => {
        for (let fill = 1; ; fill = 3 - fill) {
          await driver.copy({ driver: other, path: index + "-" + fill }, "copy" + index);
          await driver.write("bytes" + index, Buffer.alloc(size, fill));
          await driver.write("stream" + index, stream(size, fill));
          const stage = await driver.stage("stage" + index, size);
          await stage.write(0, Buffer.alloc(size, fill));
          await stage.commit();
          const base = { path: "stage" + index };
          await (await driver.stage("based" + index, size, { base })).commit();
        }
      }));`;
      const driver = openFileDriver(root);
      let leftovers = 0;
      for (let round = 0; round < 12; round++) {
        const child = startChild({ root, script });
        await new Promise((resolve) => child.stdout?.once("data", resolve));
        await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 300));
        child.kill("SIGKILL");
        await new Promise((resolve) => child.once("exit", resolve));
        for await (const page of driver.list("", { includeReserved: true })) {
          for (const { path } of page) {
            if (!path.startsWith(".omnisync-")) continue;
            leftovers++;
            expect(await driver.removeStale(path)).toBe(true);
          }
        }
        for (const name of readdirSync(root)) {
          const content = readFileSync(join(root, name));
          expect(content.byteLength).toBe(sizes[Number(name.at(-1))]);
          expect(new Set(content).size).toBe(1);
        }
      }
      expect(leftovers).toBeGreaterThan(0);
      expect(statSync(root).isDirectory()).toBe(true);
    },
  );
});

describe("a thread that dies", () => {
  test("fails its calls with internal, and the next call gets another", async () => {
    const root = makeRoot();
    writeFileSync(join(root, "a"), "x");
    const driver = openFileDriver(root);
    await driver.stat("a");
    const pool = acquirePool(true);
    onTestFinished(() => releasePool());
    for (const lane of pool.lanes) {
      // A call about no root at all is one that no thread survives.
      const poison = lane.call(undefined as never, "space", []);
      expect(await failure(poison)).toMatchObject({ code: "internal" });
    }
    const answers = await Promise.all(Array.from({ length: 10 }, () => driver.stat("a")));
    expect(answers.map((entry) => entry?.size)).toEqual(Array.from({ length: 10 }, () => 1));
    expect(pool.lanes.map((lane) => lane.load)).toEqual(pool.lanes.map(() => 0));
  });

  test("is not stopped in the middle: close waits for what was begun", async () => {
    const root = makeRoot();
    const driver = openFileDriver(root);
    const bytes = Buffer.alloc(MIB, 1);
    const writes = Array.from({ length: 20 }, (_, i) => driver.write(`f${i}`, bytes));
    await driver.close();
    const settled = await Promise.allSettled(writes);
    expect(settled.every(({ status }) => status === "fulfilled")).toBe(true);
    expect(readdirSync(root)).toHaveLength(20);
  });

  test("a write that was under way when the driver was closed leaves nothing", async () => {
    const root = makeRoot();
    const driver = openFileDriver(root);
    async function* stream(): AsyncIterable<Uint8Array> {
      for (let i = 0; i < 5; i++) {
        if (i === 3) await driver.close();
        yield Buffer.alloc(MIB);
      }
    }
    expect(await failure(driver.write("a", stream()))).toMatchObject({ code: "closed" });
    expect(readdirSync(root)).toEqual([]);
  });

  test("a process with an open driver ends by itself", async () => {
    const root = makeRoot();
    const child = startChild({ root, script: "await driver.stat('');", leaveOpen: true });
    const code = await new Promise((resolve) => child.once("exit", resolve));
    expect(code).toBe(0);
  });
});
