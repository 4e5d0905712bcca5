/** Directories on object stores, which keep their attributes in markers: there and back, as real servers have it. */
import { Faults, fault } from "@omnisync/storage/layers";
import { serverOrSkip } from "@omnisync/testkit/servers/inject";
import { startStrictS3 } from "@omnisync/testkit/strict-s3";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { AttributeCache, type Place, type SyncOptions, check, sync } from "../../src/index.ts";
import { type S3Access, s3Setup } from "../../../storage/test/servers/s3-setup.ts";
import { readXattrs, writeXattrs } from "../../../storage/src/drivers/file/file-xattrs.ts";
import { type DiskPlace, diskPlace } from "../disk-place.ts";
import { T0, entries, place, recorder } from "../stores.ts";

const isRoot = process.geteuid?.() === 0;

const MODES = {
  plain: 0o755,
  "plain/ünder +%": 0o1777,
  secret: 0o700,
  sealed: 0o555,
  empty: 0o711,
};

function plant({ root }: DiskPlace): void {
  for (const [path, mode] of Object.entries(MODES)) {
    mkdirSync(join(root, path));
    if (path !== "empty") writeFileSync(join(root, path, "file"), path);
    chmodSync(join(root, path), mode);
  }
  if (isRoot) chownSync(join(root, "plain"), 1234, 4321);
  writeXattrs(join(root, "secret"), { "user.color": "cmVk" });
  for (const path of Object.keys(MODES).reverse()) {
    utimesSync(join(root, path), T0 / 1000, T0 / 1000);
  }
  chmodSync(root, 0o750);
}

/** Directories with what is kept of them; the rest is set apart. */
function directories({ root }: DiskPlace): readonly string[] {
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).sort();
  return ["", ...paths].flatMap((path) => {
    const stat = statSync(join(root, path));
    if (!stat.isDirectory()) return [];
    const xattrs = JSON.stringify(readXattrs(join(root, path)));
    return [`${path} ${(stat.mode & 0o7777).toString(8)} ${stat.uid}:${stat.gid} ${xattrs}`];
  });
}

async function lines(from: Place, to: Place, options: SyncOptions): Promise<readonly string[]> {
  const { onEvent, lines: told } = recorder();
  const report = await sync(from, to, { ...options, onEvent });
  expect(report.failures).toEqual([]);
  return told().filter((line) => !line.endsWith(": unchanged (same)"));
}

const ARCHIVE: SyncOptions = { preserveOwner: isRoot, preserveGroup: true, preserveXattrs: true };

const strict = await startStrictS3({ keepLog: false });
afterAll(() => strict.close());
await suite("the strict S3 server", strict);
const rgw = serverOrSkip("radosgw");
if (rgw !== undefined) await suite("radosgw", rgw);

async function suite(name: string, access: S3Access): Promise<void> {
  const setup = await s3Setup(access);

  describe(name, () => {
    it("[SY-380] [SY-381] attributes of directories come back, those of the place itself too", async () => {
      const [from, back] = [diskPlace(), diskPlace()];
      plant(from);
      const store = place(await setup.open());
      await lines(from, store, ARCHIVE);
      expect(await lines(from, store, ARCHIVE)).toEqual([]);
      await lines(store, back, ARCHIVE);
      expect(directories(back)).toEqual(directories(from));
      expect(statSync(join(back.root, "secret")).mtimeMs).toBe(T0);
      expect(await lines(store, back, ARCHIVE)).toEqual([]);
      expect(await lines(back, store, ARCHIVE)).toEqual([]);
      expect(await check(from, store)).toMatchObject({ inSync: true, match: 4 });
    });

    it("[SY-380] modes alone, from store to store too", async () => {
      const [from, back] = [diskPlace(), diskPlace()];
      plant(from);
      const [one, other] = [place(await setup.open()), place(await setup.open())];
      await lines(from, one, {});
      const marked = (await entries(one.driver)).filter(({ kind }) => kind === "directory");
      expect(marked.map(({ path }) => path)).toEqual([
        "empty",
        "plain/ünder +%",
        "sealed",
        "secret",
      ]);
      await lines(one, other, {});
      expect(await lines(one, other, {})).toEqual([]);
      await lines(other, back, {});
      for (const [path, mode] of Object.entries(MODES)) {
        expect([path, statSync(join(back.root, path)).mode & 0o7777]).toEqual([path, mode]);
      }
    });

    it("[SY-380] [SY-383] markers change, and go, with their directories", async () => {
      const from = diskPlace();
      plant(from);
      const store = place(await setup.open());
      await lines(from, store, ARCHIVE);
      chmodSync(join(from.root, "secret"), 0o711);
      rmSync(join(from.root, "sealed"), { recursive: true });
      const done = await lines(from, store, { delete: true });
      expect(done.toSorted()).toEqual([
        "sealed/file: remove (extra)",
        "sealed: remove (extra)",
        "secret: attributes (mode)",
      ]);
      const kept = { mode: 0o711, gid: statSync(join(from.root, "secret")).gid };
      const xattrs = { "user.color": "cmVk" };
      expect(await store.driver.stat("secret")).toMatchObject({ ...kept, xattrs });
      expect(await store.driver.stat("sealed")).toBeUndefined();
    });

    it("[SY-382] a second run asks for no marker, another machine for each once", async () => {
      const from = diskPlace();
      plant(from);
      const faults = new Faults();
      const store = place(fault(await setup.open(), faults));
      let attributeCache = AttributeCache.open(":memory:");
      const looks = async (): Promise<ReadonlySet<string | undefined>> => {
        const before = faults.calls.length;
        expect(await lines(from, store, { attributeCache })).toEqual([]);
        const calls = faults.calls.slice(before);
        expect(calls.every(({ operation }) => /^(?:probe|stat|list)$/.test(operation))).toBe(true);
        const stats = calls.filter(({ operation }) => operation === "stat");
        return new Set(stats.map(({ path }) => path));
      };
      await lines(from, store, { attributeCache });
      // Only at the place itself.
      expect(await looks()).toEqual(new Set([""]));
      attributeCache = AttributeCache.open(":memory:");
      const asked = await looks();
      expect(["empty", "sealed", "secret"].filter((path) => !asked.has(path))).toEqual([]);
      expect(asked.has("plain")).toBe(false);
      expect(await looks()).toEqual(new Set([""]));
    });
  });
}
