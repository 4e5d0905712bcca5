/** Destinations that take `A` for `a`: nothing that lies there is another path's, and nothing is lost over it. */
import { type Driver, FileDriver } from "@omnisync/storage";
import { type SyncOptions, applyPlan, plan, sync } from "@omnisync/sync";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { foldingDisk } from "../folding-disk.ts";
import { place } from "../stores.ts";

const T = 1_700_000_000;
const NTFS = "/usr/bin/lowntfs-3g";
const canMount =
  process.platform === "linux" && process.getuid?.() === 0 && existsSync(NTFS) && mounts();

type Files = Readonly<Record<string, string>>;

function makeRoot(): string {
  const root = mkdtempSync(join(tmpdir(), "omnisync-names-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

function fill(root: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
    utimesSync(join(root, path), T, T);
  }
}

function contents(root: string, at = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(join(root, at))) {
    if (name.startsWith(".omnisync")) continue;
    const path = join(at, name);
    if (statSync(join(root, path)).isDirectory()) Object.assign(found, contents(root, path));
    else found[path] = readFileSync(join(root, path), "utf8");
  }
  return found;
}

function opened<T extends Driver>(driver: T): T {
  onTestFinished(() => driver.close());
  return driver;
}

/** Mounts an NTFS whose names are found in any case, and listed in lower case. */
function mountNtfs(root: string): void {
  const image = join(tmpdir(), `omnisync-names-${process.pid}-${Date.now()}`);
  writeFileSync(image, "");
  truncateSync(image, 16 * 1024 * 1024);
  execFileSync("/usr/sbin/mkntfs", ["-F", "-Q", "-q", image], { stdio: "ignore" });
  execFileSync(NTFS, [image, root, "-o", "ignore_case"], { stdio: "ignore" });
  rmSync(image);
}

/** Not every machine lets user-space file systems be mounted. */
function mounts(): boolean {
  const root = mkdtempSync(join(tmpdir(), "omnisync-names-"));
  try {
    mountNtfs(root);
    execFileSync("umount", ["-l", root]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

interface Scene {
  readonly source: Driver;
  readonly destination: Driver;
  readonly here: () => Record<string, string>;
  readonly there: () => Record<string, string>;
}

type MakeScene = (source: Files, destination?: Files) => Scene;

const onFolding: MakeScene = (source, destination = {}) => {
  const [from, to] = [makeRoot(), makeRoot()];
  fill(from, source);
  fill(to, destination);
  return {
    source: opened(new FileDriver({ root: from, calls: "few" })),
    destination: opened(foldingDisk(to)),
    here: () => contents(from),
    there: () => contents(to),
  };
};

const onNtfs: MakeScene = (source, destination = {}) => {
  const [from, to] = [makeRoot(), makeRoot()];
  mountNtfs(to);
  onTestFinished(() => {
    execFileSync("umount", ["-l", to]);
  });
  fill(from, source);
  fill(to, destination);
  return {
    source: opened(new FileDriver({ root: from, calls: "few" })),
    destination: opened(new FileDriver({ root: to, calls: "few" })),
    here: () => contents(from),
    there: () => contents(to),
  };
};

const run = ({ source, destination }: Scene, options: SyncOptions) =>
  sync(place(source), place(destination), options);

const codes = ({ failures }: Awaited<ReturnType<typeof sync>>): string[] =>
  failures.map(({ path, error }) => `${path}: ${error.code}`).sort();

function addTwins(make: MakeScene): void {
  const twins = { A: "upper", a: "lower", b: "b" };
  const ways: readonly [string, SyncOptions][] = [
    ["copy", {}],
    ["move", { move: true }],
    ["one by one", { move: true, jobs: 1 }],
    ["delayUpdates", { move: true, delayUpdates: true }],
    ["tempDirectory", { move: true, tempDirectory: "" }],
    ["inplace", { move: true, inplace: true }],
    ["partial", { move: true, partial: true }],
  ];
  it.each(ways)(
    "[SY-46] of two twins one is written and the other fails: %s",
    async (_, options) => {
      const scene = make(twins);
      const report = await run(scene, options);
      expect(report.failed).toBe(1);
      const there = Object.values(scene.there()).sort();
      expect([
        ["b", "lower"],
        ["b", "upper"],
      ]).toContainEqual(there);
      const left = Object.values(scene.here());
      // Each content is still to be found.
      expect(new Set([...there, ...left])).toEqual(new Set(["upper", "lower", "b"]));
      expect(report.failures[0]?.error.message).toMatch(/does not tell/);
    },
  );

  it.each([
    ["partial", { partial: true }],
    ["partial in a directory", { partial: { directory: ".part" } }],
  ])("[SY-46] nor are large ones mixed where their parts wait: %s", async (_, options) => {
    const [upper, lower] = ["upper", "LOWER"].map((word) => word.repeat(600_000));
    const scene = make({ A: upper!, a: lower! });
    const report = await run(scene, { move: true, ...options });
    expect(report.failed).toBe(1);
    const [there] = Object.entries(scene.there()).filter(([path]) => !path.startsWith(".part"));
    const all = [there![1], ...Object.values(scene.here())];
    expect(all.map((content) => content.slice(0, 5)).sort()).toEqual(["LOWER", "upper"]);
    expect(all.every((content) => content === upper || content === lower)).toBe(true);
  });

  it("[SY-46] nor is one lost in directories that are twins", async () => {
    const scene = make({ "D/x": "upper", "d/x": "lower" });
    const report = await run(scene, { move: true });
    expect(report.failed).toBeGreaterThan(0);
    const all = [...Object.values(scene.there()), ...Object.values(scene.here())];
    expect(all.sort()).toEqual(["lower", "upper"]);
  });
}

describe("a disk that does not tell names apart", () => {
  addTwins(onFolding);

  const renames: readonly [string, Files, Files, readonly string[]][] = [
    ["a file", { foo: "1" }, { Foo: "1" }, ["foo: already-exists"]],
    ["a file, upwards", { Foo: "1" }, { foo: "1" }, ["Foo: already-exists"]],
    ["a file of other content", { foo: "new" }, { Foo: "1" }, ["foo: already-exists"]],
    ["another Unicode form", { "a\u0301": "1" }, { "\u00e1": "1" }, ["a\u0301: already-exists"]],
    [
      "a directory",
      { "foo/a": "1" },
      { "Foo/a": "1" },
      ["foo/a: already-exists", "foo: already-exists"],
    ],
    [
      "a directory, upwards, with a new file",
      { "Foo/new": "1" },
      { "foo/old": "2" },
      ["Foo/new: already-exists", "Foo: already-exists"],
    ],
    [
      "a directory that was a file",
      { "foo/a": "1" },
      { Foo: "1" },
      ["foo/a: already-exists", "foo: already-exists"],
    ],
  ];
  const deleting: readonly [string, SyncOptions][] = [
    ["", {}],
    [", with ignoreErrors", { ignoreErrors: true }],
    [", in a move", { move: true, ignoreErrors: true }],
    [", delayed", { delayUpdates: true, ignoreErrors: true }],
    [", deleting during", { deleteTiming: "during", ignoreErrors: true }],
  ];
  for (const [how, options] of deleting) {
    it.each(renames)(
      `[SY-46] a new spelling of %s is a failure, and removes nothing${how}`,
      async (_, source, destination, failures) => {
        const scene = onFolding({ ...source, z: "z" }, destination);
        const report = await run(scene, { delete: true, ...options });
        expect(scene.there()).toMatchObject({ z: "z" });
        if (options.deleteTiming === "during") {
          // What goes before its new spelling comes is written anew.
          const all = { ...scene.there(), ...scene.here() };
          expect(Object.values(all)).toEqual(expect.arrayContaining(Object.values(source)));
          expect(
            report.failed > 0 || Object.keys(source).every((path) => path in scene.there()),
          ).toBe(true);
          return;
        }
        expect(scene.there()).toEqual({ ...destination, z: "z" });
        expect(scene.here()).toMatchObject(source);
        expect(codes(report)).toEqual([...failures].sort());
        expect(report).toMatchObject({ removed: 0, withheld: "failures" });
      },
    );
  }

  it("[SY-46] with deletes before, the new spelling takes the place of the old", async () => {
    const scene = onFolding({ foo: "1", "dir/a": "2" }, { Foo: "1", "Dir/a": "2" });
    const report = await run(scene, { delete: true, deleteTiming: "before" });
    expect(report).toMatchObject({ failed: 0, removed: 3 });
    expect(scene.there()).toEqual({ foo: "1", "dir/a": "2" });
  });

  it("[SY-46] what came under its very name since the listing is looked at again, as ever", async () => {
    const scene = onFolding({ foo: "1", "dir/a": "2" });
    const { destination } = scene;
    const list = destination.list.bind(destination);
    let first = true;
    const later = new Proxy(destination, {
      get: (driver, name) =>
        name === "list"
          ? async function* (...args: Parameters<Driver["list"]>) {
              yield* list(...args);
              if (!first) return;
              first = false;
              await destination.write("foo", Buffer.from("0"));
            }
          : Reflect.get(driver, name, driver),
    });
    const report = await sync(place(scene.source), place(later), {});
    expect(report).toMatchObject({ failed: 0, replaced: 1 });
    expect(scene.there()).toEqual({ foo: "1", "dir/a": "2" });
  });

  it("[SY-46] applying a plan removes nothing that another spelling was taken for", async () => {
    const scene = onFolding({ foo: "1" }, { Foo: "1" });
    const { source, destination } = scene;
    const planned = await plan(place(source), place(destination), {
      delete: true,
      move: true,
      ignoreErrors: true,
    });
    const report = await applyPlan(planned, place(source), place(destination));
    await planned.close();
    expect(codes(report)).toEqual(["foo: already-exists"]);
    expect(report).toMatchObject({ removed: 0, withheld: "failures" });
    expect(scene.here()).toEqual({ foo: "1" });
    expect(scene.there()).toEqual({ Foo: "1" });
  });
});

describe("a disk that tells names apart", () => {
  const twins: Files = { A: "upper", a: "lower", "D/x": "1", "d/x": "2" };
  const onPlain: MakeScene = (source, destination = {}) => {
    const [from, to] = [makeRoot(), makeRoot()];
    fill(from, source);
    fill(to, destination);
    const [here, there] = [from, to].map((root) => opened(new FileDriver({ root, calls: "few" })));
    return {
      source: here!,
      destination: there!,
      here: () => contents(from),
      there: () => contents(to),
    };
  };

  it("[SY-326] a plan for twins that was cut short is applied to its end", async () => {
    const { source, destination, there } = onPlain(twins);
    const planned = await plan(place(source), place(destination));
    await destination.mkdir!("D");
    for (const path of ["A", "D/x"])
      await destination.write(path, Buffer.from(twins[path]!), { mtime: T * 1000, mode: 0o644 });
    const report = await applyPlan(planned, place(source), place(destination));
    await planned.close();
    expect(report).toMatchObject({ failed: 0, alreadyDone: 3 });
    expect(there()).toEqual(twins);
  });

  it.each([{}, { move: true }])(
    "[SY-33] a twin that came meanwhile is replaced: %o",
    async (options) => {
      const { source, destination, there } = onPlain(twins);
      const write = destination.copy!.bind(destination);
      destination.copy = async (from, path, given) => {
        if (path === "a" && (await destination.stat("a")) === undefined)
          await destination.write("a", Buffer.from("other!"));
        return write(from, path, given);
      };
      const report = await sync(place(source), place(destination), options);
      expect(report).toMatchObject({ failed: 0, replaced: 1 });
      expect(there()).toEqual(twins);
    },
  );
});

describe.skipIf(!canMount)(
  "an NTFS that ignores case (needs root and lowntfs-3g to mount it)",
  () => {
    addTwins(onNtfs);

    it("[SY-46] a name that is listed in lower case is a failure, and removes nothing", async () => {
      const scene = onNtfs({ Foo: "1" });
      expect(await run(scene, { delete: true })).toMatchObject({ created: 1, failed: 0 });
      const again = await run(scene, { delete: true, ignoreErrors: true });
      expect(codes(again)).toEqual(["Foo: already-exists"]);
      expect(scene.there()).toEqual({ foo: "1" });
    });
  },
);
