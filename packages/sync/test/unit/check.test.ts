import { StorageError } from "@omnisync/storage";
import { Faults, disable, fault, onCall } from "@omnisync/storage/layers";
import { type CheckEvent, check } from "@omnisync/sync";
import { describe, expect, it } from "vitest";
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
});
