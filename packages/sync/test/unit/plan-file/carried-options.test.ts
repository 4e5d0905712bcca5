/** Each option that a plan carries: through its text, applied, it leaves what a sync with it leaves. */
import { FileDriver, type MemoryDriver, StorageError } from "@omnisync/storage";
import { Faults, fault, onCall } from "@omnisync/storage/layers";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { signObject } from "../../../src/delta/sign-object.ts";
import type { Place, SyncOptions } from "../../../src/options.ts";
import {
  type ApplyOptions,
  type ApplyReport,
  applyPlan,
} from "../../../src/plan-file/apply-plan.ts";
import { type Plan, plan } from "../../../src/plan-file/plan.ts";
import { readPlan } from "../../../src/plan-file/read-plan.ts";
import { writePlan } from "../../../src/plan-file/write-plan.ts";
import { sync } from "../../../src/sync.ts";
import { listTrash } from "../../../src/trash/trash.ts";
import { T0, bytes, contents, place, storeWith } from "../../stores.ts";

const MiB = 1024 * 1024;
const DOWN = new StorageError("unavailable", { message: "down" });

const root = mkdtempSync(join(tmpdir(), "omnisync-plan-test-"));
const disks: FileDriver[] = [];
afterAll(async () => {
  for (const disk of disks) await disk.close();
  rmSync(root, { recursive: true, force: true });
});

let serial = 0;
function newDisk(): { readonly disk: FileDriver; readonly at: string } {
  const at = join(root, `disk-${serial++}`);
  mkdirSync(at);
  const disk = new FileDriver({ root: at });
  disks.push(disk);
  return { disk, at };
}

const KINDS: Readonly<Record<string, () => Promise<Place>>> = {
  memory: async () => place(await storeWith()),
  files: async () => place(newDisk().disk),
};

/** Makes a plan, and takes it through its text. */
async function planned(source: Place, destination: Place, options: SyncOptions): Promise<Plan> {
  const made = await plan(source, destination, options);
  let text = "";
  for await (const chunk of writePlan(made)) text += chunk;
  await made.close();
  return readPlan(saved(text));
}

function saved(text: string): string {
  const file = join(root, `${serial++}.plan`);
  writeFileSync(file, text);
  return file;
}

async function planAndApply(
  source: Place,
  destination: Place,
  options: SyncOptions,
  own?: ApplyOptions,
): Promise<ApplyReport> {
  const read = await planned(source, destination, options);
  try {
    return await applyPlan(read, source, destination, own);
  } finally {
    await read.close();
  }
}

const OLD = {
  same: "same",
  changed: "old content",
  grown: "begins",
  "grown-otherwise": "began",
  shrunk: "longer than it is now",
  "dir/changed": "old",
  obstacle: "a file where a directory is to be",
  "place/x": "in the way of a file",
  "place/deep/y": "too",
  extra: "extra",
  "gone/x": "extra",
};
const NEW = {
  same: "same",
  changed: "new content!",
  grown: "begins and goes on",
  "grown-otherwise": "begins and goes on",
  shrunk: "short",
  "dir/changed": "newer",
  "dir/new": "n",
  "obstacle/x": "x",
  place: "a file where a directory was",
};

async function fill({ driver }: Place, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files))
    await driver.write(path, bytes(text), { mtime: T0 });
}

async function sourceWith(files: Readonly<Record<string, string>>): Promise<Place> {
  const store = await storeWith(files, { mtime: T0 + 60_000 });
  if (files["same"] !== undefined) await store.write("same", bytes("same"), { mtime: T0 });
  return place(store);
}

/** All files with their times. */
async function snapshot({ driver }: Place): Promise<Readonly<Record<string, string>>> {
  const shown: Record<string, string> = {};
  for (const [path, content] of Object.entries(await contents(driver))) {
    const mtime = path.endsWith("/") ? undefined : (await driver.stat(path))?.mtime;
    shown[path] = `${content} @${mtime}`;
  }
  return shown;
}

const CASES: Readonly<Record<string, SyncOptions>> = {
  inplace: { inplace: true, delete: true },
  append: { append: true, delete: true },
  "append, verified": { append: "verify", delete: true },
  partial: { partial: true, delete: true },
  "partial, in a directory": { partial: { directory: ".parts" }, delete: true },
  backup: { backup: {}, delete: true },
  "backup, with a suffix": { backup: { suffix: ".old" }, delete: true },
  "backup, in a directory": { backup: { directory: "kept/old" }, delete: true },
  "backup, with both": { backup: { directory: "kept", suffix: ".old" }, force: true },
  "backup, in place": { backup: {}, inplace: true, delete: true },
  "backup, of a move": { backup: {}, move: true, force: true },
  force: { force: true },
  delayUpdates: { delayUpdates: true, delete: true },
  "delayUpdates, backup": { delayUpdates: true, backup: {}, force: true },
  "delayUpdates, move": { delayUpdates: true, move: true, force: true },
};

