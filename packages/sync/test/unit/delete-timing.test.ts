import { type Driver, type Entry, StorageError } from "@omnisync/storage";
import { Faults, disable, fault, onCall } from "@omnisync/storage/layers";
import { type SyncOptions, createFilter, sync } from "@omnisync/sync";
import { describe, expect, it } from "vitest";
import { T0, bytes, contents, place, recorder, storeWith } from "../stores.ts";

const DOWN = new StorageError("unavailable", { message: "down" });
const TIMINGS = ["before", "during", "delay", "after"] as const;

/** Listed in order whatever the store says of itself. */
function sorted(driver: Driver): Driver {
  return disable(driver, "orderedList");
}

/** A source that tells, when asked for its entries, that a part of it cannot be seen. */
function hiding(driver: Driver, path: string): Driver {
  const problem = new StorageError("permission-denied", { path });
  const list = driver.list.bind(driver);
  driver.list = async function* (directory, options) {
    for await (const page of list(directory, options)) {
      options?.onProblem?.(problem);
      yield page.filter((entry) => !entry.path.startsWith(`${path}/`));
    }
  };
  return driver;
}

describe.each(TIMINGS)("deleteTiming %s", (deleteTiming) => {
  const options = { delete: true, deleteTiming } satisfies SyncOptions;

  it("[SY-270] an incomplete listing of either side removes nothing", async () => {
    for (const side of ["source", "destination"] as const) {
      const [source, destination] = [
        await storeWith({ a: "1", "secret/x": "1" }),
        await storeWith({ a: "1", "secret/x": "1", z: "extra" }),
      ];
      hiding(side === "source" ? source : destination, "secret");
      const report = await sync(place(source), place(destination), options);
      expect(report).toMatchObject({ removed: 0, withheld: "incomplete-listing" });
      expect(await contents(destination)).toHaveProperty("z");
    }
  });

  it("[SY-270] a listing of the source that fails at any page never makes extras", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 2500 }, (_, i) => [`f${String(i).padStart(4, "0")}`, ""]),
    );
    for (let page = 1; page <= 6; page++) {
      const destination = await storeWith({ ...files });
      const faults = new Faults(onCall(page, { kind: "fail-before", error: DOWN }, "list"));
      const source = fault(await storeWith(files), faults);
      await sync(place(source), place(destination), options).catch((error: unknown) => {
        expect(error).toMatchObject({ code: "unavailable" });
      });
      expect(Object.keys(await contents(destination))).toHaveLength(2500);
    }
  });

  it("[SY-270] an empty source removes nothing", async () => {
    const destination = await storeWith({ a: "1", "b/c": "2" });
    const report = await sync(place(await storeWith()), place(destination), options);
    expect(report).toMatchObject({ withheld: "empty-source", removed: 0, withheldCount: 2 });
    const meant = { ...options, allowEmptySource: true };
    await sync(place(await storeWith()), place(destination), meant);
    expect(await contents(destination)).toEqual({});
  });

  it("[SY-54] maxDelete removes all or nothing", async () => {
    const destination = await storeWith({ a: "1", b: "2", "c/d": "3", "e/f": "4" });
    const source = await storeWith({ a: "1" });
    const report = await sync(place(source), place(destination), { ...options, maxDelete: 2 });
    expect(report).toMatchObject({ withheld: "too-many-deletes", removed: 0, withheldCount: 3 });
    expect(Object.keys(await contents(destination))).toHaveLength(4);
  });

  it("[SY-273] with maxDeleteMode stop removes as many, and says that it stopped", async () => {
    const destination = await storeWith({ a: "1", b: "2", "c/d": "3", "e/f": "4" });
    const source = await storeWith({ a: "1" });
    const stop = { ...options, maxDelete: 2, maxDeleteMode: "stop" } as const;
    const report = await sync(place(source), place(destination), stop);
    expect(report).toMatchObject({ withheld: "too-many-deletes", removed: 2, withheldCount: 1 });
    expect(Object.keys(await contents(destination))).toHaveLength(2);
  });

  it("[SY-274] with ignoreErrors removes in spite of failures, but not what could not be seen", async () => {
    const source = hiding(await storeWith({ a: "1", "secret/x": "1" }), "secret");
    const destination = await storeWith({ a: "1", "secret/x": "1", z: "extra" });
    const report = await sync(place(source), place(destination), {
      ...options,
      ignoreErrors: true,
    });
    expect(report).toMatchObject({ removed: 1, withheldCount: 1, withheld: "incomplete-listing" });
    expect(await contents(destination)).toEqual({ a: "1", "secret/x": "1" });
  });

  it("[SY-51] leaves what the source has, whatever lies around it", async () => {
    const kept = { "b/c/d": "1", "b/x": "2", f: "3", z: "4" };
    const destination = await storeWith({
      ...kept,
      "a/": "",
      "a/b/c": "x",
      "b/c-d/e": "x",
      "b/c/a": "x",
      "b/c.": "x",
      "f-/g/h": "x",
      "f-/g/": "",
      "y/": "",
      zz: "x",
    });
    const source = await storeWith({ ...kept, "f.": "5" });
    const { onEvent, lines } = recorder();
    const [from, to] = [place(sorted(source)), place(sorted(destination))];
    const report = await sync(from, to, { ...options, onEvent });
    expect(report).toMatchObject({ failed: 0, created: 1 });
    expect(await contents(destination)).toEqual({ ...kept, "f.": "5" });
    const at = (line: string): number => lines().indexOf(line);
    expect(at("a/b/c: remove (extra)")).toBeLessThan(at("a: remove (extra)"));
    const [copied, first, last] = ["f.: copy (new)", "a: remove (extra)", "zz: remove (extra)"].map(
      at,
    ) as [number, number, number];
    if (deleteTiming === "before") expect(last).toBeLessThan(copied);
    else if (deleteTiming === "during") expect(first).toBeLessThan(copied);
    else expect(copied).toBeLessThan(first);
  });

  it("[SY-70] a dry run says the same and changes nothing", async () => {
    const scene = { a: "old", "x/y": "1", z: "2" };
    const [real, dry] = [await storeWith(scene), await storeWith(scene)];
    const source = await storeWith({ a: "newer", n: "1" });
    const [said, meant] = [recorder(), recorder()];
    await sync(place(source), place(real), { ...options, onEvent: said.onEvent });
    await sync(place(source), place(dry), { ...options, dryRun: true, onEvent: meant.onEvent });
    expect(meant.lines().toSorted()).toEqual(said.lines().toSorted());
    expect(await contents(dry)).toEqual(scene);
  });

  it("[SY-211] takes names that can be read only once", async () => {
    const source = await storeWith({ "d/a": "1", e: "1" });
    const destination = await storeWith({ "d/a": "1", "d/x": "2", e: "1", y: "2" });
    async function* names(): AsyncIterable<string> {
      yield "d";
    }
    await sync(place(source), place(destination), { ...options, files: names() });
    expect(await contents(destination)).toEqual({ "d/a": "1", e: "1", y: "2" });
  });

  it("[SY-14] leaves what a rule protects, and takes it with deleteExcluded", async () => {
    const scene = { "a.log": "1", "d/b.log": "2", c: "3" };
    const filter = createFilter({ exclude: ["*.log"] });
    const source = await storeWith({ k: "1" });
    const destination = await storeWith(scene);
    await sync(place(source), place(destination), { ...options, filter });
    expect(await contents(destination)).toEqual({ k: "1", "a.log": "1", "d/b.log": "2" });
    await sync(place(source), place(destination), { ...options, filter, deleteExcluded: true });
    expect(await contents(destination)).toEqual({ k: "1" });
  });

  it("[SY-275] a move's own sources are no extras", async () => {
    const source = await storeWith({ a: "1", "b/c": "2", "b/d": "same" });
    const destination = await storeWith({ "b/d": "same", "b/x": "extra", y: "extra" });
    const report = await sync(place(source), place(destination), { ...options, move: true });
    expect(report).toMatchObject({ failed: 0, sourcesRemoved: 3, removed: 2 });
    expect(await contents(destination)).toEqual({ a: "1", "b/c": "2", "b/d": "same" });
  });

  it("[SY-275] a second move of nothing but directories removes nothing", async () => {
    const source = await storeWith({ "b/": "", "b/c": "2" });
    const destination = await storeWith({});
    await sync(place(source), place(destination), { ...options, move: true });
    const again = await sync(place(source), place(destination), { ...options, move: true });
    expect(again).toMatchObject({ removed: 0, withheld: "empty-source" });
    expect(await contents(destination)).toHaveProperty("b/c", "2");
  });
});

