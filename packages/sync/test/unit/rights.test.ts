/** Rights that a copy must not have, and attributes that whoever makes it may not give. */
import { type Attributes, MemoryDriver } from "@omnisync/storage";
import { SOURCE_ARGV } from "@omnisync/testkit";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type SyncOptions, check } from "../../src/index.ts";
import { type DiskPlace, diskPlace } from "../disk-place.ts";
import { toldLines } from "../told-lines.ts";
import { T0, bytes, place } from "../stores.ts";

const asRoot = test.skipIf(process.platform !== "linux" || process.geteuid?.() !== 0);

function plant({ root }: DiskPlace, path: string, mode: number, content = path): void {
  if (path.endsWith("/")) mkdirSync(join(root, path));
  else writeFileSync(join(root, path), content);
  chownSync(join(root, path), 1234, 4321);
  chmodSync(join(root, path), mode);
  utimesSync(join(root, path), T0 / 1000, T0 / 1000);
}

function somebodys(): DiskPlace {
  const made = diskPlace();
  plant(made, "user", 0o4755);
  plant(made, "group", 0o2755);
  plant(made, "both", 0o6711);
  plant(made, "none", 0o640);
  plant(made, "dir/", 0o3775);
  return made;
}

function modes({ root }: DiskPlace): Record<string, string> {
  const modeOf = (path: string): string => (statSync(join(root, path)).mode & 0o7777).toString(8);
  return Object.fromEntries(
    ["user", "group", "both", "none", "dir"].map((path) => [path, modeOf(path)]),
  );
}

const ALL = { user: "4755", group: "2755", both: "6711", none: "640", dir: "3775" };
const NONE = { user: "755", group: "755", both: "711", none: "640", dir: "1775" };
const OF_USER = { ...NONE, user: "4755", both: "4711" };
const owners = { preserveOwner: true, preserveGroup: true } as const;

asRoot.for<readonly [string, SyncOptions, Record<string, string>]>([
  ["without owner and group", {}, NONE],
  ["with the owner", { preserveOwner: true }, OF_USER],
  [
    "with the group",
    { preserveGroup: true },
    { ...NONE, group: "2755", both: "2711", dir: "3775" },
  ],
  ["with both", owners, ALL],
  ["by number", { ...owners, numericIds: true }, ALL],
  [
    "with another owner",
    { ...owners, userMap: [{ from: "*", to: "7" }] },
    { ...ALL, user: "755", both: "2711" },
  ],
  ["with owners of its own", { ...owners, userMap: [{ from: "7", to: "8" }] }, ALL],
  ["told to take them off", { ...owners, chmod: ["ug-s"] }, { ...NONE }],
  [
    "told to set them",
    { chmod: ["F4755"] },
    { ...NONE, user: "4755", group: "4755", both: "4755", none: "4755" },
  ],
  [
    "told to set one",
    { chmod: ["Fu+s", "Fo-r"] },
    { user: "4751", group: "4751", both: "4711", none: "4640", dir: "1775" },
  ],
  ["as rsync", { foreignSetIds: true }, ALL],
])("[SY-384] set-id bits %s", async ([, options, expected]) => {
  const [from, to] = [somebodys(), diskPlace()];
  await toldLines(from, to, options);
  expect(modes(to)).toEqual(expected);
  expect(await toldLines(from, to, options)).toEqual([]);
  expect(modes(to)).toEqual(expected);
});

asRoot(
  "[SY-384] bits that a copy has from before are taken off; check does not miss them",
  async () => {
    const [from, to] = [somebodys(), diskPlace()];
    await toldLines(from, to);
    expect(await check(from, to)).toMatchObject({ inSync: true, match: 4 });
    chmodSync(join(to.root, "user"), 0o4755);
    expect(await toldLines(from, to)).toEqual(["user: attributes (mode)"]);
    expect(modes(to)).toEqual(NONE);
    chmodSync(join(to.root, "none"), 0o4640);
    expect(await check(from, to)).toMatchObject({ inSync: false, differ: 1 });
  },
);