/** On a disk a directory is kept by the backups beside what was removed from it. */
const KEEPING: ReadonlySet<string> = new Set(
  Object.keys(CASES).filter((name) => {
    const { backup } = CASES[name]!;
    return backup !== undefined && backup.directory === undefined;
  }),
);

describe.each(Object.keys(KINDS))("to %s", (kind) => {
  it.each(Object.keys(CASES))("[SY-325][SY-430] %s: what sync leaves", async (name) => {
    const options = CASES[name]!;
    const [one, other] = [await KINDS[kind]!(), await KINDS[kind]!()];
    for (const end of [one, other]) await fill(end, OLD);
    const [source, twin] = [await sourceWith(NEW), await sourceWith(NEW)];

    const read = await planned(source, one, options);
    const applied = await applyPlan(read, source, one);
    const report = await sync(twin, other, options);
    // A directory that holds backups stays, and what was to take its place fails.
    const failed = report.failures.map(({ path }) => path);
    expect(failed).toEqual(kind === "files" && KEEPING.has(name) ? ["place"] : []);
    expect(applied.failures.map(({ path }) => path)).toEqual(failed);
    expect(await snapshot(one)).toEqual(await snapshot(other));
    expect(await snapshot(source)).toEqual(await snapshot(twin));
    const { created, replaced, removed, directoriesCreated } = report;
    expect(applied).toMatchObject({ created, replaced, removed, directoriesCreated });

    const again = await applyPlan(read, source, one);
    await read.close();
    expect(again).toMatchObject({ created: 0, replaced: 0, removed: 0 });
    // What a move put where a directory was can be compared with nothing any more.
    const isUnknown = kind === "files" && options.move === true && failed.length === 0;
    expect(again.failed).toBe(failed.length + (isUnknown ? 1 : 0));
    expect(await snapshot(one)).toEqual(await snapshot(other));
  });
});

