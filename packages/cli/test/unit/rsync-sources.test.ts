/** Several sources seen as one, and a destination of which only what they reach is seen. */
import {
  type Driver,
  type Entry,
  type ListOptions,
  MemoryDriver,
  isPruned,
} from "@omnisync/storage";
import { intercept } from "@omnisync/storage/layers";
import { expect, test } from "vitest";
import { narrowedDestination } from "../../src/rsync/narrowed-destination.ts";
import { type Graft, emptyTree, sourceTree } from "../../src/rsync/source-tree.ts";
import { createStore } from "../memory-store.ts";

async function storeOf(files: Readonly<Record<string, string>>): Promise<Driver> {
  const { storage } = await createStore(files);
  return storage.driver;
}

async function pathsOf(driver: Driver): Promise<readonly string[]> {
  const entries: Entry[] = [];
  for await (const page of driver.list("", { recursive: true })) entries.push(...page);
  return entries.map(({ path }) => path);
}

async function graft(driver: Driver, at: string, more: Partial<Graft> = {}): Promise<Graft> {
  const entry = (await driver.stat(more.path ?? "")) as Entry;
  return { at, driver, path: "", entry, reach: "all", ...more };
}

async function contentOf(driver: Driver, path: string): Promise<string> {
  const { body } = await driver.read(path);
  let text = "";
  for await (const chunk of body) text += Buffer.from(chunk).toString();
  return text;
}

test("sources are merged in order, and the first counts where paths are equal", async () => {
  const one = await storeOf({ "b/x": "one", d: "d" });
  const two = await storeOf({ a: "a", "b/x": "two", "b/y": "y" });
  const tree = sourceTree([await graft(one, ""), await graft(two, "")]);
  expect(await pathsOf(tree)).toEqual(["a", "b/x", "b/y", "d"]);
  expect(await contentOf(tree, "b/x")).toBe("one");
  expect(await contentOf(tree, "b/y")).toBe("y");
  await expect(tree.read("nowhere")).rejects.toMatchObject({ code: "not-found" });
  await expect(tree.write("a", Buffer.from(""))).rejects.toMatchObject({ code: "unsupported" });
});

test("a source lies under its path, whole, with its entries, or by itself", async () => {
  const store = await storeOf({ f: "f", "d/g": "g" });
  const all = sourceTree([await graft(store, "x/y")]);
  expect(await pathsOf(all)).toEqual(["x/y", "x/y/d/g", "x/y/f"]);
  expect(await all.stat("x/y/d/g")).toMatchObject({ path: "x/y/d/g", size: 1 });
  const entries = sourceTree([await graft(store, "x", { reach: "entries" })]);
  expect(await pathsOf(entries)).toEqual(["x", "x/d", "x/f"]);
  const itself = sourceTree([await graft(store, "x", { reach: "itself" })]);
  expect(await pathsOf(itself)).toEqual(["x"]);
  expect(await itself.stat("x/f")).toBeUndefined();
});

test("what need not be listed is passed on to each source, as its paths are there", async () => {
  const store = await storeOf({ "in/f": "f", "in/d/g": "g" });
  const asked: ListOptions[] = [];
  const watched = intercept(store, {
    rewrap: (view) => view,
    methods: {
      list: (path: string, options: ListOptions = {}) => {
        asked.push(options);
        return store.list(path, options);
      },
    },
  });
  const tree = sourceTree([await graft(watched, "x/y", { path: "in" })]);
  const rules = [{ enter: false, subject: "path" as const, expression: /^top\/x\/y\/d$/ }];
  let left: string | undefined = "x/y/d";
  const leave = (): string | undefined => left;
  const prune = { before: "top/", rules };
  await Array.fromAsync(tree.list("", { recursive: true, prune, leave }));
  expect(isPruned(asked[0]!.prune!, "d")).toBe(true);
  expect(isPruned(asked[0]!.prune!, "x/y/d")).toBe(false);
  expect(asked[0]!.leave!()).toBe("in/d");
  left = "x/other";
  expect(asked[0]!.leave!()).toBeUndefined();
  left = undefined;
  expect(asked[0]!.leave!()).toBeUndefined();
});

test("removing a source removes it where it lies", async () => {
  const store = await storeOf({ f: "f" });
  const tree = sourceTree([await graft(store, "x")]);
  await tree.remove("x/f");
  expect(await store.stat("f")).toBeUndefined();
});

test("an empty tree holds nothing, and is a directory", async () => {
  const tree = emptyTree(new MemoryDriver());
  expect(await pathsOf(tree)).toEqual([]);
  expect(await tree.stat("")).toMatchObject({ kind: "directory" });
});

test("of a destination only the paths in question are listed, in order and once", async () => {
  const store = await storeOf({ "a/1": "", "a/2": "", "a.b": "", "b/1": "", "c/d/e": "" });
  const seen = narrowedDestination(store, [
    { path: "c/d", reach: "all" },
    { path: "a", reach: "all" },
    { path: "a.b", reach: "all" },
    { path: "a/1", reach: "all" },
    { path: "missing", reach: "all" },
  ]);
  const paths = await pathsOf(seen);
  expect(paths.filter((path) => !["a", "c/d"].includes(path))).toEqual([
    "a.b",
    "a/1",
    "a/2",
    "c/d/e",
  ]);
});
