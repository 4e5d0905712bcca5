import { MemoryDriver, StorageError } from "@omnisync/storage";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { contentOf, createStore } from "../memory-store.ts";
import { lines, runCli } from "../run-cli.ts";

const FILES = { "a/one.txt": "one", "a/b/two.txt": "two", top: "top" };

describe("rm", () => {
  test("removes files", async () => {
    const { url, storage } = await createStore(FILES);
    expect(await runCli(["rm", `${url}/top`, `${url}/a/one.txt`])).toMatchObject({
      code: 0,
      stdout: "",
    });
    expect(await contentOf(storage)).toEqual({ "a/b/two.txt": "two" });
  });

  test("refuses a directory without -r, and removes nothing else either", async () => {
    const { url, storage } = await createStore(FILES);
    const { code, stderr } = await runCli(["rm", `${url}/top`, `${url}/a`]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^omnisync: memory:.*\/a: is a directory: give -r/);
    expect(await contentOf(storage)).toEqual(FILES);
  });

  test("-r removes a directory and what is in it, markers and reserved names too", async () => {
    const { url, storage } = await createStore({ ...FILES, "a/.omnisync/state": "s" });
    await storage.driver.mkdir?.("a/empty");
    expect((await runCli(["rm", "-r", `${url}/a`])).code).toBe(0);
    expect(await storage.exists("a")).toBe(false);
    expect(await contentOf(storage)).toEqual({ top: "top" });
  });

  test("of an object and a prefix of one name, a slash at the end means the prefix", async () => {
    const { url, storage } = await createStore({ a: "object", "a/x": "1", "a/b/y": "2", ab: "3" });
    await storage.driver.mkdir?.("a");
    const refused = await runCli(["rm", `${url}/a/`]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("a/: is a directory: give -r");
    const removed = await runCli(["rm", "-rv", `${url}/a/`]);
    expect(removed).toMatchObject({ code: 0, stderr: "" });
    expect(lines(removed.stdout).at(-1)).toBe(`removed ${url}/a/`);
    expect(await contentOf(storage)).toEqual({ a: "object", ab: "3" });
    expect(await storage.driver.stat("a", { directory: true })).toBe(undefined);
    const gone = await runCli(["rm", "-r", `${url}/a/`]);
    expect(gone.code).toBe(2);
    expect(gone.stderr).toContain("a/: is not a directory: leave out the slash at its end");
    expect(await contentOf(storage)).toEqual({ a: "object", ab: "3" });
  });

  test("of an object and a prefix of one name, no slash means the object", async () => {
    const { url, storage } = await createStore({ a: "object", "a/x": "1" });
    expect((await runCli(["rm", "-r", `${url}/a`])).code).toBe(0);
    expect(await contentOf(storage)).toEqual({ "a/x": "1" });
  });

  test("a missing location exits with 3 and removes nothing", async () => {
    const { url, storage } = await createStore(FILES);
    expect((await runCli(["rm", `${url}/top`, `${url}/nope`])).code).toBe(3);
    expect(await contentOf(storage)).toEqual(FILES);
  });

  test("refuses the root of a store without --force", async () => {
    const { url, storage } = await createStore(FILES);
    for (const argv of [
      ["rm", url],
      ["rm", "-r", url],
      ["rm", "--force", `${url}/`],
    ]) {
      const { code, stderr } = await runCli(argv);
      expect(code).toBe(2);
      expect(stderr).toContain("is the root of a store: give -r and --force");
    }
    expect(await contentOf(storage)).toEqual(FILES);
    expect((await runCli(["rm", "-r", "--force", url])).code).toBe(0);
    expect(await contentOf(storage)).toEqual({});
  });

  test("refuses the root of the local disk", async () => {
    expect((await runCli(["rm", "-r", "/"])).code).toBe(2);
    expect((await runCli(["rm", "-r", "file:///"])).code).toBe(2);
  });

  test("-n says what would go and removes nothing; -v says what goes", async () => {
    const { url, storage } = await createStore(FILES);
    const dry = await runCli(["rm", "-rn", `${url}/a`]);
    expect(lines(dry.stdout)).toEqual([
      `would remove ${url}/a/b/two.txt`,
      `would remove ${url}/a/one.txt`,
      `would remove ${url}/a/`,
    ]);
    expect(await contentOf(storage)).toEqual(FILES);
    const wet = await runCli(["rm", "-v", `${url}/top`]);
    expect(wet.stdout).toBe(`removed ${url}/top\n`);
  });

  test("-v tells of nothing that stayed, and what stays in one directory leaves no other", async () => {
    const { url, storage } = await createStore({ "a/b/locked": "1", "a/free": "2", "c/d": "3" });
    refuseToRemove("locked");
    const { code, stdout, stderr } = await runCli(["rm", "-rv", `${url}/a`, `${url}/c`]);
    expect(code).toBe(1);
    expect(lines(stdout)).toEqual([
      `removed ${url}/a/free`,
      `removed ${url}/c/d`,
      `removed ${url}/c/`,
    ]);
    expect(stderr).toContain("a/b/locked");
    expect(await contentOf(storage)).toEqual({ "a/b/locked": "1" });
  });

  test("-v tells of no file that stayed, and the others go", async () => {
    const { url } = await createStore({ locked: "1", free: "2" });
    refuseToRemove("locked");
    const { code, stdout } = await runCli(["rm", "-v", `${url}/locked`, `${url}/free`]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: `removed ${url}/free\n` });
  });
});

