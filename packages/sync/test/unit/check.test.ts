import { StorageError } from "@omnisync/storage";
import { Faults, disable, fault, onCall } from "@omnisync/storage/layers";
import { type CheckEvent, check, loadFilter } from "@omnisync/sync";
import { describe, expect, it } from "vitest";
import { alterEntries, withHash, withUnlisted, withoutHashes } from "../altered-entries.ts";
import { T0, contents, place, storeWith } from "../stores.ts";

describe("check", () => {
  it("[SY-80] lists match, differ, source-only and destination-only, and changes nothing", async () => {
    const source = await storeWith({ same: "1", size: "22", time: "3", only: "4", "e/": "" });
    const destination = await storeWith({ same: "1", size: "2", extra: "5" });
    await destination.write("time", new TextEncoder().encode("x"), { mtime: T0 + 9000 });
    const before = await contents(destination);
    const events: CheckEvent[] = [];
    const report = await check(place(source), place(destination), {
      onEvent: (event) => void events.push(event),
    });
    expect(report).toMatchObject({
      match: 1,
      differ: 2,
      sourceOnly: 1,
      destinationOnly: 1,
      errors: 0,
      inSync: false,
    });
    expect(events.map(({ path, kind, reason }) => [path, kind, reason])).toEqual([
      ["extra", "destination-only", undefined],
      ["only", "source-only", undefined],
      ["same", "match", undefined],
      ["size", "differ", "size"],
      ["time", "differ", "checksum"],
    ]);
    expect(await contents(destination)).toEqual(before);
  });

  it("is in sync when everything is the same, links too, and oneWay does not mind extras", async () => {
    const [source, destination] = [
      await storeWith({ a: "1" }),
      await storeWith({ a: "1", extra: "2" }),
    ];
    for (const store of [source, destination]) await store.writeLink("l", "a");
    expect(await check(place(source), place(destination), { oneWay: true })).toMatchObject({
      inSync: true,
      match: 2,
    });
    await destination.writeLink("l", "b");
    expect(await check(place(source), place(destination), { oneWay: true })).toMatchObject({
      inSync: false,
      differ: 1,
    });
  });

  it("[SY-80] what is a file on one side only, and something else on the other, differs", async () => {
    const source = await storeWith({ a: "1", b: "2" });
    const fifo = alterEntries(source, (entry) =>
      entry.path === "a" ? { ...entry, kind: "other", size: 0 } : entry,
    );
    for (const sides of [
      [fifo, source],
      [source, fifo],
    ] as const) {
      const report = await check(place(sides[0]), place(sides[1]));
      expect(report).toMatchObject({ match: 1, differ: 1, inSync: false });
    }
    expect(await check(place(fifo), place(fifo))).toMatchObject({ match: 1, differ: 0 });
  });

  it("[SY-80] what a side could not list is not missing there, but not compared", async () => {
    const files = { a: "1", "d/x": "2", "d/y": "3", "e/z": "4" };
    const whole = place(await storeWith(files));
    const poor = place(withUnlisted(await storeWith({ ...files, "e/z": "" }), "d"));
    const errors = { match: 1, differ: 1, sourceOnly: 0, destinationOnly: 0, errors: 3 };
    expect(await check(whole, poor)).toMatchObject(errors);
    expect(await check(poor, whole)).toMatchObject(errors);
  });

  it("[SY-80] limits of age hold where a listing tells no times", async () => {
    const source = disable(await storeWith({ old: "1", "old too": "2" }), "completeList");
    const destination = await storeWith({ "old too": "x" });
    const filter = await loadFilter([], { maxAge: 3_600_000 });
    const report = await check(place(source), place(destination), { filter });
    expect(report).toMatchObject({ match: 0, differ: 0, sourceOnly: 0, inSync: true });
  });

  it("[SY-80] a file that could not be compared is not in sync", async () => {
    const [source, store] = [await storeWith({ a: "1" }), await storeWith({ a: "1" })];
    const faults = new Faults(
      onCall(2, { kind: "fail-before", error: new StorageError("permission-denied") }, "stat"),
    );
    const destination = disable(fault(store, faults), "completeList");
    const report = await check(place(source), place(destination));
    expect(report).toMatchObject({ match: 0, errors: 1, inSync: false, failures: [{ path: "a" }] });
  });

  it("a missing side is an error, not an empty one", async () => {
    const store = await storeWith({ a: "1" });
    await expect(
      check(place(store), place(await storeWith({ b: "1" }), "nowhere")),
    ).rejects.toMatchObject({ code: "not-found" });
  });

  it("[SY-80] a check in which every comparison failed is not in sync", async () => {
    const files = { a: "1", b: "2", c: "3" };
    const [source, store] = [await storeWith(files), await storeWith(files)];
    const denied = new StorageError("permission-denied");
    const faults = new Faults((call) =>
      call.operation === "stat" && call.path !== ""
        ? { kind: "fail-before", error: denied }
        : undefined,
    );
    const report = await check(place(source), place(disable(fault(store, faults), "completeList")));
    expect(report).toMatchObject({ match: 0, differ: 0, errors: 3, inSync: false });
  });

  it("[SY-340] download reads both back, and nothing that is stored counts", async () => {
    const source = await storeWith({ equal: "11", other: "22", longer: "333" });
    const destination = await storeWith(
      { equal: "11", other: "2x", longer: "3" },
      { mtime: T0 + 5000 },
    );
    const kinds: Record<string, string> = {};
    const report = await check(
      place(withHash(source, "0".repeat(64))),
      place(withHash(destination, "0".repeat(64))),
      {
        download: true,
        onEvent: ({ path, kind }) => void (kinds[path] = kind),
      },
    );
    expect(kinds).toEqual({ equal: "match", other: "differ", longer: "differ" });
    expect(report.inSync).toBe(false);
  });

  it("[SY-340] what cannot be read back is an error, not a match", async () => {
    const [source, store] = [await storeWith({ a: "1" }), await storeWith({ a: "1" })];
    const faults = new Faults(
      onCall(1, { kind: "fail-before", error: new StorageError("unavailable") }, "readBlock"),
    );
    const report = await check(place(source), place(fault(store, faults)), { download: true });
    expect(report).toMatchObject({ match: 0, errors: 1, inSync: false });
  });

  it("[SY-341] checksum computes hashes where none is known, and attributes do not count", async () => {
    const [source, destination] = [
      await storeWith({ equal: "11", other: "22" }),
      await storeWith({ equal: "11", other: "2x" }),
    ];
    await destination.setAttributes("equal", { mtime: T0 + 5000 });
    const hashless = [withoutHashes(source), withoutHashes(destination)] as const;
    const report = await check(place(hashless[0]), place(hashless[1]), { checksum: true });
    expect(report).toMatchObject({ match: 1, differ: 1 });
  });

  it("[SY-343] sizeOnly neither reads nor looks at times", async () => {
    const source = await storeWith({ a: "11" });
    const store = await storeWith({ a: "xx" }, { mtime: T0 + 60_000 });
    const faults = new Faults(() => undefined);
    const report = await check(place(source), place(fault(store, faults)), { sizeOnly: true });
    expect(report.inSync).toBe(true);
    expect(faults.calls.map(({ operation }) => operation)).toEqual(["stat", "list", "list"]);
  });

  it("refuses options that contradict each other", async () => {
    const store = await storeWith({ a: "1" });
    for (const options of [
      { checksum: true, sizeOnly: true },
      { download: true, sizeOnly: true },
      { checksum: true, download: true },
    ]) {
      await expect(check(place(store), place(store), options)).rejects.toMatchObject({
        code: "invalid-argument",
      });
    }
  });
});
