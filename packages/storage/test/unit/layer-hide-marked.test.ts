import { describe, expect, it } from "vitest";
import type { Entry, ListOptions, ReadOptions, ReadResult } from "../../src/index.ts";
import { FileDriver, MemoryDriver, StorageError } from "../../src/index.ts";
import { Faults, disable, fault, hideMarked, isMarked, readOnly } from "../../src/layers/index.ts";
import { bytesOf, makeRoot } from "./file-helpers.ts";
import { SmallSteps, listAll, outcome, readAll } from "./layer-helpers.ts";

const magic = Uint8Array.of(0x89, 0x4f, 0x53, 0x0a);
const mark = { suffix: ".sig", magic };
const ours = Uint8Array.of(...magic, 1, 2, 3);

/** Counts its reads, and how many there are at once. */
class Counted extends MemoryDriver {
  reads = 0;
  atOnce = 0;
  most = 0;

  override async read(path: string, options?: ReadOptions): Promise<ReadResult> {
    this.reads++;
    this.most = Math.max(this.most, ++this.atOnce);
    await new Promise(setImmediate);
    this.atOnce--;
    return super.read(path, options);
  }
}

async function filled<T extends MemoryDriver>(memory: T): Promise<T> {
  await memory.write("a", bytesOf("a"));
  await memory.write("a.sig", ours);
  await memory.write("exact.sig", magic);
  await memory.write("dir/b.sig", ours);
  await memory.write("dir/b.sig.txt", ours);
  await memory.write("short.sig", magic.subarray(1));
  await memory.write("user.sig", bytesOf("their own"));
  await memory.write(".omnisync/kept.sig", ours);
  await memory.writeLink("link.sig", "a-target-that-is-long");
  await memory.mkdir("folder.sig");
  return memory;
}

const OTHERS = ["a", "dir/b.sig.txt", "folder.sig", "link.sig", "short.sig", "user.sig"];
const names = async (...args: Parameters<typeof listAll>): Promise<string[]> =>
  (await listAll(...args)).map(({ path }) => path);

