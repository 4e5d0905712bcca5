import { FileDriver, MemoryDriver } from "@omnisync/storage";
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { type Place, type SyncEvent, type SyncOptions, rootEvent, sync } from "../../src/index.ts";

interface Disk extends Place {
  readonly root: string;
  readonly driver: FileDriver;
}

function disk(): Disk {
  const root = mkdtempSync(join(tmpdir(), "omnisync-attributes-"));
  const driver = new FileDriver({ root });
  onTestFinished(async () => {
    await driver.close();
    rmSync(root, { recursive: true, force: true });
  });
  return { root, driver, path: "" };
}

async function run(from: Place, to: Place, options: SyncOptions): Promise<readonly SyncEvent[]> {
  const events: SyncEvent[] = [];
  const report = await sync(from, to, { ...options, onEvent: (event) => void events.push(event) });
  expect(report.failures).toEqual([]);
  return events;
}

const inode = ({ root }: Disk, path: string): number => statSync(join(root, path)).ino;
const links: SyncOptions = { preserveHardLinks: true };

it("[SY-236] hard links are made once, kept, and found again", async () => {
  const [from, to] = [disk(), disk()];
  mkdirSync(join(from.root, "d"));
  writeFileSync(join(from.root, "d/a"), "one");
  for (const name of ["b", "d/z", "e"]) linkSync(join(from.root, "d/a"), join(from.root, name));
  const made = (await run(from, to, links)).filter(({ linkedTo }) => linkedTo !== undefined);
  expect(made.map(({ path, linkedTo }) => [path, linkedTo])).toEqual([
    ["d/a", "b"],
    ["d/z", "b"],
    ["e", "b"],
  ]);
  expect(new Set(["b", "d/a", "d/z", "e"].map((path) => inode(to, path))).size).toBe(1);
  const again = await run(from, to, links);
  expect(again.filter(({ kind }) => kind !== "unchanged")).toEqual([]);
  writeFileSync(join(from.root, "e"), "changed");
  await run(from, to, links);
  expect(readFileSync(join(to.root, "d/z"), "utf8")).toBe("changed");
  expect(new Set(["b", "d/a", "d/z", "e"].map((path) => inode(to, path))).size).toBe(1);
});

it("[SY-236] a name whose leader failed stands for itself", async () => {
  const [from, to] = [disk(), disk()];
  writeFileSync(join(from.root, "a"), "new!");
  linkSync(join(from.root, "a"), join(from.root, "b"));
  mkdirSync(join(to.root, "a"));
  writeFileSync(join(to.root, "a/in-the-way"), "");
  const report = await sync(from, to, links);
  expect(report.failures.map(({ path }) => path)).toEqual(["a"]);
  expect(readFileSync(join(to.root, "b"), "utf8")).toBe("new!");
});

it("[SY-65] a move keeps names of one file together, however late they are listed", async () => {
  const [from, to] = [disk(), disk()];
  writeFileSync(join(from.root, "a"), "one");
  for (const name of ["b", "z"]) linkSync(join(from.root, "a"), join(from.root, name));
  for (let i = 0; i < 2000; i++) writeFileSync(join(from.root, `m${i}`), "");
  const report = await sync(from, to, { ...links, move: true, jobs: 1 });
  expect(report).toMatchObject({ failed: 0, linksWritten: 2, sourcesRemoved: 2003 });
  expect(new Set(["a", "b", "z"].map((path) => inode(to, path))).size).toBe(1);
  expect(readdirSync(from.root)).toEqual([]);
});

it("[SY-65] and leaves those that changed meanwhile", async () => {
  const [from, to] = [disk(), disk()];
  writeFileSync(join(from.root, "a"), "one");
  linkSync(join(from.root, "a"), join(from.root, "b"));
  const onEvent = ({ kind }: SyncEvent): void => {
    if (kind === "link") writeFileSync(join(from.root, "b"), "changed");
  };
  const report = await sync(from, to, { ...links, move: true, onEvent });
  expect(report).toMatchObject({ failed: 2, sourcesRemoved: 0 });
  expect(readFileSync(join(from.root, "a"), "utf8")).toBe("changed");
});

it("[SY-236] a dry run tells of hard links and makes none", async () => {
  const [from, to] = [disk(), disk()];
  writeFileSync(join(from.root, "a"), "x");
  linkSync(join(from.root, "a"), join(from.root, "b"));
  const events = await run(from, to, { ...links, dryRun: true });
  expect(events.map(({ kind, path, linkedTo }) => [kind, path, linkedTo])).toEqual([
    ["copy", "a", undefined],
    ["link", "b", "a"],
  ]);
  expect(readdirSync(to.root)).toEqual([]);
});

it("[SY-240] attributes and kinds come back from a store that keeps them as notes", async () => {
  const [from, back] = [disk(), disk()];
  const middle: Place = { driver: new MemoryDriver(), path: "" };
  writeFileSync(join(from.root, "a"), "x");
  linkSync(join(from.root, "a"), join(from.root, "b"));
  await from.driver.makeSpecial("fifo", { type: "fifo" }, { mode: 0o640 });
  await from.driver.setAttributes("a", { xattrs: { "user.color": "cmVk" }, mode: 0o750 });
  const all: SyncOptions = {
    ...links,
    preserveXattrs: true,
    preserveAcls: true,
    preserveOwner: true,
    preserveGroup: true,
    specials: true,
  };
  await run(from, middle, all);
  expect((await run(from, middle, all)).filter(({ kind }) => kind !== "unchanged")).toEqual([]);
  await run(middle, back, all);
  expect(inode(back, "a")).toBe(inode(back, "b"));
  const asked = { attributes: ["xattrs", "owner"] } as const;
  const [a, b] = await Promise.all([from, back].map(({ driver }) => driver.stat("a", asked)));
  expect(b).toMatchObject({ mode: 0o750, xattrs: a!.xattrs!, uid: a!.uid!, gid: a!.gid! });
  expect(lstatSync(join(back.root, "fifo")).isFIFO()).toBe(true);
});