describe("during", () => {
  it("[SY-271] stops removing at the first failure", async () => {
    const faults = new Faults(onCall(1, { kind: "fail-before", error: DOWN }, "write"));
    const destination = await storeWith({ "a/x": "extra", "z/x": "extra" });
    const source = await storeWith({ b: "1", y: "2" });
    const [from, to] = [place(sorted(source)), place(sorted(fault(destination, faults)))];
    const report = await sync(from, to, { delete: true, deleteTiming: "during" });
    expect(report).toMatchObject({ removed: 1, withheldCount: 1, withheld: "failures" });
    expect(await contents(destination)).toHaveProperty("z/x");
  });

  it("[SY-16] [SY-271] removes nothing by a listing that turns out not to be in order", async () => {
    const files = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`f${1e6 + i}`, ""]));
    const [source, destination] = [
      await storeWith(files),
      await storeWith({ ...files, "a/b": "" }),
    ];
    const list = source.list.bind(source);
    source.list = async function* (directory, given) {
      const late: Entry = { path: "a/b", kind: "file", size: 0, complete: true };
      for await (const page of list(directory, given)) yield page;
      yield [late];
    };
    const run = sync(place(source), place(destination), { delete: true, deleteTiming: "during" });
    await expect(run).rejects.toMatchObject({ code: "unsupported" });
    expect(await contents(destination)).toHaveProperty("a/b");
  });

  it("removes more extras than fit into memory at once", async () => {
    const extras = Object.fromEntries(Array.from({ length: 25_000 }, (_, i) => [`x/${i}`, ""]));
    const destination = await storeWith({ ...extras, "x/": "", a: "1", z: "1" });
    const source = await storeWith({ a: "1", z: "1" });
    for (const deleteTiming of ["during"] as const) {
      const report = await sync(place(source), place(destination), { delete: true, deleteTiming });
      expect(report).toMatchObject({ removed: 25_001 });
    }
    expect(await contents(destination)).toEqual({ a: "1", z: "1" });
  });
});

describe("an extra that is another name of one that went", () => {
  it("[SY-55] goes too, though its etag changed; one that was touched stays", async () => {
    const destination = await storeWith({ a: "1", "x/one": "11", "x/two": "22" });
    const remove = destination.remove.bind(destination);
    destination.remove = async (path, options) => {
      await remove(path, options);
      if (path !== "x/two") return;
      await destination.write("x/one", bytes("11"), { mtime: T0 });
    };
    const source = await storeWith({ a: "1" });
    const report = await sync(place(source), place(destination), { delete: true });
    expect(report).toMatchObject({ removed: 2, failed: 0 });
  });
});