describe("hideMarked", () => {
  it("[ST-276] hides what has the suffix and begins with the mark, and nothing else", async () => {
    const memory = await filled(new MemoryDriver());
    const driver = hideMarked(memory, mark);
    expect(await names(driver)).toEqual(OTHERS);
    expect(await names(driver, { recursive: false })).toEqual([
      "a",
      "dir",
      "folder.sig",
      "link.sig",
      "short.sig",
      "user.sig",
    ]);
    const all = { includeReserved: true };
    expect(await listAll(driver, all)).toEqual(await listAll(memory, all));
    expect(await listAll(hideMarked(driver, { ...mark, suffix: ".txt" }))).toHaveLength(5);
  });

  it("[ST-276] leaves every call that names a file as it is", async () => {
    const memory = await filled(new MemoryDriver());
    const driver = hideMarked(memory, mark);
    expect(await driver.stat("a.sig")).toEqual(await memory.stat("a.sig"));
    expect(await readAll(driver, "a.sig")).toEqual(ours);
    await driver.copy!({ driver, path: "a.sig" }, "copy");
    await driver.remove("a.sig");
    await driver.removeMany!(["dir/b.sig"]);
    expect(await memory.stat("a.sig")).toBeUndefined();
    expect(await memory.stat("dir/b.sig")).toBeUndefined();
  });

  it("[ST-276] tells of a file that was named what a listing would do with it", async () => {
    const memory = await filled(new Counted());
    const hidden: string[] = [];
    for (const entry of await listAll(memory, { includeReserved: true }))
      if (await isMarked(memory, mark, entry)) hidden.push(entry.path);
    expect(hidden).toEqual(["a.sig", "dir/b.sig", "exact.sig"]);
    expect(memory.reads).toBe(4);
  });

  it.each([1, 2, 3])("[ST-276] whatever the pages: %i entries each", async (page) => {
    const memory = await filled(new SmallSteps());
    memory.page = page;
    expect(await names(hideMarked(memory, mark))).toEqual(OTHERS);
    expect(memory.open).toBe(0);
  });

  it.each(["not-found", "permission-denied", "unavailable", "precondition-failed"] as const)(
    "[ST-276] a file whose beginning is %s stays listed, and is asked again",
    async (code) => {
      const memory = await filled(new MemoryDriver());
      const faults = new Faults(({ operation, path }) =>
        operation === "read" && path === "a.sig"
          ? { kind: "fail-before", error: new StorageError(code) }
          : undefined,
      );
      const driver = hideMarked(fault(memory, faults), mark);
      expect(await names(driver)).toEqual(["a", "a.sig", ...OTHERS.slice(1)]);
      faults.plan = () => undefined;
      expect(await names(driver)).toEqual(OTHERS);
    },
  );

  it("[ST-276] a file that was replaced since it was listed stays listed", async () => {
    class Replacing extends MemoryDriver {
      override async *list(
        directory: string,
        options?: ListOptions,
      ): AsyncIterable<readonly Entry[]> {
        for await (const page of super.list(directory, options)) {
          await this.write("a.sig", ours);
          yield page;
        }
      }
    }
    const driver = hideMarked(await filled(new Replacing()), mark);
    expect(await names(driver)).toContain("a.sig");
  });

  it("[ST-276] an abort ends the listing, and a listing that fails is no shorter one", async () => {
    const memory = await filled(new Counted());
    const abort = new AbortController();
    const listing = listAll(hideMarked(memory, mark), { signal: abort.signal });
    setImmediate(() => abort.abort());
    expect(await outcome(listing)).toBe("aborted");
    await memory.close();
    expect(await outcome(listAll(hideMarked(memory, mark)))).toBe("closed");
  });

  it("[ST-277] asks once for each content, and of no other name", async () => {
    const memory = await filled(new Counted());
    const driver = hideMarked(memory, mark);
    await names(driver);
    expect(memory.reads).toBe(4);
    await names(driver);
    expect(memory.reads).toBe(4);
    await memory.write("user.sig", ours);
    await memory.write("a.sig", bytesOf("now theirs"));
    expect(await names(driver)).toEqual(["a", "a.sig", ...OTHERS.slice(1, -1)]);
    expect(memory.reads).toBe(6);
    const others = hideMarked(memory, { ...mark, suffix: ".none" });
    expect(await listAll(others)).toEqual(await listAll(memory));
    expect(memory.reads).toBe(6);
  });

  it("[ST-277] asks a few at a time, and again where listings tell no ETag", async () => {
    class WithoutEtags extends Counted {
      override async *list(...given: Parameters<Counted["list"]>): AsyncIterable<readonly Entry[]> {
        for await (const page of super.list(...given))
          yield page.map((entry) => ({ ...entry, etag: undefined }));
      }
    }
    const memory = new WithoutEtags();
    for (let n = 0; n < 100; n++) await memory.write(`${n}.sig`, ours);
    const driver = hideMarked(memory, mark);
    expect(await names(driver)).toEqual([]);
    expect(await names(driver)).toEqual([]);
    expect(memory.reads).toBe(200);
    expect(memory.most).toBeLessThanOrEqual(8);
  });

  it("[ST-276] on a disk, through links, and under other layers", async () => {
    const driver = new FileDriver({ root: makeRoot() });
    await driver.write("a.sig", ours);
    await driver.write("user.sig", bytesOf("their own"));
    await driver.writeLink("link.sig", "a.sig");
    const hiding = hideMarked(driver, mark);
    expect(await names(hiding)).toEqual(["link.sig", "user.sig"]);
    expect(await names(hiding.followLinks!({ which: "all" }))).toEqual(["user.sig"]);
    expect(await names(readOnly(disable(hiding, "orderedList")))).toHaveLength(2);
    await driver.close();
  });
});