asRoot("[SY-384] nor do they come from a store that does not know whose they are", async () => {
  for (const first of [{}, { foreignSetIds: true }, owners]) {
    const [from, back] = [somebodys(), diskPlace()];
    const driver = new MemoryDriver();
    const [store, copy] = [place(driver, "a"), place(driver, "b")];
    await toldLines(from, store, first);
    expect(await toldLines(from, store, first)).toEqual([]);
    // By the store itself, with all that it noted.
    await toldLines(store, copy);
    expect(await toldLines(store, copy)).toEqual([]);
    await toldLines(copy, back, owners);
    // A directory is made anew, not copied.
    expect(modes(back)).toEqual(first === owners ? { ...ALL, dir: "1775" } : NONE);
    expect(await toldLines(copy, back, owners)).toEqual([]);
  }
});

asRoot("[SY-385] without modes, bits of the old content are not the new one's", async () => {
  for (const [options, expected] of [
    [{}, 0o755],
    [{ inplace: true }, 0o755],
    [{ foreignSetIds: true }, 0o4755],
  ] as const) {
    const [from, to] = [diskPlace(), diskPlace()];
    plant(from, "user", 0o600, "new!");
    plant(to, "user", 0o4755);
    plant(from, "same", 0o600);
    plant(to, "same", 0o4755);
    utimesSync(join(from.root, "user"), 0, 0);
    const without: SyncOptions = { ...options, preserveMode: false };
    await toldLines(from, to, without);
    expect(readFileSync(join(to.root, "user"), "utf8")).toBe("new!");
    expect(statSync(join(to.root, "user")).mode & 0o7777).toBe(expected);
    // What is not written anew stays as it is.
    expect(statSync(join(to.root, "same")).mode & 0o7777).toBe(0o4755);
    expect(await toldLines(from, to, without)).toEqual([]);
  }
});

const GIVEN: Attributes = {
  mtime: T0,
  xattrs: {
    "security.capability": "AQAAAgAgAAAAAAAAAAAAAAAAAAA=",
    "trusted.note": "eA==",
    "system.posix_acl_access": "eA==",
    "user.color": "cmVk",
    "user.rsync.%stat": "eA==",
  },
};

/** Restores a store into `root` twice. */
const RESTORE = `
  const { FileDriver, MemoryDriver } = await import("@omnisync/storage");
  const { sync } = await import("@omnisync/sync");
  const [root, attributes] = process.argv.slice(-2);
  const source = new MemoryDriver();
  await source.write("file", new Uint8Array(3), JSON.parse(attributes));
  await source.mkdir("dir", JSON.parse(attributes));
  const driver = new FileDriver({ root });
  const kinds = [];
  for (const _ of [1, 2]) {
    await sync({ driver: source, path: "" }, { driver, path: "" }, {
      preserveXattrs: true,
      onEvent: ({ path, kind, error }) => void kinds.push(path + " " + kind + (error ?? "")),
    });
  }
  const { xattrs } = await driver.stat("file", { attributes: ["xattrs"] });
  await driver.close();
  console.log(JSON.stringify({ kinds, xattrs }));
`;

const DONE = ["dir mkdir", "file copy", "dir unchanged", "file unchanged"];

asRoot("[SY-386] extended attributes that this user may not set are left out", () => {
  const root = mkdtempSync(join(tmpdir(), "omnisync-rights-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  chownSync(root, 65534, 65534);
  const nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups", process.execPath];
  const script = [
    ...SOURCE_ARGV,
    "--input-type=module",
    "-e",
    RESTORE,
    root,
    JSON.stringify(GIVEN),
  ];
  const options = { encoding: "utf8", cwd: import.meta.dirname } as const;
  const printed = execFileSync("setpriv", [...nobody, ...script], options);
  const { kinds, xattrs } = JSON.parse(printed) as { kinds: string[]; xattrs: object };
  expect({ kinds: kinds.sort(), xattrs }).toEqual({
    kinds: DONE.toSorted(),
    xattrs: { "user.color": "cmVk" },
  });
});

asRoot("[SY-386] the super-user sets all but those of the file system and of rsync", async () => {
  const to = diskPlace();
  const source = new MemoryDriver();
  await source.write("file", bytes("x"), GIVEN);
  await toldLines(place(source), to, { preserveXattrs: true });
  expect(await toldLines(place(source), to, { preserveXattrs: true })).toEqual([]);
  const { xattrs = {} } = (await to.driver.stat("file", { attributes: ["xattrs"] })) ?? {};
  expect(Object.keys(xattrs)).toEqual(["security.capability", "trusted.note", "user.color"]);
});
