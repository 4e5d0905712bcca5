import { type Driver, FileDriver } from "@omnisync/storage";
import { disable } from "@omnisync/storage/layers";
import { type SyncOptions, loadFilter, sync } from "@omnisync/sync";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { T0, bytes, contents, entries, place, recorder, storeWith } from "../stores.ts";

const scratch: string[] = [];
afterEach(() => {
  for (const directory of scratch.splice(0)) rmSync(directory, { recursive: true, force: true });
});

const OLD = { same: "s", a: "old a", "d/b": "old b", gone: "g", "x/y": "extra" };
const NEW = { same: "s", a: "new a!", "d/b": "new b!", n: "n" };

/** Destinations that keep old content each in its own way. */
const STORES: Readonly<Record<string, () => Promise<Driver>>> = {
  "server-side copies": () => storeWith(),
  "copies without conditions": async () => disable(await storeWith(), "conditions"),
  "reading and writing": async () => disable(await storeWith(), "copy"),
  "hard links": async () => {
    const root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
    scratch.push(root);
    return new FileDriver({ root });
  },
};

async function fill(driver: Driver, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await driver.write(path, bytes(text), { mtime: T0 });
  }
}

/** Files and links only: directories differ from store to store. */
async function files(driver: Driver): Promise<Record<string, string>> {
  const all = Object.entries(await contents(driver));
  return Object.fromEntries(all.filter(([path]) => !path.endsWith("/")));
}

