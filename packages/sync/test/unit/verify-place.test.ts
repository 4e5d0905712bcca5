import { StorageError, hashBytes } from "@omnisync/storage";
import { Faults, disable, fault, onCall } from "@omnisync/storage/layers";
import {
  type FileSum,
  type Sum,
  type VerifyEvent,
  type VerifyPlaceOptions,
  type VerifyReport,
  hashPlace,
  loadFilter,
  verifyPlace,
} from "@omnisync/sync";
import { describe, expect, it } from "vitest";
import { alterEntries, withHash, withUnlisted, withoutHashes } from "../altered-entries.ts";
import { bytes, place, storeWith } from "../stores.ts";

type Given = Parameters<typeof verifyPlace>[0];

async function verify(
  of: Given,
  options: VerifyPlaceOptions = {},
): Promise<{ readonly report: VerifyReport; readonly kinds: Record<string, VerifyEvent["kind"]> }> {
  const kinds: Record<string, VerifyEvent["kind"]> = {};
  const onEvent = ({ path, kind }: VerifyEvent): void => void (kinds[path] = kind);
  return { report: await verifyPlace(of, { ...options, onEvent }), kinds };
}

const sum = (path: string, content: string, name: Sum["name"] = "md5"): Sum => ({
  path,
  name,
  hash: hashBytes(name, bytes(content)),
});

describe("verifyPlace", () => {
  it("[SY-345] holds every file against what its store keeps", async () => {
    const store = await storeWith({ a: "1", "d/b": "22" });
    const { report, kinds } = await verify(place(store));
    expect(kinds).toEqual({ a: "match", "d/b": "match" });
    expect(report).toMatchObject({ match: 2, bytesRead: 3, verified: true });
  });

  it("[SY-346] a sum of what could not be listed is an error, not a missing file", async () => {
    const store = withUnlisted(await storeWith({ a: "1", "d/x": "2" }), "d");
    const sums = [sum("a", "1"), sum("d/x", "2"), sum("gone", "3")];
    const { kinds } = await verify(place(store), { sums });
    expect(kinds).toEqual({ a: "match", d: "error", "d/x": "error", gone: "missing" });
  });

  it("[SY-345] limits of size and age say what takes part, also where a listing tells no times", async () => {
    const store = await storeWith({ a: "1", long: "12345" });
    await store.write("new", bytes("12345"));
    const filter = await loadFilter([], { minSize: 2, maxAge: 3_600_000 });
    for (const driver of [store, disable(store, "completeList")])
      expect((await verify(place(driver), { filter })).kinds).toEqual({ new: "match" });
  });

  it("[SY-345] a damaged file is a mismatch, whichever driver reads it", async () => {
    const store = await storeWith({ a: "1", b: "2" });
    const wrong = withHash(store, hashBytes("blake3", bytes("1")));
    for (const driver of [
      wrong,
      disable(wrong, "readBlock"),
      disable(wrong, "readBlock", "completeList"),
    ]) {
      const { report, kinds } = await verify(place(driver));
      expect(kinds).toEqual({ a: "match", b: "mismatch" });
      expect(report.verified).toBe(false);
    }
  });

  it("[SY-345] what the store itself calls corrupt is a mismatch, what cannot be read an error", async () => {
    const store = disable(await storeWith({ a: "1", b: "2", c: "3" }), "readBlock");
    const faults = new Faults(({ operation, path }) => {
      if (operation !== "read" || path === "a") return undefined;
      const error = new StorageError(path === "b" ? "corrupt" : "permission-denied");
      return { kind: "fail-before", error };
    });
    const { report, kinds } = await verify(place(fault(store, faults)));
    expect(kinds).toEqual({ a: "match", b: "mismatch", c: "error" });
    expect(report).toMatchObject({ verified: false, failures: [{ path: "c" }] });
  });

  it("[SY-345] a file of which nothing is known is read, and not verified", async () => {
    const store = withoutHashes(await storeWith({ a: "1" }));
    const { report } = await verify(place(store));
    expect(report).toMatchObject({ unknown: 1, bytesRead: 1, verified: false });
  });

  it("[SY-345] knows objects by the hash of their parts", async () => {
    const content = "0123456789";
    const store = disable(
      await storeWith({ good: content, bad: content, odd: content }),
      "readBlock",
    );
    const md5 = (text: string): Buffer => Buffer.from(hashBytes("md5", bytes(text)), "hex");
    const combined = (...parts: string[]): string =>
      hashBytes("md5", Buffer.concat(parts.map(md5)));
    const parts = {
      good: { size: 4, md5: combined("0123", "4567", "89") },
      bad: { size: 4, md5: combined("0123", "4567", "8x") },
      odd: { size: 5, md5: combined("01234", "56789") },
    };
    const driver = alterEntries(store, (entry) => ({
      ...entry,
      hashes: undefined,
      parts: parts[entry.path as keyof typeof parts],
    }));
    const { kinds } = await verify(place(driver));
    expect(kinds).toEqual({ good: "match", bad: "mismatch", odd: "match" });
  });

  it("[SY-345] links are left out, also where a listing does not show them as such", async () => {
    const store = await storeWith({ a: "1" });
    await store.writeLink("l", "a");
    const blind = disable(
      alterEntries(store, (entry) => entry),
      "readBlock",
    );
    expect((await verify(place(blind))).kinds).toEqual({ a: "match" });
  });

  it("a place that is one file is known by its name; a missing one is an error", async () => {
    const store = await storeWith({ "d/a": "1" });
    expect((await verify(place(store, "d/a"))).kinds).toEqual({ a: "match" });
    await expect(verify(place(store, "none"))).rejects.toMatchObject({ code: "not-found" });
  });

  it("[SY-346] sums: match, mismatch, missing and extra", async () => {
    const store = await storeWith({ a: "1", b: "2", extra: "3" });
    const sums = [sum("a", "1"), sum("b", "x", "sha256"), sum("gone", "4")];
    const { report, kinds } = await verify(place(store), { sums });
    expect(kinds).toEqual({ a: "match", b: "mismatch", gone: "missing", extra: "extra" });
    expect(report.verified).toBe(false);
    const oneWay = await verify(place(store), { sums: [sum("a", "1")], oneWay: true });
    expect(oneWay.report).toMatchObject({ match: 1, extra: 0, verified: true });
  });

  it("[SY-346] what the store claims is trusted unless all is to be read", async () => {
    const store = await storeWith({ a: "1" });
    const liar = alterEntries(store, (entry) => ({
      ...entry,
      ...(entry.kind === "file" ? { hashes: { sha256: sum("a", "x", "sha256").hash } } : {}),
    }));
    const sums = [sum("a", "x", "sha256")];
    const trusted = await verify(place(liar), { sums });
    expect(trusted.report).toMatchObject({ match: 1, bytesRead: 0 });
    const read = await verify(place(liar), { sums, download: true });
    expect(read.report).toMatchObject({ mismatch: 1, bytesRead: 1 });
  });

  it("[SY-346] a sum of what is no file is an error, and two sums of one path are refused", async () => {
    const store = await storeWith({ a: "1" });
    await store.writeLink("l", "a");
    expect((await verify(place(store), { sums: [sum("a", "1"), sum("l", "1")] })).kinds).toEqual({
      a: "match",
      l: "error",
    });
    await expect(
      verify(place(store), { sums: [sum("a", "1"), sum("a", "2")] }),
    ).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });
});