it("[SY-231] events say what differed", async () => {
  const [from, to] = [disk(), disk()];
  const mtime = 1_000_000_000_000;
  await from.driver.write("a", Buffer.from("same"), { mtime, mode: 0o600 });
  await to.driver.write("a", Buffer.from("same"), { mtime, mode: 0o644, xattrs: { "user.x": "" } });
  await from.driver.write("b", Buffer.from("longer"), { mtime, mode: 0o600 });
  await to.driver.write("b", Buffer.from("b"), { mtime: mtime + 5000, mode: 0o600 });
  const events = await run(from, to, { preserveXattrs: true });
  const changed = Object.fromEntries(events.map(({ path, changes }) => [path, changes]));
  expect(changed).toEqual({ a: ["mode", "xattrs"], b: ["size", "mtime"] });
});

it("[SY-241] a store that cannot keep what is asked for is refused before anything happens", async () => {
  const [from, to] = [disk(), disk()];
  const poor = Object.create(to.driver, {
    capabilities: {
      value: { ...to.driver.capabilities, xattrs: false, acls: false, specials: false },
    },
  }) as FileDriver;
  writeFileSync(join(from.root, "a"), "x");
  for (const option of ["preserveXattrs", "preserveAcls", "specials", "devices"] as const) {
    const ran = sync(from, { driver: poor, path: "" }, { [option]: true });
    await expect(ran).rejects.toMatchObject({ code: "unsupported" });
  }
  expect(readdirSync(to.root)).toEqual([]);
});

it("[SY-242] long runs of zeros become holes", async () => {
  const [from, to] = [disk(), disk()];
  const bytes = Buffer.alloc(3_000_000);
  bytes.write("end", 2_000_001);
  writeFileSync(join(from.root, "large"), bytes);
  writeFileSync(join(from.root, "small"), Buffer.alloc(60_000));
  const middle: Place = { driver: new MemoryDriver(), path: "" };
  await run(from, middle, {});
  for (const source of [from, middle]) {
    await run(source, to, { sparse: true });
    for (const [name, blocks] of [
      ["large", 8],
      ["small", 0],
    ] as const) {
      expect(readFileSync(join(to.root, name)).equals(readFileSync(join(from.root, name)))).toBe(
        true,
      );
      expect(statSync(join(to.root, name)).blocks).toBeLessThanOrEqual(blocks * 2);
    }
    rmSync(join(to.root, "large"));
    rmSync(join(to.root, "small"));
  }
});

it("[SY-242] preallocated files are whole", async () => {
  const [from, to] = [disk(), disk()];
  writeFileSync(join(from.root, "large"), Buffer.alloc(3_000_000, 7));
  await run(from, to, { preallocate: true });
  expect(readFileSync(join(to.root, "large")).equals(Buffer.alloc(3_000_000, 7))).toBe(true);
});

it("[SY-238] links that lead in a circle are told of, and end", async () => {
  const [from, to] = [disk(), disk()];
  mkdirSync(join(from.root, "d"));
  writeFileSync(join(from.root, "d/file"), "x");
  symlinkSync("..", join(from.root, "d/up"));
  symlinkSync("nowhere", join(from.root, "dangling"));
  const report = await sync(from, to, { links: "follow" });
  expect(report.failures.map(({ path }) => path).sort()).toEqual(["d/up", "dangling"]);
  expect(readFileSync(join(to.root, "d/file"), "utf8")).toBe("x");
});

it("[SY-243] a destination is made, as the source is, also if nothing goes into it", async () => {
  const [from, parent] = [disk(), disk()];
  chmodSync(from.root, 0o750);
  const driver = new FileDriver({ root: join(parent.root, "new") });
  onTestFinished(() => driver.close());
  const to: Place = { driver, path: "" };
  expect(await rootEvent(from, to)).toMatchObject({ path: "", kind: "mkdir" });
  expect(await run(from, to, { files: [] })).toEqual([]);
  expect(readdirSync(parent.root)).toEqual([]);
  await run(from, to, { dryRun: true });
  expect(readdirSync(parent.root)).toEqual([]);
  expect(await run(from, to, {})).toEqual([]);
  expect(statSync(join(parent.root, "new")).mode & 0o777).toBe(0o750);
  expect(statSync(join(parent.root, "new")).mtimeMs).toBeCloseTo(statSync(from.root).mtimeMs, 1);
});

it("[SY-243] what becomes of the root is told beforehand, with the attributes that are wanted", async () => {
  const [from, to] = [disk(), disk()];
  for (const { root } of [from, to]) chmodSync(root, 0o755);
  const time = new Date(1_700_000_000_000);
  for (const { root } of [from, to]) utimesSync(root, time, time);
  expect(await rootEvent(from, to)).toMatchObject({ kind: "unchanged", changes: [] });
  const options: SyncOptions = { chmod: ["D700"] };
  expect(await rootEvent(from, to, options)).toMatchObject({ changes: ["mode"] });
  await run(from, to, options);
  expect(await rootEvent(from, to, options)).toMatchObject({ changes: [] });
  expect(statSync(to.root).mode & 0o777).toBe(0o700);
});
