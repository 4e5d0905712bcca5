import { MemoryDriver, StorageError } from "@omnisync/storage";
import { Faults, disable, fault, onCall } from "@omnisync/storage/layers";
import { sync } from "@omnisync/sync";
import { describe, expect, it } from "vitest";
import { T0, bytes, contents, place, storeWith } from "../stores.ts";

describe("move", () => {
  it("[SY-60] removes each source after its copy", async () => {
    const [source, destination] = [await storeWith({ a: "1", "b/c": "2" }), await storeWith()];
    await source.writeLink("l", "a");
    const report = await sync(place(source), place(destination), { move: true });
    expect(report).toMatchObject({ created: 2, linksWritten: 1, sourcesRemoved: 3 });
    expect(await contents(source)).toEqual({});
    expect(await contents(destination)).toEqual({ a: "1", "b/c": "2", l: "-> a" });
  });

  it("[SY-60] keeps a source that changed after it was read", async () => {
    const source = await storeWith({ a: "old" });
    const destination = await storeWith();
    const write = destination.write.bind(destination);
    destination.write = async (...args) => {
      const entry = await write(...args);
      await source.write("a", bytes("new"), { mtime: T0 + 1 });
      return entry;
    };
    const report = await sync(place(source), place(disable(destination, "copy")), {
      move: true,
      attempts: 1,
    });
    expect(report).toMatchObject({ sourcesRemoved: 0, failed: 1 });
    expect(await contents(source)).toEqual({ a: "new" });
  });

  describe("within one store that has two names", () => {
    const twice = async (): Promise<readonly [MemoryDriver, MemoryDriver]> => {
      const source = await storeWith({ a: "1", "in/a": "1", "in/b": "2" });
      return [source, new MemoryDriver({ store: source.store })];
    };

    it.each([{}, { ignoreTimes: true }, { checksum: true }])(
      "[SY-60] keeps what would be its own copy: %j",
      async (options) => {
        const [source, same] = await twice();
        for (const path of ["", "in", "a"]) {
          const report = await sync(place(source, path), place(same, path), {
            move: true,
            ...options,
          });
          expect(report.sourcesRemoved).toBe(0);
          expect(report.failures[0]?.error.message).toMatch(/one file|onto itself/);
        }
        expect(await contents(source)).toEqual({ a: "1", "in/a": "1", "in/b": "2" });
      },
    );

    it("[SY-60] moves to another path, and asks once", async () => {
      const [source, same] = await twice();
      const written: string[] = [];
      const write = same.write.bind(same);
      same.write = (path, ...rest) => {
        written.push(path);
        return write(path, ...rest);
      };
      const move = { move: true, wholeFile: true };
      expect(await sync(place(source, "in"), place(same, "out"), move)).toMatchObject({
        sourcesRemoved: 2,
        failed: 0,
      });
      expect(written.filter((path) => path.includes("one-store"))).toHaveLength(1);
      expect(await contents(source)).toMatchObject({ a: "1", "out/a": "1", "out/b": "2" });
      expect([...source.store.objects.keys()].filter((key) => key.includes("one-store"))).toEqual(
        [],
      );
    });

    it("[SY-60] asks nothing in a dry run", async () => {
      const [source, same] = await twice();
      same.write = () => Promise.reject(new Error("written"));
      const report = await sync(place(source), place(same), { move: true, dryRun: true });
      expect(report).toMatchObject({ failed: 0 });
    });
  });

  it("[SY-60] goes to a store that lets nobody remove anything", async () => {
    const [source, destination] = [await storeWith({ a: "1" }), await storeWith()];
    destination.remove = (path) => Promise.reject(new StorageError("permission-denied", { path }));
    const report = await sync(place(source), place(destination), { move: true });
    expect(report).toMatchObject({ sourcesRemoved: 1, failed: 0 });
    expect(await contents(destination)).toEqual({ a: "1" });
  });

  it("[SY-61] an equal size and mtime is not enough to remove a source", async () => {
    const [source, destination] = [
      await storeWith({ a: "new", b: "x" }),
      await storeWith({ a: "old", b: "x" }),
    ];
    const report = await sync(place(source), place(destination), { move: true });
    expect(report).toMatchObject({ replaced: 1, unchanged: 1, sourcesRemoved: 2 });
    expect(await contents(destination)).toEqual({ a: "new", b: "x" });
    expect(await contents(source)).toEqual({});
  });

  it("[SY-61] nor is an equal size with sizeOnly: other content replaces what is there", async () => {
    const [source, destination] = [
      await storeWith({ a: "new", b: "x" }, { mtime: T0 + 60_000 }),
      await storeWith({ a: "old", b: "x" }),
    ];
    const report = await sync(place(source), place(destination), { move: true, sizeOnly: true });
    expect(report).toMatchObject({ replaced: 1, failed: 0, sourcesRemoved: 2 });
    expect(await contents(destination)).toEqual({ a: "new", b: "x" });
    expect(await contents(source)).toEqual({});
  });

  it("[SY-63] keeps a source that is only in a place that is compared with", async () => {
    const [source, destination] = [await storeWith({ a: "1", b: "2" }), await storeWith()];
    const alternates = { kind: "compare", places: [place(await storeWith({ a: "1" }))] } as const;
    const report = await sync(place(source), place(destination), { move: true, alternates });
    expect(report).toMatchObject({ unchanged: 1, created: 1, sourcesRemoved: 1 });
    expect(await contents(source)).toEqual({ a: "1" });
    expect(await contents(destination)).toEqual({ b: "2" });
  });

  it("[SY-62] keeps a source whose copy failed over an older destination", async () => {
    const [source, destination] = [await storeWith({ a: "new!" }), await storeWith({ a: "old" })];
    const down = new StorageError("unavailable");
    const faults = new Faults(onCall(1, { kind: "fail-before", error: down }, "write"));
    const report = await sync(place(source), place(fault(destination, faults)), { move: true });
    expect(report).toMatchObject({ failed: 1, sourcesRemoved: 0 });
    expect(await contents(source)).toEqual({ a: "new!" });
    expect(await contents(destination)).toEqual({ a: "old" });
  });

  it("[SY-62] keeps a source that was skipped", async () => {
    const [source, destination] = [await storeWith({ a: "new!" }), await storeWith({ a: "old" })];
    const report = await sync(place(source), place(destination), {
      move: true,
      ignoreExisting: true,
    });
    expect(report).toMatchObject({ skipped: 1, sourcesRemoved: 0 });
    expect(await contents(source)).toEqual({ a: "new!" });
  });

  it("[SY-70] a dry run keeps every source", async () => {
    const source = await storeWith({ a: "1" });
    const report = await sync(place(source), place(await storeWith()), {
      move: true,
      dryRun: true,
    });
    expect(report).toMatchObject({ created: 1, sourcesRemoved: 1 });
    expect(await contents(source)).toEqual({ a: "1" });
  });
});
