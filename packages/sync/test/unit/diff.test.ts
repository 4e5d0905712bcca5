import { StorageError } from "@omnisync/storage";
import { Faults, disable, fault } from "@omnisync/storage/layers";
import { type DiffEntry, type DiffOptions, type Place, diff } from "@omnisync/sync";
import { describe, expect, it } from "vitest";
import { T0, place, storeWith } from "../stores.ts";

async function collect(a: Place, b: Place, options?: DiffOptions): Promise<readonly DiffEntry[]> {
  const found: DiffEntry[] = [];
  for await (const entry of diff(a, b, options)) found.push(entry);
  return found;
}

describe("diff", () => {
  it("[SY-342] names what is new, modified and deleted, and nothing else", async () => {
    const source = await storeWith({ same: "1", size: "22", only: "4" });
    const destination = await storeWith({ same: "1", size: "2", extra: "5" });
    await source.writeLink("link", "same");
    expect(await collect(place(source), place(destination))).toEqual([
      { path: "extra", status: "deleted", type: "file" },
      { path: "link", status: "new", type: "symlink" },
      { path: "only", status: "new", type: "file" },
      { path: "size", status: "modified", type: "file", reason: "size" },
    ]);
  });

  it("[SY-342] gives nothing for equal places, and takes the options of check", async () => {
    const [a, b] = [await storeWith({ f: "1" }), await storeWith({ f: "2" }, { mtime: T0 + 9000 })];
    expect(await collect(place(a), place(a, ""))).toEqual([]);
    expect(await collect(place(a), place(b), { sizeOnly: true })).toEqual([]);
    expect(await collect(place(a), place(b), { download: true })).toMatchObject([
      { path: "f", status: "modified", reason: "checksum" },
    ]);
  });

  it("[SY-342] what could not be compared is an entry of its own", async () => {
    const [source, store] = [await storeWith({ a: "1" }), await storeWith({ a: "1" })];
    const error = new StorageError("permission-denied");
    const faults = new Faults(({ operation, path }) =>
      operation === "stat" && path === "a" ? { kind: "fail-before", error } : undefined,
    );
    const destination = disable(fault(store, faults), "completeList");
    expect(await collect(place(source), place(destination))).toMatchObject([
      { path: "a", status: "error", error: { code: "permission-denied" } },
    ]);
  });

  it("[SY-342] waits for whoever takes the entries, and can be left early", async () => {
    const files = Object.fromEntries(Array.from({ length: 9000 }, (_, i) => [`f${i}`, "x"]));
    const pages = new Faults();
    const source = fault(await storeWith(files), pages);
    const other = await storeWith({});
    let taken = 0;
    for await (const _entry of diff(place(source), place(other))) {
      if (++taken === 1) await new Promise((resolve) => setTimeout(resolve, 20));
      if (taken === 10) break;
    }
    const listed = pages.calls.filter(({ operation }) => operation === "list").length;
    expect(listed).toBeLessThan(6);
    expect((await collect(place(source), place(other))).length).toBe(9000);
  });

  it("throws what ends the comparison", async () => {
    const store = await storeWith({ a: "1" });
    await expect(collect(place(store), place(store, "none"))).rejects.toMatchObject({
      code: "not-found",
    });
    const signal = AbortSignal.abort();
    await expect(collect(place(store), place(store), { signal })).rejects.toBeDefined();
  });
});
