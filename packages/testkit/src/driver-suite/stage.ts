import { hashBytes } from "@omnisync/storage";
import { expect } from "vitest";
import {
  NOT_BYTES,
  bytesOf,
  expectBytes,
  expectOnly,
  expectStatOf,
  forEachOf,
  get,
  getText,
  listNames,
  noise,
  put,
  refused,
  visible,
} from "./content.ts";
import type { Suite } from "./suite.ts";

const SIZE = 3_000_001;
const PIECE = 200_000;

export function addStageTests(suite: Suite): void {
  const { capabilities } = suite;
  if (!capabilities.stage) return;

  suite.test("ST-170 ST-173", "pieces out of order and at once", async ({ driver }) => {
    const whole = noise(SIZE);
    const stage = await driver.stage!("dir/file", SIZE);
    const offsets = Array.from({ length: Math.ceil(SIZE / PIECE) }, (_, i) => i * PIECE);
    await forEachOf(offsets.toReversed(), 4, (offset) =>
      stage.write(offset, whole.subarray(offset, offset + PIECE)),
    );
    for (const name of ["blake3", "sha256", "md5"] as const) {
      const range = { offset: PIECE - 5, length: PIECE + 11 };
      expect(await stage.hash(name, range)).toBe(
        hashBytes(name, whole.subarray(range.offset, range.offset + range.length)),
      );
    }
    const mtime = Date.UTC(2012, 11, 12);
    const entry = await stage.commit({ mtime });
    expect(entry).toMatchObject({ path: "dir/file", kind: "file", size: SIZE });
    if (capabilities.mtimePrecision !== undefined) expect(entry.mtime).toBe(mtime);
    await expectStatOf(driver, entry);
    expectBytes(await get(driver, "dir/file"), whole);
    expect(await visible(driver)).toEqual(["dir/file"]);
  });

  suite.test("ST-170", "written twice, written nowhere, and empty", async ({ driver }) => {
    const stage = await driver.stage!("file", 6);
    await stage.write(1, bytesOf("xxx"));
    await stage.write(2, bytesOf("yyy"));
    await stage.commit();
    expect(await getText(driver, "file")).toBe("\0xyyy\0");
    const empty = await driver.stage!("empty", 0);
    await empty.commit();
    expect(await driver.stat("empty")).toMatchObject({ kind: "file", size: 0 });
  });

  suite.test("ST-7", "ranges that are not bytes", async ({ driver }) => {
    const stage = await driver.stage!("file", 4);
    for (const odd of NOT_BYTES) await refused(stage.write(0, odd), "invalid-argument");
    await stage.commit();
    expect(await getText(driver, "file")).toBe("\0\0\0\0");
  });

  suite.test(
    "ST-171",
    "nothing is visible before commit, nothing left after abort",
    async ({ driver, reopen }) => {
      const reader = await reopen();
      await put(driver, "file", "old");
      for (const path of ["file", "new/file"]) {
        const stage = await driver.stage!(path, 10);
        await stage.write(0, bytesOf("half "));
        expect(await getText(reader, "file")).toBe("old");
        expect(await reader.stat("new/file")).toBeUndefined();
        const names = await listNames(reader, "", { recursive: true });
        expect(names.filter((name) => !name.endsWith("/"))).toEqual(["file"]);
        await stage.abort();
      }
      await expectOnly(driver, "file", "old");
    },
  );

  suite.test(
    "ST-172",
    "outside the announced size, and sizes that are none",
    async ({ driver }) => {
      for (const size of [-1, 1.5, NaN])
        await refused(driver.stage!("file", size), "invalid-argument");
      const stage = await driver.stage!("file", 10);
      await refused(stage.write(8, bytesOf("xxx")), "invalid-argument");
      await refused(stage.write(-1, bytesOf("x")), "invalid-argument");
      await refused(stage.write(10, bytesOf("x")), "invalid-argument");
      await stage.write(0, bytesOf("0123456789"));
      await stage.commit();
      await expectOnly(driver, "file", "0123456789");
    },
  );

  suite.test("ST-174", "after commit, and after abort", async ({ driver }) => {
    const committed = await driver.stage!("file", 1);
    await committed.write(0, bytesOf("x"));
    await committed.commit();
    await committed.abort();
    const aborted = await driver.stage!("other", 1);
    await aborted.abort();
    await aborted.abort();
    for (const stage of [committed, aborted]) {
      await refused(stage.write(0, bytesOf("y")), "closed");
      await refused(stage.hash("md5", { offset: 0, length: 1 }), "closed");
      await refused(stage.commit(), "closed");
    }
    await expectOnly(driver, "file", "x");
  });

  suite.test("ST-175", "conditions, sizes and hashes at commit", async ({ driver }) => {
    await put(driver, "file", "old");
    const stage = await driver.stage!("file", 3);
    await stage.write(0, bytesOf("new"));
    await refused(stage.commit({ size: 4 }), "corrupt");
    await expectNotCommitted();
    const { create } = capabilities.conditions;
    const second = await driver.stage!("file", 3);
    await second.write(0, bytesOf("new"));
    const code = create ? "precondition-failed" : "unsupported";
    await refused(second.commit({ ifNoneMatch: "*" }), code);
    await expectNotCommitted();
    await second.abort();
    await stage.abort();
    await expectOnly(driver, "file", "old");

    async function expectNotCommitted(): Promise<void> {
      expect(await getText(driver, "file")).toBe("old");
    }
  });

  suite.test("ST-176", "going on with what was left", async ({ driver, reopen }) => {
    const whole = noise(SIZE);
    const half = { offset: 0, length: PIECE };
    const stage = await driver.stage!("dir/file", SIZE);
    await stage.write(0, whole.subarray(0, PIECE));
    if (stage.leftover === undefined) return stage.abort();
    expect(stage.leftover.resumed).toBe(false);
    const { path } = stage.leftover;
    await stage.leftover.keep();
    await refused(stage.write(0, whole), "closed");
    expect(await listNames(driver, "dir")).toEqual([]);

    const other = await driver.stage!("dir/file", SIZE + 1, { resume: path });
    expect(other.leftover?.resumed).toBe(false);
    await other.abort();
    const again = await (await reopen()).stage!("dir/file", SIZE, { resume: path });
    expect(again.leftover?.resumed).toBe(true);
    expect(await again.hash("md5", half)).toBe(hashBytes("md5", whole.subarray(0, PIECE)));
    const second = await driver.stage!("dir/file", SIZE, { resume: path });
    expect(second.leftover?.resumed).toBe(false);
    await second.abort();
    await again.write(PIECE, whole.subarray(PIECE));
    const mode = capabilities.mode ? 0o640 : undefined;
    expect(await again.commit({ mode })).toMatchObject({ size: SIZE, ...(mode && { mode }) });
    expectBytes(await get(driver, "dir/file"), whole);
    expect(await visible(driver)).toEqual(["dir/file"]);
  });

  suite.test("ST-273", "begins with a base, longer and shorter", async ({ driver }) => {
    const old = noise(SIZE);
    await driver.write("dir/old", old);
    const base = { path: "dir/old", ifMatch: (await driver.stat("dir/old"))!.etag };
    for (const [path, size] of [
      ["dir/new", SIZE],
      ["shorter", SIZE - PIECE],
      ["longer", SIZE + PIECE],
      ["empty", 0],
    ] as const) {
      const expected = new Uint8Array(size);
      expected.set(old.subarray(0, size));
      const stage = await driver.stage!(path, size, { base, hash: "blake3" });
      if (size > 0) {
        const piece = noise(PIECE, 2);
        await stage.write(PIECE + 1, piece);
        expected.set(piece, PIECE + 1);
        await stage.write(size - 1, bytesOf("x"));
        expected.set(bytesOf("x"), size - 1);
      }
      const range = { offset: 0, length: size };
      expect(await stage.hash("blake3", range)).toBe(hashBytes("blake3", expected));
      expect(await driver.stat(path)).toBeUndefined();
      expect(await stage.commit({ size })).toMatchObject({ path, size });
      expectBytes(await get(driver, path), expected);
    }
    expectBytes(await get(driver, "dir/old"), old);
    expect(await driver.stat("dir/old")).toMatchObject({ etag: base.ifMatch });
  });

  suite.test("ST-273", "the base is what is replaced", async ({ driver }) => {
    await put(driver, "file", "0123456789");
    const base = { path: "file" };
    const first = await driver.stage!("file", 8, { base });
    await first.write(2, bytesOf("ab"));
    await first.abort();
    await expectOnly(driver, "file", "0123456789");
    const second = await driver.stage!("file", 12, { base });
    await second.write(2, bytesOf("ab"));
    expect(await getText(driver, "file")).toBe("0123456789");
    await second.commit();
    await expectOnly(driver, "file", "01ab456789\0\0");
  });

  suite.test("ST-274", "a base that is none", async ({ driver }) => {
    await put(driver, "dir/file", "old");
    const stage = (path: string, ifMatch?: string): Promise<unknown> =>
      driver.stage!("new/file", 3, { base: { path, ifMatch } });
    await refused(stage("missing"), "not-found");
    await refused(stage("../file"), "invalid-path");
    await refused(stage("dir/file", "other"), "precondition-failed");
    await refused(stage("dir"), "is-a-directory", "not-found");
    if (driver.writeLink !== undefined) {
      await driver.writeLink("link", "dir/file");
      await refused(stage("link"), "unsupported");
      await driver.remove("link");
    }
    const signal = AbortSignal.abort();
    await refused(driver.stage!("new/file", 3, { base: { path: "dir/file" }, signal }), "aborted");
    await expectOnly(driver, "dir/file", "old");
  });

  suite.test("ST-274", "what is gone on with needs no base", async ({ driver }) => {
    await put(driver, "old", "old");
    const stage = await driver.stage!("file", 6, { base: { path: "old" } });
    await stage.write(1, bytesOf("x"));
    if (stage.leftover === undefined) return stage.abort();
    const { path: resume } = stage.leftover;
    await stage.leftover.keep();
    const again = await driver.stage!("file", 6, { base: { path: "missing" }, resume });
    expect(again.leftover?.resumed).toBe(true);
    await again.write(3, bytesOf("new"));
    await again.commit();
    expect(await getText(driver, "file")).toBe("oxdnew");
    const anew = await driver.stage!("file", 3, { base: { path: "old" }, resume });
    expect(anew.leftover?.resumed).toBe(false);
    await anew.commit();
    expect(await getText(driver, "file")).toBe("old");
  });

  suite.test("ST-1", "two stages of one path", async ({ driver }) => {
    const [one, two] = await Promise.all([driver.stage!("file", 3), driver.stage!("file", 3)]);
    await Promise.all([one.write(0, bytesOf("one")), two.write(0, bytesOf("two"))]);
    await one.commit();
    expect(await getText(driver, "file")).toBe("one");
    await two.commit();
    await expectOnly(driver, "file", "two");
  });

  suite.test("ST-3", "aborted", async ({ driver }) => {
    const signal = AbortSignal.abort();
    await refused(driver.stage!("file", 1, { signal }), "aborted");
    const stage = await driver.stage!("file", 1);
    await refused(stage.write(0, bytesOf("x"), { signal }), "aborted");
    await refused(stage.commit({ signal }), "aborted");
    await stage.abort();
    expect(await visible(driver)).toEqual([]);
  });
}
