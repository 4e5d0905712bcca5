/** Which calls hold up the thread that asks, and which are made in a thread of their own. */
import { type CallsExpected, type FileDriver, openDriver } from "@omnisync/storage";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { beforeEach, expect, test, vi } from "vitest";
import { failure, listPaths, makeRoot, openFileDriver, readText } from "./file-helpers.ts";

vi.mock("node:worker_threads", async (load) => {
  const real = await load<typeof import("node:worker_threads")>();
  return { ...real, Worker: vi.fn(real.Worker) };
});
beforeEach(() => void vi.mocked(Worker).mockClear());

const threads = (): number => vi.mocked(Worker).mock.calls.length;

function open(calls: CallsExpected | undefined): FileDriver {
  const root = makeRoot();
  mkdirSync(join(root, "sub"));
  writeFileSync(join(root, "file"), "content");
  return openFileDriver(root, { calls });
}

test("few calls: looks, small reads and one directory start no thread", async () => {
  const driver = open("few");
  expect((await driver.stat("file"))?.size).toBe(7);
  expect(await driver.stat("missing")).toBeUndefined();
  expect(await readText(driver, "file")).toBe("content");
  expect(await listPaths(driver, "", { recursive: false })).toEqual(["file", "sub/"]);
  expect(await failure(driver.read("sub"))).toMatchObject({ code: "is-a-directory" });
  expect(threads()).toBe(0);
});

test("few calls: what goes on, and what writes, is made in a thread", async () => {
  const driver = open("few");
  expect(await listPaths(driver)).toEqual(["file", "sub/"]);
  expect(threads()).toBe(1);
  await driver.write("new", Buffer.from("new"));
  expect(await readText(driver, "new")).toBe("new");
});

test("many calls: the thread starts at once, and a look does not wait for it", async () => {
  const driver = open("many");
  expect(threads()).toBe(1);
  const look = driver.stat("file").then(() => "look");
  const listing = listPaths(driver).then(() => "listing");
  expect(await Promise.race([look, listing])).toBe("look");
  await listing;
});

test("a look that is aborted before its turn is not made", async () => {
  const driver = open("few");
  const abort = new AbortController();
  const look = failure(driver.stat("file", { signal: abort.signal }));
  abort.abort();
  expect(await look).toMatchObject({ code: "aborted" });
});

test("a turn of the event loop lies between two pages of a long directory", async () => {
  const driver = open("few");
  for (let i = 0; i < 3000; i++) writeFileSync(join(driver.root, "sub", `f${i}`), "");
  let turns = 0;
  const ticking = setInterval(() => turns++, 0);
  try {
    expect(await listPaths(driver, "sub", {})).toHaveLength(3000);
  } finally {
    clearInterval(ticking);
  }
  expect(turns).toBeGreaterThan(0);
});

test("nothing said: every call is made in a thread", async () => {
  const driver = open(undefined);
  await driver.stat("file");
  expect(threads()).toBe(1);
});

test("openDriver passes on what is expected", async () => {
  const driver = await openDriver({ driver: "file", root: makeRoot() }, { calls: "few" });
  expect((await driver.stat(""))?.kind).toBe("directory");
  await driver.close();
  expect(threads()).toBe(0);
});
