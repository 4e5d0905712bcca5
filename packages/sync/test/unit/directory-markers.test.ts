/** Directories on stores that have none: what is kept of them, and what that costs. */
import { type Driver, type Entry, MemoryDriver, StorageError } from "@omnisync/storage";
import { disable } from "@omnisync/storage/layers";
import { chmodSync, mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import {
  AttributeCache,
  type Place,
  type SyncOptions,
  applyPlan,
  plan,
  sync,
} from "../../src/index.ts";
import { type DiskPlace, diskPlace } from "../disk-place.ts";
import { toldLines } from "../told-lines.ts";
import { T0, bytes, place, storeWith } from "../stores.ts";

/** Directories by their modes, a file in each but `empty`. */
function plant({ root }: DiskPlace): void {
  const modes = { plain: 0o755, secret: 0o700, "secret/deep": 0o2750, sealed: 0o555, empty: 0o755 };
  for (const [path, mode] of Object.entries(modes)) {
    mkdirSync(join(root, path));
    if (path !== "empty") writeFileSync(join(root, path, "file"), path);
    chmodSync(join(root, path), mode);
  }
  for (const path of Object.keys(modes).reverse())
    utimesSync(join(root, path), T0 / 1000, T0 / 1000);
}

const modeOf = ({ root }: DiskPlace, path: string): number =>
  statSync(join(root, path)).mode & 0o7777;

function markers(store: MemoryDriver): readonly string[] {
  return store.store.keys().filter((key) => key.endsWith("/"));
}

it("[SY-380] [SY-381] modes of directories come back from a store that has none", async () => {
  const [from, back] = [diskPlace(), diskPlace()];
  plant(from);
  const store = new MemoryDriver();
  await toldLines(from, place(store));
  expect(markers(store)).toEqual(["empty/", "sealed/", "secret/", "secret/deep/"]);
  expect(await store.stat("secret")).toMatchObject({ mode: 0o700, mtime: T0 });
  expect(await toldLines(from, place(store))).toEqual([]);
  await toldLines(place(store), back);
  for (const path of ["plain", "secret", "sealed", "empty"]) {
    expect([path, modeOf(back, path)]).toEqual([path, modeOf(from, path)]);
  }
  // The group is another, and whoever is in it would have a leave that nobody gave.
  expect(modeOf(back, "secret/deep")).toBe(0o750);
  expect(statSync(join(back.root, "secret")).mtimeMs).toBe(T0);
  expect(await toldLines(place(store), back)).toEqual([]);
  expect(await toldLines(back, place(store))).toEqual([]);
});

it("[SY-380] neither times nor what is not kept make a marker", async () => {
  const from = diskPlace();
  plant(from);
  for (const options of [{ preserveMode: false }, { dirMarkers: false }] as const) {
    const store = new MemoryDriver();
    await toldLines(from, place(store), options);
    expect(markers(store)).toEqual("dirMarkers" in options ? [] : ["empty/"]);
    expect(await toldLines(from, place(store), options)).toEqual([]);
  }
});

it("[SY-380] owners, extended attributes and access lists make a marker where they are kept", async () => {
  const color = { xattrs: { "user.color": "cmVk" } };
  for (const [attributes, options] of [
    [{ uid: 0, gid: 0 }, { preserveOwner: true }],
    [{ uid: 7, gid: 8 }, { preserveGroup: true }],
    [color, { preserveXattrs: true }],
    [{ acl: "user::rwx,user:7:rwx,group::r-x,mask::rwx,other::r-x" }, { preserveAcls: true }],
    [{ defaultAcl: "user::rwx,group::r-x,other::r-x" }, { preserveAcls: true }],
  ] as const) {
    const from = await storeWith({ "d/file": "x" });
    await from.mkdir("d", { mode: 0o755, ...attributes });
    const [without, store] = [new MemoryDriver(), new MemoryDriver()];
    await toldLines(place(from), place(without));
    expect(markers(without)).toEqual([]);
    await toldLines(place(from), place(store), options);
    expect(markers(store)).toEqual(["d/"]);
    expect(await toldLines(place(from), place(store), options)).toEqual([]);
  }
});

it("[SY-380] a marker follows its directory, and keeps what is not compared", async () => {
  const from = diskPlace();
  plant(from);
  const store = new MemoryDriver();
  await toldLines(from, place(store));
  await store.mkdir("secret", { uid: 7, metadata: { other: "tool" } });
  chmodSync(join(from.root, "secret"), 0o755);
  chmodSync(join(from.root, "plain"), 0o750);
  expect(await toldLines(from, place(store), { dryRun: true })).toEqual([
    "plain: mkdir (new)",
    "secret: attributes (mode)",
  ]);
  expect(await store.stat("secret")).toMatchObject({ mode: 0o700 });
  expect(await toldLines(from, place(store))).toEqual([
    "plain: mkdir (new)",
    "secret: attributes (mode)",
  ]);
  const kept = { mode: 0o755, uid: 7, metadata: { other: "tool" } };
  expect(await store.stat("secret")).toMatchObject(kept);
  expect(await toldLines(from, place(store))).toEqual([]);
});

it("[SY-380] attributes of a directory are not given to a file of its name", async () => {
  const from = diskPlace();
  plant(from);
  const store = new MemoryDriver();
  await store.write("secret", bytes("x"), { mode: 0o644 });
  const poor = disable(store, "completeList");
  await toldLines(from, place(poor));
  chmodSync(join(from.root, "secret"), 0o750);
  expect(await toldLines(from, place(poor))).toEqual(["secret: attributes (mode)"]);
  expect(await store.stat("secret")).toMatchObject({ kind: "file", mode: 0o644 });
  expect(await store.stat("secret", { directory: true })).toMatchObject({ mode: 0o750 });
  expect(await toldLines(from, place(poor))).toEqual([]);
  const other = new MemoryDriver();
  await toldLines(place(poor), place(other));
  expect(await other.stat("secret", { directory: true })).toMatchObject({ mode: 0o750 });
});

it("[SY-380] a directory without a marker counts as one that needs none", async () => {
  const from = diskPlace();
  plant(from);
  const poor = place(disable(new MemoryDriver(), "completeList"));
  await toldLines(from, poor);
  const flat: SyncOptions = { recursive: false, directories: true };
  expect(await toldLines(from, poor, flat)).toEqual([]);
  chmodSync(join(from.root, "plain"), 0o700);
  expect(await toldLines(from, poor, flat)).toEqual(["plain: attributes (mode)"]);
  expect(await toldLines(from, poor, flat)).toEqual([]);
});

it("[SY-383] the marker of a directory that went away is removed", async () => {
  const from = diskPlace();
  plant(from);
  const store = new MemoryDriver();
  await toldLines(from, place(store));
  rmSync(join(from.root, "secret"), { recursive: true });
  await toldLines(from, place(store), { delete: true });
  expect(store.store.keys()).toEqual(["empty/", "plain/file", "sealed/", "sealed/file"]);
});

it("[SY-381] the directory of the transfer itself has a marker, where it has a name in its store", async () => {
  const [from, back] = [diskPlace(), diskPlace()];
  chmodSync(from.root, 0o700);
  writeFileSync(join(from.root, "file"), "x");
  const store = new MemoryDriver();
  await toldLines(from, place(store, "to"));
  expect(await store.stat("to")).toMatchObject({ kind: "directory", mode: 0o700 });
  const mkdir = vi.spyOn(store, "mkdir");
  await toldLines(from, place(store, "to"));
  expect(mkdir).not.toHaveBeenCalled();
  await toldLines(place(store, "to"), back);
  expect(modeOf(back, "")).toBe(0o700);
  // A store, as a bucket, has no attributes.
  const whole = new MemoryDriver();
  await toldLines(from, place(whole));
  expect(whole.store.keys()).toEqual(["file"]);
});

it("[SY-381] with files, directories above them have the attributes of their markers", async () => {
  const [from, back] = [diskPlace(), diskPlace()];
  plant(from);
  const store = new MemoryDriver();
  const poor = place(disable(store, "completeList"));
  const files = ["secret/deep/file", "plain/file"];
  await toldLines(from, poor, { files });
  expect(markers(store)).toEqual(["secret/", "secret/deep/"]);
  expect(await toldLines(from, poor, { files })).toEqual([]);
  await toldLines(poor, back, { files });
  expect(modeOf(back, "secret")).toBe(0o700);
  expect(await toldLines(poor, back, { files })).toEqual([]);
});

it("[SY-382] a second run looks at no marker, nor a download at one that is known", async () => {
  const [from, back] = [diskPlace(), diskPlace()];
  plant(from);
  const attributeCache = AttributeCache.open(":memory:");
  const store = new MemoryDriver({ name: "looks" });
  const poor = place(disable(store, "completeList", "copy"));
  await toldLines(from, poor, { attributeCache });
  const looks = async (a: Place, b: Place): Promise<readonly string[]> => {
    const stat = vi.spyOn(store, "stat");
    expect(await toldLines(a, b, { attributeCache })).toEqual([]);
    const paths = stat.mock.calls.map(([path]) => path);
    stat.mockRestore();
    return paths.filter((path) => path !== "").sort();
  };
  expect(await looks(from, poor)).toEqual([]);
  await toldLines(poor, back, { attributeCache });
  expect(await looks(poor, back)).toEqual([]);
  await store.mkdir("secret", { mode: 0o711 });
  await toldLines(poor, back, { attributeCache });
  expect(modeOf(back, "secret")).toBe(0o711);
});

it("[SY-382] markers of one ETag are told apart by when they were stored", () => {
  const cache = AttributeCache.open(":memory:");
  const marker: Entry = {
    ...{ path: "d", kind: "directory", size: 0, complete: true, mode: 0o700 },
    ...{ etag: "d41d8cd98f00b204e9800998ecf8427e", storedAt: 1_700_000_000_000 },
  };
  const { mode: _, ...listed } = { ...marker, complete: false };
  cache.remember("s", marker);
  cache.remember("s", { ...marker, path: "unknown", storedAt: undefined });
  cache.remember("s", { ...marker, kind: "file", mode: 0o600 });
  cache.flush();
  const known = (entry: Entry): number | undefined => cache.complete("s", [entry], "")[0]?.mode;
  expect(known({ ...listed, storedAt: 1_700_000_000_400 })).toBe(0o700);
  expect(known({ ...listed, storedAt: 1_700_000_001_000 })).toBeUndefined();
  expect(known({ ...listed, storedAt: undefined })).toBeUndefined();
  expect(known({ ...listed, path: "unknown" })).toBeUndefined();
  expect(known({ ...listed, kind: "file" })).toBe(0o600);
});

it("[SY-381] a marker that cannot be looked at is a failure, and nothing is removed", async () => {
  const [from, back] = [diskPlace(), diskPlace()];
  plant(from);
  const store = new MemoryDriver();
  await toldLines(from, place(store));
  writeFileSync(join(back.root, "extra"), "");
  const poor: Driver = disable(store, "completeList");
  const stat = poor.stat.bind(poor);
  poor.stat = async (path, options) => {
    if (path === "secret") throw new StorageError("permission-denied", { path });
    return stat(path, options);
  };
  const report = await sync(place(poor), back, { delete: true });
  expect(report.failures.map(({ path }) => path)).toEqual(["secret"]);
  expect(report.removed).toBe(0);
  expect(modeOf(back, "sealed")).toBe(0o555);
});

it("[SY-325] [SY-326] a plan has what becomes of markers, and applies it once", async () => {
  const from = diskPlace();
  plant(from);
  const store = new MemoryDriver();
  await toldLines(from, place(store));
  chmodSync(join(from.root, "secret"), 0o711);
  chmodSync(join(from.root, "plain"), 0o750);
  const made = await plan(from, place(store));
  onTestFinished(() => made.close());
  const actions = await Array.fromAsync(made.actions());
  expect(actions.map(({ action, path }) => [action, path])).toEqual([
    ["mkdir", "plain"],
    ["attributes", "secret"],
  ]);
  expect(await applyPlan(made, from, place(store))).toMatchObject({ failed: 0, attributesSet: 1 });
  expect(await store.stat("secret")).toMatchObject({ mode: 0o711 });
  expect(await toldLines(from, place(store))).toEqual([]);
  expect(await applyPlan(made, from, place(store))).toMatchObject({ alreadyDone: 1 });
});

it("[SY-387] a new directory is open to nobody meanwhile to whom it will be closed", async () => {
  const [from, to] = [diskPlace(), diskPlace()];
  plant(from);
  const before = process.umask(0o022);
  onTestFinished(() => void process.umask(before));
  const modes: Record<string, number> = {};
  const setAttributes = to.driver.setAttributes!.bind(to.driver);
  to.driver.setAttributes = async (path, attributes, options) => {
    if (path !== "" && attributes.mode !== undefined) modes[path] = modeOf(to, path);
    return setAttributes(path, attributes, options);
  };
  await toldLines(from, to);
  expect(modes).toMatchObject({ secret: 0o700, sealed: 0o755, "secret/deep": 0o750, plain: 0o755 });
});
