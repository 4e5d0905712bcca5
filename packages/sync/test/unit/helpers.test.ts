import { FileDriver, StorageError, hashBytes } from "@omnisync/storage";
import { Faults, fault } from "@omnisync/storage/layers";
import {
  type CopyOptions,
  type CopyProgress,
  copy,
  copyDir,
  copyFile,
  copyFromPath,
  copyPathWithHash,
  copyToPath,
  copyWithProgress,
  createFilter,
  move,
  moveFile,
  mustCopy,
  quickVerify,
  resultOf,
  sync,
  verify,
  verifyAllIntegrity,
  verifyAndReport,
  verifyChecksum,
  verifyFile,
  verifyIntegrity,
  verifyWithDetails,
} from "@omnisync/sync";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { withHash } from "../altered-entries.ts";
import { T0, bytes, contents, place, storeWith } from "../stores.ts";

/** A store that refuses to take this path. */
async function refusing(path: string): Promise<Parameters<typeof copy>[1]> {
  const error = new StorageError("permission-denied");
  const faults = new Faults((call) =>
    call.operation === "write" && call.path === path ? { kind: "fail-before", error } : undefined,
  );
  return place(fault(await storeWith(), faults));
}

describe("copying helpers", () => {
  it("[SY-357] copy never removes, whatever it is told", async () => {
    const [source, destination] = [await storeWith({ a: "1" }), await storeWith({ extra: "2" })];
    const options = { delete: true, move: true } as object;
    expect(await copy(place(source), place(destination), options)).toMatchObject({ created: 1 });
    expect(await contents(destination)).toEqual({ a: "1", extra: "2" });
    expect(await contents(source)).toEqual({ a: "1" });
  });

  it("[SY-357] copyFile copies by content, and throws what kept it from it", async () => {
    const source = await storeWith({ f: "new", "d/x": "1" });
    const destination = await storeWith({ g: "old" });
    await copyFile(place(source, "f"), place(destination, "g"));
    expect(await contents(destination)).toEqual({ g: "new" });
    await expect(copyFile(place(source, "d"), place(destination, "h"))).rejects.toMatchObject({
      code: "is-a-directory",
    });
    await expect(copyFile(place(source, "no"), place(destination, "h"))).rejects.toMatchObject({
      code: "not-found",
    });
    await expect(
      copyFile(place(source, "f"), { ...(await refusing("f")), path: "f" }),
    ).rejects.toMatchObject({ code: "permission-denied" });
  });

  it("[SY-357] mustCopy throws the first failure, copy reports it", async () => {
    const source = await storeWith({ a: "1", b: "2" });
    expect(await copy(place(source), await refusing("a"))).toMatchObject({ created: 1, failed: 1 });
    await expect(mustCopy(place(source), await refusing("a"))).rejects.toMatchObject({
      code: "permission-denied",
    });
    const signal = AbortSignal.abort();
    await expect(mustCopy(place(source), await refusing("a"), { signal })).rejects.toMatchObject({
      code: "aborted",
    });
  });

  it("[SY-357] what was left out was not copied: a FIFO, what an option skips, what a limit ends", async () => {
    const folder = mkdtempSync(join(tmpdir(), "omnisync-helpers-"));
    const disk = new FileDriver({ root: folder });
    execFileSync("mkfifo", [join(folder, "fifo")]);
    const destination = await storeWith({ kept: "old" });
    try {
      expect(await copy(place(disk), place(destination))).toMatchObject({ ignored: 1, failed: 0 });
      await expect(mustCopy(place(disk), place(destination))).rejects.toMatchObject({
        code: "unsupported",
        message: expect.stringContaining("0 skipped by an option, 1 ignored") as string,
      });
    } finally {
      await disk.close();
      rmSync(folder, { recursive: true });
    }
    const source = place(await storeWith({ kept: "new", other: "1" }));
    const skipping = mustCopy(source, place(destination), { ignoreExisting: true });
    await expect(skipping).rejects.toMatchObject({ code: "precondition-failed" });
    const ended = mustCopy(source, place(destination), { maxTransfer: 0 });
    await expect(ended).rejects.toMatchObject({
      code: "aborted",
      message: expect.stringContaining("max-transfer") as string,
    });
    await mustCopy(source, place(destination), { filter: createFilter({ exclude: ["kept"] }) });
    expect(await contents(destination)).toEqual({ kept: "old", other: "1" });
  });

  const LEAVING: readonly (readonly [name: string, options: CopyOptions, code: string])[] = [
    ["maxTransfer", { maxTransfer: 10 }, "aborted"],
    ["maxDuration", { maxDuration: 0 }, "aborted"],
    ["existing", { existing: true }, "precondition-failed"],
    ["a limit of size", { filter: createFilter({ maxSize: 10 }) }, "precondition-failed"],
    ["a filter", { filter: createFilter({ exclude: ["*"] }) }, "precondition-failed"],
  ];

  it.each(LEAVING)(
    "[SY-357] copyFile and moveFile throw where the file was left alone: %s",
    async (_, options, code) => {
      const files = { f: "x".repeat(5000) };
      const [source, destination] = [await storeWith(files), await storeWith()];
      const ends = [place(source, "f"), place(destination, "g")] as const;
      await expect(copyFile(...ends, options)).rejects.toMatchObject({ code });
      await expect(moveFile(...ends, options)).rejects.toMatchObject({ code });
      expect(await contents(destination)).toEqual({});
      expect(await contents(source)).toEqual(files);
    },
  );

  it("[SY-357] moveFile throws where the source stays, and not in a dry run", async () => {
    const source = await storeWith({ f: "1" });
    const destination = await storeWith();
    const ends = [place(source, "f"), place(destination, "f")] as const;
    expect(await moveFile(...ends, { dryRun: true })).toMatchObject({ sourcesRemoved: 1 });
    const alternates = {
      kind: "compare",
      places: [place(await storeWith({ f: "1" }), "f")],
    } as const;
    await expect(moveFile(...ends, { alternates })).rejects.toMatchObject({
      code: "precondition-failed",
    });
    expect(await contents(source)).toEqual({ f: "1" });
    await moveFile(...ends);
    expect(await contents(source)).toEqual({});
  });

  it("[SY-357] copyDir wants a directory", async () => {
    const source = await storeWith({ "d/a": "1", f: "2" });
    const destination = await storeWith();
    await copyDir(place(source, "d"), place(destination, "e"));
    expect(await contents(destination)).toEqual({ "e/a": "1" });
    await expect(copyDir(place(source, "f"), place(destination))).rejects.toMatchObject({
      code: "not-a-directory",
    });
  });

  it("[SY-357] a moved file is gone only if its copy is there", async () => {
    const source = await storeWith({ a: "1", b: "2", c: "3" });
    const destination = await storeWith({ a: "x" });
    await moveFile(place(source, "a"), place(destination, "a"));
    await expect(
      moveFile(place(source, "b"), { ...(await refusing("b")), path: "b" }),
    ).rejects.toThrow();
    expect(await contents(source)).toEqual({ b: "2", c: "3" });
    expect(await move(place(source), place(destination))).toMatchObject({ sourcesRemoved: 2 });
    expect(await contents(destination)).toEqual({ a: "1", b: "2", c: "3" });
    expect(await contents(source)).toEqual({});
  });

  it("[SY-358] copyPathWithHash gives the hash of what lies there", async () => {
    const source = await storeWith({ f: "content" });
    const destination = await storeWith();
    for (const name of ["sha256", "md5"] as const) {
      expect(await copyPathWithHash(place(source, "f"), place(destination, name), name)).toBe(
        hashBytes(name, bytes("content")),
      );
    }
  });

  it("[SY-358] copyPathWithHash refuses an unknown hash before it creates anything", async () => {
    const source = await storeWith({ f: "content" });
    const destination = await storeWith();
    await expect(
      copyPathWithHash(place(source, "f"), place(destination, "g"), "whirlpool" as "md5"),
    ).rejects.toMatchObject({ code: "unsupported" });
    expect(await contents(destination)).toEqual({});
  });

  it("[SY-357] copyWithProgress tells its end, with final totals", async () => {
    const source = await storeWith({ a: "1", b: "22" });
    const seen: CopyProgress[] = [];
    await copyWithProgress(place(source), place(await storeWith()), (now) => void seen.push(now));
    expect(seen.at(-1)).toMatchObject({
      phase: "complete",
      filesTransferred: 2,
      totalFiles: 2,
      bytesTransferred: 3,
      totalBytes: 3,
      errors: 0,
    });
  });

  const ENDS: readonly (readonly [phase: string, options: CopyOptions])[] = [
    ["interrupted", { signal: AbortSignal.abort() }],
    ["interrupted", { maxTransfer: 0 }],
    ["failed", { hooks: { before: () => Promise.reject(new Error("no")) } }],
    ["failed", { jobs: NaN }],
  ];

  it.each(ENDS)("[SY-357] copyWithProgress tells how it ended: %s", async (phase, options) => {
    const seen: CopyProgress[] = [];
    const to = place(await storeWith());
    const copying = copyWithProgress(
      place(await storeWith({ a: "1" })),
      to,
      (now) => void seen.push(now),
      options,
    );
    await copying.catch(() => {});
    expect(seen.at(-1)).toMatchObject({ phase, filesTransferred: 0 });
    expect(await contents(to.driver)).toEqual({});
  });

  it("[SY-4] copyWithProgress refuses an interval that is none", async () => {
    const ends = [place(await storeWith()), place(await storeWith(), "d")] as const;
    const copying = copyWithProgress(...ends, () => {}, { interval: NaN });
    await expect(copying).rejects.toMatchObject({ code: "invalid-argument" });
  });

  it("[SY-357] copyFromPath that is aborted says so as a store does", async () => {
    const stop = new AbortController();
    const endless = new Writable({ write: () => stop.abort() });
    const from = place(await storeWith({ f: "content" }), "f");
    await expect(copyFromPath(from, endless, { signal: stop.signal })).rejects.toMatchObject({
      name: "StorageError",
      code: "aborted",
      path: "f",
    });
    expect(endless.destroyed).toBe(true);
  });

  it("[SY-357] streams of the program go in and come out whole, or fail", async () => {
    const store = await storeWith();
    await copyToPath(Readable.from([bytes("ab"), bytes("c")]), place(store, "f"));
    const out = new PassThrough();
    const text = out.toArray();
    expect(await copyFromPath(place(store, "f"), out)).toMatchObject({ size: 3 });
    expect(Buffer.concat((await text) as Buffer[]).toString()).toBe("abc");
    await expect(copyToPath(bytes("abc"), place(store, "g"), { size: 4 })).rejects.toThrow();
    expect(await contents(store)).toEqual({ f: "abc" });
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error("full")) });
    await expect(copyFromPath(place(store, "f"), broken)).rejects.toThrow("full");
  });

  it("[SY-357] a report in the words of other libraries", async () => {
    const source = await storeWith({ a: "1", b: "22", c: "3" });
    const destination = await storeWith({ b: "2", c: "3", extra: "4" });
    const report = await sync(place(source), place(destination), { delete: true });
    expect(resultOf(report)).toMatchObject({
      copied: 1,
      updated: 1,
      deleted: 1,
      skipped: 1,
      errors: [],
      bytesTransferred: 3,
      dryRun: false,
      success: true,
    });
    const failed = resultOf(await copy(place(source), await refusing("a")));
    expect(failed).toMatchObject({ success: false, failed: 1, errors: [{ path: "a" }] });
    const ended = resultOf(await copy(place(source), place(await storeWith()), { maxDuration: 0 }));
    expect(ended).toMatchObject({ success: false, failed: 0, copied: 0 });
  });
});

