import { StorageError } from "@omnisync/storage";
import { Faults, fault, onCall } from "@omnisync/storage/layers";
import { createFilter, sync } from "@omnisync/sync";
import { describe, expect, it } from "vitest";
import { T0, bytes, contents, place, recorder, storeWith } from "../stores.ts";

const DOWN = new StorageError("unavailable", { message: "down" });

describe("removing extras", () => {
  it("[SY-50] removes nothing unless told", async () => {
    const destination = await storeWith({ extra: "x" });
    const report = await sync(place(await storeWith({ a: "1" })), place(destination));
    expect(report).toMatchObject({ removed: 0, withheldCount: 0 });
    expect(await contents(destination)).toEqual({ a: "1", extra: "x" });
  });

  it("[SY-51] removes what only the destination has, after the transfers, inner things first", async () => {
    const source = await storeWith({ z: "1", "d/keep": "2" });
    const destination = await storeWith({
      "d/keep": "2",
      "d/x": "3",
      "old/": "",
      "old/a": "4",
      "old/b/c": "5",
      y: "6",
    });
    const { onEvent, lines } = recorder();
    await sync(place(source), place(destination), { delete: true, onEvent });
    expect(await contents(destination)).toEqual({ z: "1", "d/keep": "2" });
    const order = lines();
    expect(order.indexOf("z: copy (new)")).toBeLessThan(order.indexOf("y: remove (extra)"));
    expect(order.indexOf("old/b/c: remove (extra)")).toBeLessThan(
      order.indexOf("old: remove (extra)"),
    );
  });

  it("[SY-52] removes nothing after any failure", async () => {
    const faults = new Faults(onCall(1, { kind: "fail-before", error: DOWN }, "write"));
    const destination = await storeWith({ extra: "x" });
    const report = await sync(
      place(await storeWith({ a: "1", b: "2" })),
      place(fault(destination, faults)),
      { delete: true },
    );
    expect(report).toMatchObject({
      failed: 1,
      created: 1,
      removed: 0,
      withheld: "failures",
      withheldCount: 1,
    });
    expect(await contents(destination)).toHaveProperty("extra", "x");
  });

  it("[SY-11] ends with an error when any page of either listing fails, and removes nothing", async () => {
    const files = Object.fromEntries(Array.from({ length: 2500 }, (_, i) => [`f${i}`, ""]));
    for (const side of ["source", "destination"] as const) {
      for (const page of [1, 2, 3]) {
        const [source, destination] = [
          await storeWith(files),
          await storeWith({ ...files, extra: "x", zextra: "x" }),
        ];
        const faults = new Faults(onCall(page, { kind: "fail-before", error: DOWN }, "list"));
        const run = sync(
          place(side === "source" ? fault(source, faults) : source),
          place(side === "destination" ? fault(destination, faults) : destination),
          { delete: true },
        );
        const message = expect.stringContaining(`the ${side} could not be listed`);
        await expect(run).rejects.toMatchObject({ code: "unavailable", message });
        expect((await destination.stat("extra"))?.size).toBe(1);
        expect((await destination.stat("zextra"))?.size).toBe(1);
      }
    }
  });

  it("[SY-12] removes nothing when a part of the source could not be listed", async () => {
    const source = await storeWith({ a: "1" });
    const problem = new StorageError("permission-denied", { path: "secret" });
    const list = source.list.bind(source);
    source.list = async function* (directory, options) {
      options?.onProblem?.(problem);
      yield* list(directory, options);
    };
    const destination = await storeWith({ "secret/x": "1", other: "2" });
    const report = await sync(place(source), place(destination), { delete: true });
    expect(report).toMatchObject({
      created: 1,
      removed: 0,
      withheld: "incomplete-listing",
      failed: 1,
    });
    expect(report.failures).toMatchObject([{ path: "secret", error: problem }]);
    expect(await contents(destination)).toEqual({ a: "1", "secret/x": "1", other: "2" });
  });

  it("[SY-53] an empty source removes nothing unless that is meant", async () => {
    const destination = await storeWith({ a: "1", b: "2" });
    const source = await storeWith();
    expect(await sync(place(source), place(destination), { delete: true })).toMatchObject({
      withheld: "empty-source",
      removed: 0,
    });
    expect(
      await sync(place(source), place(destination), { delete: true, allowEmptySource: true }),
    ).toMatchObject({ removed: 2 });
    expect(await contents(destination)).toEqual({});
  });

  it("[SY-54] removes all or nothing against maxDelete", async () => {
    const destination = await storeWith({ a: "1", b: "2", c: "3" });
    const source = await storeWith({ a: "1" });
    expect(
      await sync(place(source), place(destination), { delete: true, maxDelete: 1 }),
    ).toMatchObject({
      withheld: "too-many-deletes",
      withheldCount: 2,
      removed: 0,
    });
    expect(
      await sync(place(source), place(destination), { delete: true, maxDelete: 2 }),
    ).toMatchObject({ removed: 2 });
  });

  it("[SY-55] keeps an extra that changed after it was listed", async () => {
    const destination = await storeWith({ a: "1", extra: "old" });
    const source = await storeWith({ a: "1", b: "2" });
    const { onEvent } = recorder();
    const report = await sync(place(source), place(destination), {
      delete: true,
      onEvent: (event) => {
        onEvent(event);
        // Somebody writes between our listing and our removal.
        if (event.path === "b") void destination.write("extra", bytes("new work"), { mtime: T0 });
      },
    });
    expect(report).toMatchObject({ removed: 0, failed: 1 });
    expect(await contents(destination)).toHaveProperty("extra", "new work");
  });

  it("[SY-13] neither copies nor removes what is reserved", async () => {
    const source = await storeWith({ a: "1", ".omnisync/x": "2", "d/.omnisync/y": "3" });
    const destination = await storeWith({ ".omnisync/state": "4", extra: "5" });
    await sync(place(source), place(destination), { delete: true });
    expect([...destination.store.keys()]).toEqual([".omnisync/state", "a"]);
  });

  it("removes more extras than fit into memory at once", async () => {
    const extras = Object.fromEntries(Array.from({ length: 25_000 }, (_, i) => [`x/${i}`, ""]));
    const destination = await storeWith({ ...extras, a: "1" });
    expect(
      await sync(place(await storeWith({ a: "1" })), place(destination), { delete: true }),
    ).toMatchObject({ removed: 25_000 });
    expect(await contents(destination)).toEqual({ a: "1" });
  });

  it("[SY-56] a marker whose directory still holds filtered files stays without an error", async () => {
    const destination = await storeWith({ "d/": "", "d/x.log": "1" });
    const filter = createFilter({ exclude: ["*.log"] });
    const report = await sync(place(await storeWith({ a: "1" })), place(destination), {
      delete: true,
      filter,
    });
    expect(report).toMatchObject({ failed: 0, skipped: 1 });
    expect(await contents(destination)).toEqual({ a: "1", "d/": "", "d/x.log": "1" });
  });
});