describe("backups", () => {
  it("[SY-430] a place inside the destination is carried by its name, one elsewhere is refused", async () => {
    const source = await sourceWith(NEW);
    const { disk, at } = newDisk();
    const destination = place(disk);
    await fill(destination, OLD);
    const inside = new FileDriver({ root: join(at, "kept") });
    disks.push(inside);
    const read = await planned(source, destination, { backup: { directory: place(inside) } });
    expect(read.header.options).toEqual({ backup: { suffix: "", directory: "kept" } });
    await applyPlan(read, source, destination);
    await read.close();
    expect(readFileSync(join(at, "kept/changed"), "utf8")).toBe("old content");

    for (const elsewhere of [newDisk().disk, await storeWith()]) {
      await expect(
        plan(source, destination, { backup: { directory: place(elsewhere) } }),
      ).rejects.toMatchObject({
        code: "unsupported",
        message: expect.stringContaining("backup directory outside the destination"),
      });
    }
  });

  it("[SY-430] what was removed and replaced is there, under its name, with its time", async () => {
    const source = await sourceWith(NEW);
    const destination = await storeWith(OLD);
    const backups: (string | undefined)[] = [];
    await planAndApply(
      source,
      place(destination),
      { backup: { directory: "kept" }, delete: true },
      {
        onEvent: ({ kind, backup }) => kind === "remove" && backups.push(backup),
      },
    );
    const found = await contents(destination);
    for (const path of [
      "extra",
      "gone/x",
      "place/x",
      "obstacle",
      "changed",
      "dir/changed",
    ] as const) {
      expect(found[`kept/${path}`], path).toBe(OLD[path]);
      expect((await destination.stat(`kept/${path}`))?.mtime, path).toBe(T0);
    }
    expect(backups).toContain("kept/extra");
  });

  it.each<[string, SyncOptions]>([
    ["backup", { backup: { directory: "kept" }, delete: true }],
    ["trash", { trash: true, delete: true }],
  ])(
    "[SY-326][SY-430] %s on a disk: a second name that was made before the cut is no change",
    async (_, options) => {
      const source = await sourceWith({ ...NEW });
      const { disk, at } = newDisk();
      const destination = place(disk);
      await fill(destination, OLD);
      const read = await planned(source, destination, options);
      for (const operation of ["write", "remove"] as const) {
        const faults = new Faults((call) =>
          call.operation === operation ? { kind: "fail-before", error: DOWN } : undefined,
        );
        const cut = await applyPlan(read, source, place(fault(disk, faults)));
        expect(cut.failed).toBeGreaterThan(0);
        expect(readFileSync(join(at, "extra"), "utf8")).toBe("extra");
      }
      const again = await applyPlan(read, source, destination);
      await read.close();
      expect(again.failures).toEqual([]);
      const found = await contents(disk);
      expect(found).toMatchObject(NEW);
      expect(found).not.toHaveProperty("extra");
      const kept: string[] = [];
      if (options.trash) for await (const { path } of listTrash(destination)) kept.push(path);
      else kept.push(...Object.keys(found).map((path) => path.replace(/^kept\//, "")));
      expect(kept).toEqual(expect.arrayContaining(["extra", "changed", "place/x"]));
    },
  );

  it("[SY-324] what was changed meanwhile is not replaced, though the old would be kept", async () => {
    const source = await sourceWith({ a: "new content" });
    const { disk, at } = newDisk();
    await fill(place(disk), { a: "old" });
    const read = await planned(source, place(disk), { backup: {} });
    writeFileSync(join(at, "a"), "mine");
    const report = await applyPlan(read, source, place(disk));
    await read.close();
    expect(report).toMatchObject({ failed: 1, movedOn: 1, replaced: 0 });
    expect(await contents(disk)).toEqual({ a: "mine" });
  });
});

/** Bytes that are nowhere the same twice. */
function pattern(size: number): Uint8Array {
  const made = new Uint8Array(size);
  const words = new DataView(made.buffer);
  for (let at = 0; at + 4 <= size; at += 4) words.setUint32(at, at);
  return made;
}

function digest(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Gives the first chunk of what is to be copied, then fails. */
function failing(store: MemoryDriver): MemoryDriver {
  return new Proxy(store, {
    get(target, name) {
      if (name === "readBlock") return undefined;
      const value: unknown = Reflect.get(target, name, target);
      if (name !== "read") return typeof value === "function" ? value.bind(target) : value;
      return async (...args: Parameters<MemoryDriver["read"]>) => {
        const { entry, body } = await target.read(...args);
        // A beginning is only read to be compared.
        if (args[1]?.range?.length !== undefined) return { entry, body };
        async function* first(): AsyncGenerator<Uint8Array> {
          for await (const chunk of body) {
            yield chunk;
            throw DOWN;
          }
        }
        return { entry, body: first() };
      };
    },
  });
}

describe("cut short within a file", () => {
  const content = pattern(3 * MiB);

  it.each<[string, SyncOptions, Uint8Array | undefined]>([
    ["partial", { partial: true }, undefined],
    ["partial, over an older file", { partial: true }, bytes("old")],
    ["partial, in a directory", { partial: { directory: ".parts" } }, undefined],
    ["append", { append: true }, content.subarray(0, MiB)],
    ["append, verified", { append: "verify" }, content.subarray(0, MiB)],
  ])("[SY-326][SY-431] %s: applying again goes on", async (_, options, old) => {
    const store = await storeWith({ f: content }, { mtime: T0 + 60_000 });
    const { disk, at } = newDisk();
    if (old !== undefined) await disk.write("f", old, { mtime: T0 });
    const read = await planned(place(store), place(disk), options);
    const cut = await applyPlan(read, place(failing(store)), place(disk));
    expect(cut).toMatchObject({ failed: 1, movedOn: 0 });
    const again = await applyPlan(read, place(store), place(disk));
    await read.close();
    expect(again).toMatchObject({ failed: 0, created: cut.replaced === 0 ? expect.anything() : 0 });
    expect(again.bytesTransferred).toBeLessThan(content.byteLength);
    expect(digest(readFileSync(join(at, "f")))).toBe(digest(content));
    expect(statSync(join(at, "f")).mtimeMs).toBe(T0 + 60_000);
  });

  it("[SY-324][SY-431] what is no beginning of the source is refused, also of the time of parts", async () => {
    const store = await storeWith({ f: content });
    const { disk } = newDisk();
    const read = await planned(place(store), place(disk), { partial: true });
    await disk.write("f", bytes("mine"), { mtime: 0 });
    const report = await applyPlan(read, place(store), place(disk));
    expect(report).toMatchObject({ failed: 1, movedOn: 1 });
    await disk.write("f", content.subarray(0, MiB), { mtime: T0 });
    expect(await applyPlan(read, place(store), place(disk))).toMatchObject({ movedOn: 1 });
    await read.close();
  });

  it("[SY-324][SY-431] a mixture that was left in place is refused, until there is a new plan", async () => {
    const store = await storeWith({ f: content }, { mtime: T0 + 60_000 });
    const { disk, at } = newDisk();
    await disk.write("f", new Uint8Array(3 * MiB), { mtime: T0 });
    const options = { inplace: true, sizeOnly: false };
    const read = await planned(place(store), place(disk), options);
    await applyPlan(read, place(failing(store)), place(disk));
    const again = await applyPlan(read, place(store), place(disk));
    await read.close();
    expect(again).toMatchObject({ failed: 1, movedOn: 1, alreadyDone: 0 });
    await planAndApply(place(store), place(disk), options);
    expect(digest(readFileSync(join(at, "f")))).toBe(digest(content));
  });
});

it("[SY-325][SY-412] the signature of what is removed goes too", async () => {
  const source = await sourceWith({ other: "x" });
  const destination = await storeWith({ "disk.img": "d".repeat(100) });
  const delta = { threshold: 50 };
  await signObject(place(destination, "disk.img"));
  expect(destination.store.objects.size).toBe(2);
  await planAndApply(source, place(destination), { delete: true }, { delta });
  expect([...destination.store.objects.keys()]).toEqual(["other"]);
});

describe("delayUpdates", () => {
  it("[SY-432] nothing is in its place before everything is there, and a cut leaves nothing", async () => {
    const source = await sourceWith({ a: "1", b: "2" });
    const destination = await storeWith({ a: "old" });
    const read = await planned(source, place(destination), { delayUpdates: true });
    const stop = new AbortController();
    const after = async (): Promise<void> => {
      throw new Error("is only called when they are in place");
    };
    const before = async ({ path }: { readonly path: string }): Promise<void> => {
      expect(await contents(destination)).toEqual({ a: "old" });
      if (path === "b") stop.abort();
    };
    const cut = await applyPlan(read, source, place(destination), {
      jobs: 1,
      hooks: { before, after },
      signal: stop.signal,
    });
    expect(cut).toMatchObject({ interrupted: true, replaced: 0, created: 0 });
    expect([...destination.store.objects.keys()]).toEqual(["a"]);
    expect(await applyPlan(read, source, place(destination))).toMatchObject({ failed: 0 });
    await read.close();
    expect(await contents(destination)).toEqual({ a: "1", b: "2" });
  });

  it("[SY-324] what changes while they wait is refused, and counted as moved on", async () => {
    const source = await sourceWith({ a: "1" });
    const destination = await storeWith({ a: "old" });
    const read = await planned(source, place(destination), { delayUpdates: true });
    const before = async (): Promise<void> => {
      await destination.write("a", bytes("somebody else's"));
    };
    const report = await applyPlan(read, source, place(destination), { hooks: { before } });
    await read.close();
    expect(report).toMatchObject({ failed: 1, movedOn: 1 });
    expect(await contents(destination)).toEqual({ a: "somebody else's" });
  });
});

describe("a header", () => {
  it.each<[string, SyncOptions, string, string]>([
    ["append", { append: true }, '"append":true', '"append":"yes"'],
    ["append", { append: "verify" }, '"append":"verify"', '"append":1'],
    ["partial", { partial: true }, '"partial":true', '"partial":"p"'],
    ["directory", { partial: { directory: "p" } }, '{"directory":"p"}', '{"directory":"p/q"}'],
    ["directory", { partial: { directory: "p" } }, '{"directory":"p"}', '{"directory":".."}'],
    ["directory", { partial: { directory: "p" } }, '{"directory":"p"}', "{}"],
    ["inplace", { inplace: true }, '"inplace":true', '"inplace":"yes"'],
    ["delayUpdates", { delayUpdates: true }, '"delayUpdates":true', '"delayUpdates":1'],
    ["backup", { backup: {} }, '{"suffix":"~"}', "true"],
    ["suffix", { backup: {} }, '{"suffix":"~"}', "{}"],
    ["suffix", { backup: {} }, '{"suffix":"~"}', '{"suffix":""}'],
    ["suffix", { backup: {} }, '{"suffix":"~"}', '{"suffix":"/../x"}'],
    ["place", { backup: {} }, '{"suffix":"~"}', '{"suffix":"~","place":"s3://x"}'],
    ["directory", { backup: {} }, '{"suffix":"~"}', '{"suffix":"","directory":"../x"}'],
    ["directory", { backup: {} }, '{"suffix":"~"}', '{"suffix":"","directory":""}'],
    ["maxTransfer", { backup: {} }, '{"suffix":"~"}', '{"suffix":"~"},"maxTransfer":1'],
  ])(
    "[SY-328][SY-430] with a wrong %s is refused by that name",
    async (name, options, good, bad) => {
      const source = await sourceWith({ a: "1" });
      const made = await plan(source, place(await storeWith()), options);
      let text = "";
      for await (const chunk of writePlan(made)) text += chunk;
      await made.close();
      const [header = "", ...rest] = text.split("\n");
      const damaged = [header.replace(good, bad), ...rest].join("\n");
      expect(damaged).not.toBe(text);
      await expect(readPlan(saved(damaged))).rejects.toMatchObject({
        code: "invalid-argument",
        message: expect.stringMatching(new RegExp(`the plan's header: options\\b.*\\b${name}\\b`)),
      });
    },
  );
});

describe("limits and hooks", () => {
  it.each<[string, SyncOptions]>([
    ["maxTransfer", { maxTransfer: 5 }],
    ["maxDuration", { maxDuration: 5 }],
    ["maxErrors", { maxErrors: 0 }],
    ["hooks", { hooks: {} }],
  ])(
    "[SY-433] %s is of the process that applies, and refused when a plan is made",
    async (name, options) => {
      const [source, destination] = [await sourceWith(NEW), place(await storeWith())];
      await expect(plan(source, destination, options)).rejects.toMatchObject({
        code: "unsupported",
        message: expect.stringContaining(name),
      });
    },
  );

  it("[SY-433] maxTransfer ends it before the next file, extras stay; applying again does the rest", async () => {
    const source = await sourceWith({ a: "12345", b: "12345", "d/c": "12345" });
    const { disk } = newDisk();
    await fill(place(disk), { extra: "x" });
    const read = await planned(source, place(disk), { delete: true });
    const limited = { maxTransfer: 7, jobs: 1 };
    const first = await applyPlan(read, source, place(disk), limited);
    expect(first).toMatchObject({
      created: 1,
      failed: 0,
      removed: 0,
      ended: "max-transfer",
      withheld: "ended-early",
      withheldCount: 1,
    });
    expect(await contents(disk)).toEqual({ a: "12345", extra: "x" });
    for (let round = 0; round < 2; round++) await applyPlan(read, source, place(disk), limited);
    const last = await applyPlan(read, source, place(disk), limited);
    await read.close();
    expect(last).toMatchObject({ failed: 0, created: 0 });
    expect(last.ended).toBeUndefined();
    expect(await contents(disk)).toEqual({ a: "12345", b: "12345", "d/": "", "d/c": "12345" });
  });

  it("[SY-433] maxDuration: nothing is begun after it, nor removed", async () => {
    const source = await sourceWith({ a: "1", b: "2" });
    const destination = await storeWith({ extra: "x" });
    const read = await planned(source, place(destination), { delete: true, ignoreErrors: true });
    const report = await applyPlan(read, source, place(destination), { maxDuration: 0 });
    await read.close();
    expect(report).toMatchObject({ created: 0, removed: 0, failed: 0, ended: "max-duration" });
    expect(await contents(destination)).toEqual({ extra: "x" });
  });

  it("[SY-433] maxErrors: the failure beyond it ends the rest, also with ignoreErrors", async () => {
    const source = await sourceWith({ a: "1", b: "2", c: "3" });
    const destination = await storeWith({ extra: "x" });
    const read = await planned(source, place(destination), { delete: true, ignoreErrors: true });
    const to = fault(
      destination,
      new Faults(onCall(1, { kind: "fail-before", error: DOWN }, "write")),
    );
    const report = await applyPlan(read, source, place(to), { maxErrors: 0, jobs: 1 });
    await read.close();
    expect(report).toMatchObject({ failed: 1, removed: 0, ended: "max-errors" });
    expect(await contents(destination)).toHaveProperty("extra");
  });

  it("[SY-433] hooks run around each file, and one that fails keeps it as it is", async () => {
    const source = await sourceWith({ a: "1", b: "2" });
    const destination = await storeWith({ a: "old" });
    const called: string[] = [];
    const report = await planAndApply(
      source,
      place(destination),
      {},
      {
        hooks: {
          before: async ({ path }) => {
            if (path === "a") throw new Error("not this one");
            called.push(`before ${path}`);
          },
          after: async ({ path }) => void called.push(`after ${path}`),
        },
      },
    );
    expect(report).toMatchObject({ failed: 1, movedOn: 0, created: 1 });
    expect(called).toEqual(["before b", "after b"]);
    expect(await contents(destination)).toEqual({ a: "old", b: "2" });
  });
});
