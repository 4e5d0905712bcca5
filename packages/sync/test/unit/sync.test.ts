import { type Driver, type Entry, MemoryDriver } from "@omnisync/storage";
import { disable, intercept } from "@omnisync/storage/layers";
import { AttributeCache, createFilter, sync } from "@omnisync/sync";
import { describe, expect, it, vi } from "vitest";
import { serveBucket } from "../bucket.ts";
import { T0, bytes, contents, entries, place, recorder, storeWith } from "../stores.ts";

describe("sync", () => {
  it("makes the destination hold what the source holds", async () => {
    const files = { a: "1", "b/c": "2", "b/d/e": "3", "empty/": "", zero: "" };
    const [source, destination] = [
      await storeWith(files),
      await storeWith({ a: "old!", keep: "me" }),
    ];
    const report = await sync(place(source), place(destination));
    expect(await contents(destination)).toEqual({ ...files, keep: "me" });
    expect(report).toMatchObject({ created: 3, replaced: 1, directoriesCreated: 1, failed: 0 });
  });

  it("[SY-1] refuses a missing source and removes nothing", async () => {
    const destination = await storeWith({ a: "1" });
    const missing = sync(place(await storeWith({ x: "1" }), "nowhere"), place(destination), {
      delete: true,
    });
    await expect(missing).rejects.toMatchObject({ code: "not-found" });
    expect(await contents(destination)).toEqual({ a: "1" });
  });

  it.each([
    ["the same place", "a", "a", false],
    ["destination inside the source", "a", "a/b", false],
    ["source inside the destination, with delete", "a/b", "a", true],
  ])("[SY-2] refuses %s", async (_, from, to, remove) => {
    const store = await storeWith({ "a/b/c": "1" });
    const run = sync(place(store, from), place(store, to), { delete: remove });
    await expect(run).rejects.toMatchObject({ code: "invalid-argument" });
  });

  it("[SY-2] allows a source inside the destination without delete, and siblings", async () => {
    const store = await storeWith({ "a/b/c": "1" });
    await sync(place(store, "a/b"), place(store, "a"));
    await sync(place(store, "a"), place(store, "ab"));
    expect(Object.keys(await contents(store))).toEqual(["a/b/c", "a/c", "ab/b/c", "ab/c"]);
  });

  it("[SY-3] copies a single file to a single path, and refuses a directory there", async () => {
    const [source, destination] = [
      await storeWith({ "d/f": "1" }),
      await storeWith({ "x/y": "2" }),
    ];
    await sync(place(source, "d/f"), place(destination, "new/name"));
    expect(await contents(destination)).toEqual({ "new/name": "1", "x/y": "2" });
    await expect(sync(place(source, "d/f"), place(destination, "x"))).rejects.toMatchObject({
      code: "invalid-argument",
    });
    await expect(sync(place(source, "d"), place(destination, "x/y"))).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });

  it.each([
    { existing: true, ignoreExisting: true },
    { checksum: true, sizeOnly: true },
  ])("[SY-4] refuses %o", async (options) => {
    const run = sync(place(await storeWith({ a: "1" })), place(await storeWith()), options);
    await expect(run).rejects.toMatchObject({ code: "invalid-argument" });
  });

  it("[SY-10] sorts a listing that comes unordered", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [`d${i % 9}/f${i}`, String(i)]),
    );
    const [source, destination] = [
      await storeWith(files),
      await storeWith({ ...files, extra: "x" }),
    ];
    const report = await sync(
      place(disable(source, "orderedList")),
      place(disable(destination, "orderedList")),
      { delete: true },
    );
    expect(report).toMatchObject({ unchanged: 500, removed: 1, created: 0 });
  });

  it.each(["source", "destination"])(
    "[SY-16] a listing of the %s that is not in the order that its store claims removes nothing",
    async (side) => {
      const files = { a: "1", b: "2", c: "3", d: "4" };
      const stores = { source: await storeWith(files), destination: await storeWith(files) };
      const scrambled = { ...stores, [side]: listingAs(stores[side as "source"], backwards) };
      const run = sync(place(scrambled.source), place(scrambled.destination), {
        delete: true,
        deleteTiming: "during",
      });
      await expect(run).rejects.toMatchObject({
        code: "unsupported",
        path: "c",
        message: expect.stringContaining("--s3-unordered-list"),
      });
      expect(await contents(stores.source)).toEqual(files);
      expect(await contents(stores.destination)).toEqual(files);
    },
  );

  it("[SY-10] [SY-16] a bucket that lists in an order of its own loses nothing", async () => {
    const { open } = await serveBucket({ scrambledLists: true });
    const files = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`f${i}`, String(i)]));
    const source = place(await storeWith(files));
    const sorting = place(await open({ unorderedList: true }));
    expect(await sync(source, sorting, { delete: true })).toMatchObject({
      created: 30,
      removed: 0,
    });
    const again = await sync(source, sorting, { delete: true });
    expect(again).toMatchObject({ unchanged: 30, created: 0, removed: 0 });
    const believing = sync(source, place(await open()), { delete: true });
    await expect(believing).rejects.toMatchObject({ code: "unsupported" });
    expect(await contents(sorting.driver)).toEqual(files);
  });

  it("[SY-16] a listing that has something twice removes nothing", async () => {
    const source = await storeWith({ a: "1", b: "2" });
    const destination = await storeWith({ a: "1", b: "2" });
    const twice = listingAs(destination, (entries) => entries.flatMap((entry) => [entry, entry]));
    const run = sync(place(source), place(twice), { delete: true });
    await expect(run).rejects.toMatchObject({ code: "unsupported" });
    expect(await contents(destination)).toEqual({ a: "1", b: "2" });
  });

  it("[SY-14] leaves filtered paths alone on both sides", async () => {
    const source = await storeWith({ "a.txt": "1", "a.tmp": "2", "cache/x.txt": "3" });
    const destination = await storeWith({ "old.tmp": "4", "cache/y": "5", gone: "6" });
    const filter = createFilter({ exclude: ["*.tmp", "/cache/"] });
    await sync(place(source), place(destination), { delete: true, filter });
    expect(await contents(destination)).toEqual({ "a.txt": "1", "old.tmp": "4", "cache/y": "5" });
  });

  it.each([{}, { checksum: true }, { sizeOnly: true }, { delete: true }])(
    "[SY-28] a second run moves nothing (%o)",
    async (options) => {
      const source = await storeWith({ a: "1", "b/c": "22", "empty/": "", z: "" });
      await source.writeLink("l", "a", { mtime: T0 });
      const destination = await storeWith();
      await sync(place(source), place(destination), options);
      const before = await entries(destination);
      const { onEvent, lines } = recorder();
      const report = await sync(place(source), place(destination), { ...options, onEvent });
      expect(report).toMatchObject({
        bytesTransferred: 0,
        created: 0,
        replaced: 0,
        attributesSet: 0,
        linksWritten: 0,
        directoriesCreated: 0,
        removed: 0,
      });
      expect(lines().every((line) => line.endsWith("unchanged (same)"))).toBe(true);
      expect(await entries(destination)).toEqual(before);
    },
  );

  it("[SY-22] checksum finds what size and mtime hide", async () => {
    const [source, destination] = [
      await storeWith({ a: "new", b: "x" }),
      await storeWith({ a: "old", b: "x" }),
    ];
    expect(await sync(place(source), place(destination), { checksum: true })).toMatchObject({
      replaced: 1,
      unchanged: 1,
    });
    expect(await contents(destination)).toEqual({ a: "new", b: "x" });
  });

  it("[SY-23] sets only attributes where the content is the same", async () => {
    const source = await storeWith({ a: "same" }, { mtime: T0 + 5000, mode: 0o600 });
    const destination = await storeWith({ a: "same" }, { mtime: T0, mode: 0o644 });
    const report = await sync(place(source), place(destination));
    expect(report).toMatchObject({ attributesSet: 1, replaced: 0, bytesTransferred: 0 });
    expect(await destination.stat("a")).toMatchObject({ mtime: T0 + 5000, mode: 0o600 });
  });

  it("[SY-26] asks for no attribute that the cache knows", async () => {
    const files = Object.fromEntries(Array.from({ length: 2500 }, (_, i) => [`f${i}`, String(i)]));
    const source = await storeWith(files);
    const store = new MemoryDriver();
    const destination = disable(store, "completeList", "copy");
    const attributeCache = AttributeCache.open(":memory:");
    await sync(place(source), place(destination), { attributeCache });
    const stat = vi.spyOn(store, "stat");
    const report = await sync(place(source), place(destination), { attributeCache });
    expect(report).toMatchObject({ unchanged: 2500, bytesTransferred: 0 });
    // The root of the destination; nothing else.
    expect(stat.mock.calls.map(([path]) => path)).toEqual([""]);
    await store.write("f7", bytes("!"), { mtime: T0 });
    expect(await sync(place(source), place(destination), { attributeCache })).toMatchObject({
      unchanged: 2499,
      replaced: 1,
    });
  });

  it("[SY-26] without a cache asks once for each file of equal size, and for no other", async () => {
    const source = await storeWith({ a: "1", b: "2", c: "333", d: "4" });
    const store = await storeWith({ a: "1", b: "2", c: "3", e: "5" });
    const stat = vi.spyOn(store, "stat");
    await sync(place(source), place(disable(store, "completeList", "copy")));
    expect(stat.mock.calls.map(([path]) => path).sort()).toEqual(["", "a", "b"]);
  });

  it("[SY-31] carries mtime, mode, content type and metadata", async () => {
    const source = new MemoryDriver();
    const attributes = {
      mtime: T0 + 0.123,
      mode: 0o751,
      contentType: "text/x-a",
      metadata: { owner: "ä" },
    };
    await source.write("a", bytes("1"), attributes);
    await source.write("b.html", bytes("<p>"), { mtime: 1 });
    const destination = new MemoryDriver();
    await sync(place(source), place(destination));
    expect(await destination.stat("a")).toMatchObject(attributes);
    expect(await destination.stat("b.html")).toMatchObject({ contentType: "text/html" });
  });

  it("[SY-34] lets the store copy by itself", async () => {
    const store = await storeWith({ "a/x": "1", "a/y": "22" });
    const read = vi.spyOn(store, "read");
    const report = await sync(place(store, "a"), place(store, "b"));
    expect(report).toMatchObject({ created: 2, bytesTransferred: 0, bytesServerCopied: 3 });
    expect(read).not.toHaveBeenCalled();
    expect(await store.stat("b/x")).toMatchObject({ mtime: T0 });
  });

  it.each([
    ["parts", ["copy"] as const, "multipart"],
    ["ranges", ["copy", "multipart"] as const, "ranges"],
    ["a stream", ["copy", "multipart", "stage"] as const, "stream"],
  ])("[SY-35] brings a large file over by %s", async (_, off, strategy) => {
    const content = new Uint8Array(40 * 1024 * 1024 + 5);
    for (let i = 0; i < content.length; i += 4099) content[i] = i % 251;
    const source = await storeWith({ big: content });
    const destination = new MemoryDriver();
    const { events, onEvent } = recorder();
    const report = await sync(place(source), place(disable(destination, ...off)), { onEvent });
    expect(report).toMatchObject({ created: 1, bytesTransferred: content.length });
    expect(events[0]).toMatchObject({ strategy });
    expect(
      Buffer.compare(
        (await destination.readBlock("big", { offset: 0, length: content.length })).bytes,
        content,
      ),
    ).toBe(0);
    expect(destination.store.uploads.size).toBe(0);
  });

  it("[SY-40] keeps links as links, or leaves them out", async () => {
    const source = await storeWith({ a: "1" });
    await source.writeLink("l", "../else where", { mtime: T0 });
    const destination = await storeWith();
    expect(await sync(place(source), place(destination))).toMatchObject({ linksWritten: 1 });
    expect(await contents(destination)).toEqual({ a: "1", l: "-> ../else where" });
    const none = await storeWith();
    expect(await sync(place(source), place(none), { links: "skip" })).toMatchObject({
      ignored: 1,
      failed: 0,
    });
    const cannot = disable(none, "symlinks");
    expect(await sync(place(source), place(cannot))).toMatchObject({
      failed: 1,
      failures: [{ path: "l" }],
    });
  });

  it("[SY-41] marks empty directories only", async () => {
    const source = await storeWith({
      "e1/": "",
      "full/": "",
      "full/x": "1",
      "nest/": "",
      "nest/e2/": "",
      "z/": "",
    });
    const destination = await storeWith();
    await sync(place(source), place(destination));
    expect(Object.keys(await contents(destination))).toEqual(["e1/", "full/x", "nest/e2/", "z/"]);
    const none = await storeWith();
    await sync(place(source), place(none), { dirMarkers: false });
    expect(Object.keys(await contents(none))).toEqual(["full/x"]);
  });

  it("[SY-70] a dry run changes nothing and tells the same", async () => {
    const files = { a: "1", "b/c": "22", same: "s" };
    const [source, destination] = [
      await storeWith(files),
      await storeWith({ same: "s", extra: "x", "b/c": "old" }),
    ];
    const before = await contents(destination);
    const dry = recorder();
    const report = await sync(place(source), place(destination), {
      dryRun: true,
      delete: true,
      onEvent: dry.onEvent,
    });
    expect(await contents(destination)).toEqual(before);
    expect(report).toMatchObject({
      dryRun: true,
      created: 1,
      replaced: 1,
      removed: 1,
      unchanged: 1,
    });
    const wet = recorder();
    await sync(place(source), place(destination), { delete: true, onEvent: wet.onEvent });
    expect(wet.lines().sort()).toEqual(dry.lines().sort());
  });

  it("holds many files in flight back to the bandwidth limit", async () => {
    const source = await storeWith({ a: new Uint8Array(300_000), b: new Uint8Array(300_000) });
    const started = performance.now();
    await sync(place(source), place(await storeWith()), { bandwidth: 1_000_000 });
    // 600 kB at 1 MB/s, less the burst that the throttle lets through at once.
    expect(performance.now() - started).toBeGreaterThan(400);
  });

  it("a cache that fails does not fail the run", async () => {
    const attributeCache = AttributeCache.open(":memory:");
    attributeCache.close();
    const source = await storeWith({ a: "1" });
    const destination = disable(await storeWith({ a: "1" }), "completeList", "copy");
    expect(await sync(place(source), place(destination), { attributeCache })).toMatchObject({
      unchanged: 1,
      failed: 0,
    });
  });

  it("an event listener sees exactly what the report counts", async () => {
    const source = await storeWith({ a: "1", b: "2", "c/": "" });
    const { events, onEvent } = recorder();
    const report = await sync(place(source), place(await storeWith({ b: "2", x: "y" })), {
      delete: true,
      onEvent,
    });
    expect(events).toHaveLength(
      report.created + report.unchanged + report.directoriesCreated + report.removed,
    );
    expect(events.find(({ kind }) => kind === "failed")).toBeUndefined();
  });
});

/** The driver with its listing in one page, changed. */
function listingAs(driver: Driver, change: (entries: readonly Entry[]) => Entry[]): Driver {
  return intercept(driver, {
    methods: {
      async *list(directory, options) {
        yield change((await Array.fromAsync(driver.list(directory, options))).flat());
      },
    },
  });
}

function backwards(entries: readonly Entry[]): Entry[] {
  return [...entries].reverse();
}
