import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ABILITY_NAMES, type AbilityName, NO_CAPABILITIES } from "../../src/capabilities.ts";
import type { Driver } from "../../src/driver.ts";
import { disable } from "../../src/layers/index.ts";
import { comparePaths, orderKey } from "../../src/path.ts";
import { FullMemory, listAll, outcome, pattern } from "./layer-helpers.ts";

const METHODS: Partial<Record<AbilityName, readonly (keyof Driver)[]>> = {
  copy: ["copy"],
  move: ["move"],
  setAttributes: ["setAttributes"],
  symlinks: ["readLink", "writeLink"],
  multipart: ["multipart"],
  stage: ["stage"],
  readBlock: ["readBlock"],
  presign: ["presign"],
  removeMany: ["removeMany"],
  about: ["about"],
  versions: ["listVersions", "removeVersion"],
  watch: ["watch"],
};

describe("disable", () => {
  it.each(ABILITY_NAMES)(
    "%s: the capability says no, its methods are gone, all others stay",
    (ability) => {
      const inner = new FullMemory();
      const driver = disable(inner, ability);
      const extra = ability === "multipart" ? { copyPart: false } : {};
      expect(driver.capabilities).toEqual({
        ...inner.capabilities,
        [ability]: NO_CAPABILITIES[ability],
        ...extra,
      });
      for (const [name, methods] of Object.entries(METHODS)) {
        for (const method of methods) {
          expect([method, driver[method] === undefined]).toEqual([method, name === ability]);
        }
      }
    },
  );

  it("can switch off several, or all, at once", async () => {
    const inner = new FullMemory();
    const driver = disable(inner, ...ABILITY_NAMES);
    for (const name of ABILITY_NAMES) {
      expect(driver.capabilities[name]).toEqual(NO_CAPABILITIES[name]);
    }
    expect(driver.canCopyFrom).toBeUndefined();
    await driver.write("a", pattern(1));
    expect(await listAll(driver)).toHaveLength(1);
  });

  it("copyPart: the method of `multipart` throws `unsupported`; copies stay", async () => {
    const memory = new FullMemory();
    await memory.write("a", pattern(9));
    const driver = disable(memory, "copyPart");
    const upload = await driver.multipart!.create("b");
    const range = { offset: 0, length: 1 };
    const part = driver.multipart!.copyPart(upload, 1, { driver, path: "a" }, range);
    expect(await outcome(part)).toBe("unsupported");
    expect(driver.canCopyFrom!(memory)).toBe(true);
  });

  it("conditions: each one that is given throws `unsupported` and changes nothing", async () => {
    const memory = new FullMemory();
    const { etag: ifMatch } = await memory.write("a", pattern(4));
    const driver = disable(memory, "conditions");
    const source = { driver, path: "a", ifMatch };
    const upload = await driver.multipart!.create("c");
    const stage = await driver.stage!("d", 1);
    const calls: readonly (() => Promise<unknown>)[] = [
      () => driver.write("b", pattern(1), { ifNoneMatch: "*" }),
      () => driver.write("a", pattern(1), { ifMatch }),
      () => driver.remove("a", { ifMatch }),
      () => driver.copy!(source, "b"),
      () => driver.copy!({ driver, path: "a" }, "b", { ifNoneMatch: "*" }),
      () => driver.setAttributes!("a", { mtime: 1 }, { ifMatch }),
      () => driver.writeLink!("b", "a", { ifNoneMatch: "*" }),
      () => driver.multipart!.create("b", { ifNoneMatch: "*" }),
      () => driver.multipart!.copyPart(upload, 1, source, { offset: 0, length: 1 }),
      () => driver.multipart!.complete(upload, [], { ifNoneMatch: "*" }),
      () => stage.commit({ ifMatch }),
    ];
    for (const call of calls) expect(await outcome(call())).toBe("unsupported");
    expect((await listAll(memory)).map((entry) => entry.etag)).toEqual([ifMatch]);
    expect(await outcome(driver.read("a", { ifMatch: "other" }))).toBe("precondition-failed");
    expect(await outcome(driver.write("a", pattern(1)))).toBe("ok");
  });

  it("versions: each call that names one throws `unsupported` and changes nothing", async () => {
    const memory = new FullMemory();
    const { version } = await memory.write("a", pattern(4));
    await memory.write("a", pattern(5));
    const driver = disable(memory, "versions");
    const source = { driver, path: "a", version };
    const upload = await driver.multipart!.create("c");
    const range = { offset: 0, length: 1 };
    const calls: readonly (() => Promise<unknown>)[] = [
      () => driver.stat("a", { version }),
      () => driver.read("a", { version }),
      () => driver.copy!(source, "b"),
      () => driver.multipart!.copyPart(upload, 1, source, range),
    ];
    for (const call of calls) expect(await outcome(call())).toBe("unsupported");
    expect((await listAll(memory)).map((entry) => entry.size)).toEqual([5]);
  });

  const trees = fc.uniqueArray(fc.stringMatching(/^[a-c]{1,3}(\/[a-c]{1,2})?$/), { maxLength: 30 });
  const subsets = fc.subarray<AbilityName>(["orderedList", "resumableList", "completeList"]);

  it("listings: the same entries, whatever is off and wherever they start", async () => {
    await fc.assert(
      fc.asyncProperty(trees, subsets, fc.option(trees), async (paths, off, after) => {
        const memory = new FullMemory();
        for (const path of paths) await memory.write(path, pattern(1), { mtime: 1, mode: 0o600 });
        const startAfter = after?.[0];
        const driver = disable(memory, ...off);
        const byKey = (a: string, b: string): number => comparePaths(a, b);
        for (const recursive of [true, false]) {
          const keys = async (listed: Driver): Promise<readonly string[]> =>
            (await listAll(listed, { recursive, startAfter })).map(orderKey).sort(byKey);
          expect(await keys(driver)).toEqual(await keys(memory));
        }
      }),
    );
  });

  it("orderedList: shuffled over the whole listing, the same each time", async () => {
    const memory = new FullMemory();
    for (let n = 0; n < 2500; n++) await memory.write(`${n}`.padStart(5, "0"), pattern(1));
    const driver = disable(memory, "orderedList");
    const first = (await listAll(driver)).map((entry) => entry.path);
    expect(first).toEqual((await listAll(driver)).map((entry) => entry.path));
    const moved = first.filter((path, index) => Math.abs(Number(path) - index) > 1000).length;
    expect(moved).toBeGreaterThan(500);
    expect(new Set(first).size).toBe(2500);
  });

  it("completeList: no mtime, mode, content type or metadata, and it says so", async () => {
    const memory = new FullMemory();
    const attributes = { mtime: 1, mode: 0o600, contentType: "a/b", metadata: { k: "v" } };
    const written = await memory.write("a", pattern(1), attributes);
    const [entry] = await listAll(disable(memory, "completeList"));
    const { mtime: _1, mode: _2, contentType: _3, metadata: _4, ...rest } = written;
    expect(entry).toEqual({ ...rest, complete: false });
    expect(await disable(memory, "completeList").stat("a")).toEqual(written);
  });
});