describe("hashPlace", () => {
  async function hash(...args: Parameters<typeof hashPlace>): Promise<readonly FileSum[]> {
    const sums: FileSum[] = [];
    for await (const found of hashPlace(...args)) sums.push(found);
    return sums;
  }

  it("[SY-346] gives sums in order, which then hold", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [`d${i % 7}/f${i}`, `${i}`]),
    );
    const store = await storeWith(files);
    await store.writeLink("link", "d0/f0");
    const sums = await hash(place(store), "sha1");
    expect(sums.map(({ path }) => path)).toEqual(Object.keys(files).sort());
    expect(sums[0]!.hash).toBe(sum("", files[sums[0]!.path]!, "sha1").hash);
    const { report } = await verify(place(store), { sums });
    expect(report).toMatchObject({ match: 100, bytesRead: 100 + 90 });
  });

  it("a file that cannot be read is told, or thrown", async () => {
    const store = await storeWith({ a: "1", b: "2" });
    const broken = (): Parameters<typeof hashPlace>[0] => {
      const error = new StorageError("permission-denied");
      return place(
        fault(store, new Faults(onCall(1, { kind: "fail-before", error }, "readBlock"))),
      );
    };
    await expect(hash(broken(), "md5")).rejects.toMatchObject({ code: "permission-denied" });
    const problems: string[] = [];
    const sums = await hash(broken(), "md5", { onProblem: (_, path) => void problems.push(path) });
    expect([sums.map(({ path }) => path), problems]).toEqual([["b"], ["a"]]);
  });
});