function refuseToRemove(name: string): void {
  const remove = MemoryDriver.prototype.remove;
  const spy = vi.spyOn(MemoryDriver.prototype, "remove").mockImplementation(function (
    this: MemoryDriver,
    path,
    options,
  ) {
    if (path.endsWith(name)) throw new StorageError("permission-denied", { path });
    return remove.call(this, path, options);
  });
  onTestFinished(() => spy.mockRestore());
}

describe("mkdir", () => {
  test("creates directories with those above; -p is accepted; twice is fine", async () => {
    const { url, storage } = await createStore();
    expect((await runCli(["mkdir", `${url}/x/y`])).code).toBe(0);
    expect((await runCli(["mkdir", "-p", `${url}/x/y`])).code).toBe(0);
    expect(await storage.stat("x/y")).toMatchObject({ kind: "directory" });
  });

  test("[ST-185] the root of a store that is there is left as it is, which is said", async () => {
    const { url, storage } = await createStore(FILES);
    expect(await runCli(["mkdir", url])).toMatchObject({
      code: 0,
      stderr: `${url}: exists already, left as it is\n`,
    });
    expect(await contentOf(storage)).toEqual(FILES);
  });
});

describe("cp", () => {
  test("copies a file to a new name, or into a directory", async () => {
    const { url, storage } = await createStore(FILES);
    expect((await runCli(["cp", `${url}/top`, `${url}/new`])).code).toBe(0);
    expect((await runCli(["cp", `${url}/top`, `${url}/a`])).code).toBe(0);
    expect((await runCli(["cp", `${url}/top`, `${url}/fresh/`])).code).toBe(0);
    expect(await contentOf(storage)).toEqual({
      ...FILES,
      new: "top",
      "a/top": "top",
      "fresh/top": "top",
    });
  });

  test("replaces content of equal size and time", async () => {
    const { url, storage } = await createStore({ from: "new", to: "old" });
    expect((await runCli(["cp", `${url}/from`, `${url}/to`])).code).toBe(0);
    expect(await contentOf(storage)).toEqual({ from: "new", to: "new" });
  });

  test("refuses a directory without -r; with it, slashes mean what they mean for sync", async () => {
    const source = await createStore(FILES);
    const target = await createStore();
    const refused = await runCli(["cp", `${source.url}/a`, target.url]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("is a directory: give -r");
    expect((await runCli(["cp", "-r", `${source.url}/a`, target.url])).code).toBe(0);
    expect(await contentOf(target.storage)).toEqual({ "a/one.txt": "one", "a/b/two.txt": "two" });
    expect((await runCli(["cp", "-r", `${source.url}/a/`, `${target.url}/z`])).code).toBe(0);
    expect(await contentOf(target.storage)).toMatchObject({
      "z/one.txt": "one",
      "z/b/two.txt": "two",
    });
  });

  test("-n changes nothing; a missing source exits with 3", async () => {
    const { url, storage } = await createStore(FILES);
    const dry = await runCli(["cp", "-n", `${url}/top`, `${url}/new`]);
    expect(dry).toMatchObject({ code: 0 });
    expect(dry.stdout).toContain("top");
    expect(await contentOf(storage)).toEqual(FILES);
    expect((await runCli(["cp", `${url}/nope`, `${url}/new`])).code).toBe(3);
  });
});

describe("mv", () => {
  test("renames files and directories, and moves into directories", async () => {
    const { url, storage } = await createStore(FILES);
    expect((await runCli(["mv", `${url}/top`, `${url}/renamed`])).code).toBe(0);
    expect((await runCli(["mv", `${url}/a/b`, `${url}/c`])).code).toBe(0);
    expect((await runCli(["mv", `${url}/renamed`, `${url}/c/`])).code).toBe(0);
    expect(await contentOf(storage)).toEqual({
      "a/one.txt": "one",
      "c/two.txt": "two",
      "c/renamed": "top",
    });
  });

  test("moves between stores by copying, and leaves nothing behind", async () => {
    const from = await createStore(FILES);
    const to = await createStore();
    await from.storage.driver.mkdir?.("a/empty");
    expect((await runCli(["mv", `${from.url}/a`, to.url])).code).toBe(0);
    expect((await runCli(["mv", `${from.url}/top`, `${to.url}/t`])).code).toBe(0);
    expect(await contentOf(from.storage)).toEqual({});
    expect(await from.storage.exists("a")).toBe(false);
    expect(await contentOf(to.storage)).toEqual({
      "a/one.txt": "one",
      "a/b/two.txt": "two",
      t: "top",
    });
  });

  test.each([
    ["into itself", "a", "a/b/c", 2, "cannot be moved into itself"],
    ["onto itself", "top", "top", 2, "the same place"],
    ["a directory over a full one", "a/b", "full/", 4, "is not empty"],
    ["a directory over a file", "a", "top", 2, "is not a directory"],
    ["a missing source", "nope", "x", 3, "no such file"],
  ])("refuses %s", async (_, from, to, code, text) => {
    const files = { ...FILES, "full/b/x": "x" };
    const { url, storage } = await createStore(files);
    const outcome = await runCli(["mv", `${url}/${from}`, `${url}/${to}`]);
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toContain(text);
    expect(await contentOf(storage)).toEqual(files);
  });

  test("refuses the root of a store", async () => {
    const { url } = await createStore(FILES);
    expect((await runCli(["mv", url, "memory://elsewhere/x"])).code).toBe(2);
  });
});