describe("verifying helpers", () => {
  it("[SY-343] quickVerify looks at sizes only", async () => {
    const a = await storeWith({ f: "12" });
    const b = await storeWith({ f: "xx" }, { mtime: T0 + 60_000 });
    expect(await quickVerify(place(a), place(b))).toBe(true);
    expect(await verify(place(a), place(b))).toBe(false);
    expect(await quickVerify(place(a), place(await storeWith({ f: "1" })))).toBe(false);
  });

  it("[SY-341] verifyChecksum and verifyFile look at content only", async () => {
    const a = await storeWith({ f: "12" });
    const later = await storeWith({ f: "12" }, { mtime: T0 + 60_000 });
    const other = await storeWith({ f: "1x" });
    expect(await verifyChecksum(place(a), place(later))).toBe(true);
    expect(await verifyChecksum(place(a), place(other))).toBe(false);
    expect(await verifyFile(place(a, "f"), place(later, "f"))).toBe(true);
    expect(await verifyFile(place(a, "f"), place(other, "f"))).toBe(false);
    await expect(verifyFile(place(a, "f"), place(a, "g"))).rejects.toMatchObject({
      code: "not-found",
    });
    await expect(verifyFile(place(a), place(a))).rejects.toMatchObject({ code: "is-a-directory" });
  });

  it("[SY-342] verifyWithDetails and verifyAndReport say what differs", async () => {
    const a = await storeWith({ same: "1", size: "22", only: "4" });
    const b = await storeWith({ same: "1", size: "2", extra: "5" });
    expect(await verifyWithDetails(place(a), place(b))).toEqual({
      verified: false,
      total: 4,
      matching: 1,
      mismatched: 1,
      missing: 1,
      extra: 1,
      errors: 0,
    });
    expect(await verifyAndReport(place(a), place(b))).toBe(
      "not verified: 3 paths differ\nextra: extra\nmissing: only\nmismatched: size (size)",
    );
    expect(await verifyAndReport(place(a), place(b), { limit: 1 })).toContain("and 2 more");
    expect(
      await verifyAndReport(place(a), place(await storeWith({ same: "1", size: "22", only: "4" }))),
    ).toBe("verified: both are the same");
  });

  it("[SY-345] verifyIntegrity and verifyAllIntegrity find what is damaged", async () => {
    const store = await storeWith({ a: "1", b: "2" });
    expect(await verifyIntegrity(place(store))).toBe(true);
    const damaged = withHash(store, hashBytes("blake3", bytes("1")));
    expect(await verifyIntegrity(place(damaged, "a"))).toBe(true);
    expect(await verifyIntegrity(place(damaged))).toBe(false);
    expect(await verifyAllIntegrity(place(damaged))).toMatchObject([
      { path: "b", kind: "mismatch" },
    ]);
  });
});