describe.each(Object.keys(STORES))("backups by %s", (name) => {
  async function scene(): Promise<{ source: Driver; destination: Driver }> {
    const destination = await STORES[name]!();
    await fill(destination, OLD);
    const source = await storeWith(NEW, { mtime: T0 + 60_000 });
    await source.write("same", bytes("s"), { mtime: T0 });
    return { source, destination };
  }

  async function run(options: SyncOptions) {
    const { source, destination } = await scene();
    const report = await sync(place(source), place(destination), { delete: true, ...options });
    expect(report).toMatchObject({ failed: 0, replaced: 2, removed: expect.any(Number) });
    return { source, destination, report };
  }

  it("[SY-260] beside the originals, with their times, and never taken for extras", async () => {
    const { source, destination } = await run({ backup: {} });
    const kept = { "a~": "old a", "d/b~": "old b", "gone~": "g", "x/y~": "extra" };
    expect(await files(destination)).toEqual({ ...NEW, ...kept });
    expect((await destination.stat("a~"))?.mtime).toBe(T0);
    const again = await sync(place(source), place(destination), { delete: true, backup: {} });
    expect(again).toMatchObject({ created: 0, replaced: 0, removed: 0, withheldCount: 0 });
    expect(await files(destination)).toEqual({ ...NEW, ...kept });
  });

  it("[SY-260] in a directory of the destination, with or without a suffix", async () => {
    for (const suffix of [undefined, ".old"]) {
      const backup = { directory: "keep/here", suffix };
      const { source, destination } = await run({ backup });
      const kept = Object.fromEntries(
        Object.entries({ a: "old a", "d/b": "old b", gone: "g", "x/y": "extra" }).map(
          ([path, text]) => [`keep/here/${path}${suffix ?? ""}`, text],
        ),
      );
      expect(await files(destination)).toEqual({ ...NEW, ...kept });
      const again = await sync(place(source), place(destination), { delete: true, backup });
      expect(again).toMatchObject({ created: 0, replaced: 0, removed: 0, failed: 0 });
      expect(await files(destination)).toEqual({ ...NEW, ...kept });
    }
  });

  it("[SY-260] in a place of its own, on the same store or another", async () => {
    const elsewhere = await storeWith();
    const { destination } = await run({ backup: { directory: place(elsewhere, "bak") } });
    expect(await files(destination)).toEqual(NEW);
    expect(await contents(elsewhere)).toEqual({
      "bak/a": "old a",
      "bak/d/b": "old b",
      "bak/gone": "g",
      "bak/x/y": "extra",
    });
  });

  it("[SY-261] trash keeps all that a run replaced or removed, out of sight", async () => {
    const { destination } = await run({ trash: true });
    expect(await files(destination)).toEqual(NEW);
    const kept: string[] = [];
    const all = destination.list(".omnisync/trash", { recursive: true, includeReserved: true });
    for await (const page of all) {
      for (const { path, kind } of page) if (kind === "file") kept.push(path);
    }
    expect(
      kept.map((path) => path.replace(/^\.omnisync\/trash\/\d{8}T\d{6}Z-[0-9a-f]{8}\//, "")),
    ).toEqual(["a", "d/b", "gone", "x/y"]);
  });

  it("[SY-262] a dry run tells of the same backups and makes none", async () => {
    const backups = async (dryRun: boolean) => {
      const { source, destination } = await scene();
      const { onEvent, events } = recorder();
      const before = await contents(destination);
      const options = { delete: true, backup: {}, dryRun, onEvent };
      await sync(place(source), place(destination), options);
      if (dryRun) expect(await contents(destination)).toEqual(before);
      return events.map(({ path, kind, backup }) => `${kind} ${path} ${backup ?? ""}`).toSorted();
    };
    const told = await backups(true);
    expect(told).toEqual(await backups(false));
    expect(told).toContain("copy a a~");
    expect(told).toContain("remove x/y x/y~");
  });

  it("[SY-260] links too", async () => {
    const destination = await STORES[name]!();
    await destination.writeLink!("l", "one");
    await destination.writeLink!("gone", "two");
    const source = await storeWith({ f: "1" });
    await source.writeLink("l", "other");
    await sync(place(source), place(destination), { delete: true, backup: {} });
    expect(await files(destination)).toEqual({
      f: "1",
      l: "-> other",
      "l~": "-> one",
      "gone~": "-> two",
    });
  });

  it("[SY-260] what stands in the way of a directory, and a file that is one destination", async () => {
    const destination = await STORES[name]!();
    await fill(destination, { d: "file" });
    const source = await storeWith({ "d/e": "1", one: "new" }, { mtime: T0 + 5000 });
    await sync(place(source), place(destination), { backup: { directory: "bak" } });
    if (!destination.capabilities.fileAndDirectory) {
      expect(await files(destination)).toEqual({ "bak/d": "file", "d/e": "1", one: "new" });
    }
    await fill(destination, { "to/one": "older" });
    await sync(place(source, "one"), place(destination, "to/one"), { backup: {} });
    expect(await files(destination)).toMatchObject({ "to/one": "new", "to/one~": "older" });
    await fill(destination, { "to/one": "older!" });
    await sync(place(source, "one"), place(destination, "to/one"), { trash: true });
    expect(await files(destination)).toMatchObject({ "to/one": "new" });
  });

  it("[SY-263] a replaced backup is kept as any other file, an unchanged one stays", async () => {
    const destination = await STORES[name]!();
    await fill(destination, { "a~": "older", a: "old" });
    const source = await storeWith({ a: "old", "a~": "from the source" });
    await sync(place(source), place(destination), { backup: {} });
    expect(await files(destination)).toEqual({
      a: "old",
      "a~": "from the source",
      "a~~": "older",
    });
  });

  it("[SY-269] a backup takes no name that a file of the source has, nor that of its backup", async () => {
    const destination = await STORES[name]!();
    await fill(destination, { a: "old", "a~": "mine", "a.1": "x", b: "extra", "b~": "mine too" });
    const source = await storeWith({ a: "new!", "a~": "mine", "a.1": "x", "b~": "mine too" });
    const kept = { "a.2~": "old", "b.1~": "extra" };
    const [dry, real] = [recorder(), recorder()];
    const options = { backup: {}, delete: true } as const;
    const [from, to] = [place(source), place(destination)];
    await sync(from, to, { ...options, dryRun: true, onEvent: dry.onEvent });
    expect(await sync(from, to, { ...options, onEvent: real.onEvent })).toMatchObject({
      failed: 0,
      replaced: 1,
      removed: 1,
    });
    expect(await files(destination)).toEqual({ ...(await files(source)), ...kept });
    for (const { events } of [dry, real]) {
      const backups = events.map(({ backup }) => backup).filter((path) => path !== undefined);
      expect(backups.toSorted()).toEqual(Object.keys(kept));
    }
    const filter = await loadFilter([{ kind: "filter", text: "- *~" }]);
    const without = await storeWith({ a: "newer", "a~": "left out" });
    await sync(place(without), to, { backup: {}, filter });
    expect(await files(destination)).toMatchObject({ "a~": "new!" });
  });

  it("[SY-264] what changed since it was listed is not overwritten unseen", async () => {
    const { source, destination } = await scene();
    const { onEvent } = recorder();
    const report = await sync(place(source), place(destination), {
      backup: {},
      delete: true,
      jobs: 1,
      onEvent: (event) => {
        onEvent(event);
        if (event.path === "n")
          void destination.write("gone", bytes("new work"), { mtime: T0 + 9 });
      },
    });
    const found = await files(destination);
    expect([found["gone"], found["gone~"]]).toContain("new work");
    if (found["gone"] !== undefined) expect(report.failed).toBe(1);
  });
});

it("[SY-260] what becomes another name of a file is kept as well", async () => {
  const [source, destination] = await Promise.all(
    Array.from({ length: 2 }, () => STORES["hard links"]!()),
  );
  await fill(source!, { x: "new" });
  await source!.hardLink!("x", "y");
  await fill(destination!, { x: "old x", y: "old y" });
  const options = { preserveHardLinks: true, backup: {} } as const;
  const { onEvent, events } = recorder();
  const report = await sync(place(source!), place(destination!), { ...options, onEvent });
  expect(report).toMatchObject({ failed: 0, replaced: 1, linksWritten: 1 });
  const kept = { "x~": "old x", "y~": "old y" };
  expect(await files(destination!)).toEqual({ x: "new", y: "new", ...kept });
  expect(events.map(({ backup }) => backup)).toEqual(["x~", "y~"]);
});

describe("backup options", () => {
  it.each<SyncOptions>([
    { backup: { suffix: "" } },
    { backup: { suffix: "/x" } },
    { backup: { directory: "" } },
    { backup: { directory: "../out" } },
    { backup: {}, trash: true },
  ])("[SY-4] refuses %o", async (options) => {
    const destination = await storeWith({ a: "old" });
    const run = sync(place(await storeWith({ a: "1" })), place(destination), options);
    await expect(run).rejects.toMatchObject({ name: "StorageError" });
    expect(await entries(destination)).toHaveLength(1);
  });
});

describe("[SY-263] a link at the destination that leads to the backups", () => {
  const targets: readonly [string, string, string][] = [
    ["relative", "bak", "../kept"],
    ["in a directory", "d/bak", "../../kept/"],
    ["to a directory above them", "bak", "../kept"],
    ["absolute", "bak", "/kept"],
  ];
  it.each(targets)("is no extra: %s", async (how, path, target) => {
    const root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
    scratch.push(root);
    mkdirSync(join(root, "kept/deep"), { recursive: true });
    mkdirSync(join(root, "to/d"), { recursive: true });
    const given = how === "absolute" ? join(root, target) : target;
    symlinkSync(given, join(root, "to", path));
    for (const other of ["..", "../other", "/", "d"]) {
      symlinkSync(other, join(root, "to", `link${other.replaceAll("/", "-")}`));
    }
    const destination = new FileDriver({ root: join(root, "to") });
    const deep = how.startsWith("to a") ? `${path}/deep` : path;
    const backups = new FileDriver({ root: join(root, "to", deep) });
    await fill(destination, { a: "old", "d/x": "x" });
    const source = await storeWith({ a: "new", "d/x": "x" });
    const options = { delete: true, ignoreTimes: true, backup: { directory: place(backups) } };
    const report = await sync(place(source), place(destination), options);
    expect(report).toMatchObject({ failed: 0, removed: 4 });
    expect(Object.keys(await files(destination)).sort()).toEqual(["a", "d/x", path].sort());
    expect(await files(backups)).toMatchObject({ a: "old" });
    await Promise.all([destination.close(), backups.close()]);
  });
});
