/** A plan decides what `sync` decides, and applying it leaves what `sync` leaves: random trees, random options. */
import { FileDriver, MemoryDriver, comparePaths, joinPath } from "@omnisync/storage";
import { disable } from "@omnisync/storage/layers";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { SyncEvent } from "../../../src/events.ts";
import type { Place, SyncOptions } from "../../../src/options.ts";
import { applyPlan } from "../../../src/plan-file/apply-plan.ts";
import { plan } from "../../../src/plan-file/plan.ts";
import type { PlannedAction } from "../../../src/plan-file/planned-action.ts";
import { sync } from "../../../src/sync.ts";
import { T0, bytes, entries, place } from "../../stores.ts";

const ROUNDS = 150;
const NAMES = ["a", "b", "a-b", "ä", "zz"];

const root = mkdtempSync(join(tmpdir(), "omnisync-plan-test-"));
const disk = new FileDriver({ root });
afterAll(async () => {
  await disk.close();
  rmSync(root, { recursive: true, force: true });
});

let serial = 0;
const KINDS: Readonly<Record<string, () => Place>> = {
  objects: () => place(disable(new MemoryDriver(), "copy", "completeList"), "some/where"),
  memory: () => place(new MemoryDriver()),
  "without conditions": () => place(disable(new MemoryDriver(), "conditions", "orderedList")),
  files: () => place(disk, `${serial++}`),
};

describe.each(Object.keys(KINDS))("to %s", (kind) => {
  it(
    "[SY-320][SY-325] plans what sync does, and applying leaves what sync leaves",
    { timeout: 30_000 },
    async () => {
      const rounds = kind === "files" ? ROUNDS / 5 : ROUNDS;
      for (let seed = 1; seed <= rounds; seed++) {
        const about = `seed ${seed}`;
        const options = randomOptions(seededRandom(seed * 7919));
        const source = place(new MemoryDriver());
        const [one, other] = [KINDS[kind]!(), KINDS[kind]!()];
        await grow(source, seed);
        for (const end of [one, other]) await grow(end, seed + 1_000_000);
        const twin = await copyOf(source);

        const made = await plan(source, one, options);
        const actions = await collect(made.actions());
        expect(actions.length, about).toBe(made.header.totals.actions);
        const applied = await applyPlan(made, source, one);
        await made.close();

        const events: SyncEvent[] = [];
        const report = await sync(twin, other, {
          ...options,
          onEvent: (event) => void events.push(event),
        });
        expect(changes(actions), about).toEqual(changed(events));
        expect(made.report.failed, about).toBe(report.failed);
        expect(applied.failures, about).toEqual([]);
        expect(await snapshot(one), about).toEqual(await snapshot(other));
        expect(await snapshot(source), about).toEqual(await snapshot(twin));
      }
    },
  );
});

/** What actions and events have in common: kind, path and reason, in order of the paths. */
function changes(actions: readonly PlannedAction[]): readonly string[] {
  return actions
    .filter(({ reason }) => reason !== undefined)
    .map(({ action, path, reason }) => `${path}: ${action} ${reason}`)
    .sort(comparePaths);
}

function changed(events: readonly SyncEvent[]): readonly string[] {
  const told = events.filter(({ kind }) =>
    ["copy", "link", "mkdir", "attributes", "remove", "remove-source"].includes(kind),
  );
  // What a copy removes at its source is part of the copy.
  const own = told.filter(
    ({ kind, path }) =>
      kind !== "remove-source" ||
      !told.some((one) => one.path === path && ["copy", "attributes"].includes(one.kind)),
  );
  return own.map(({ kind, path, reason }) => `${path}: ${kind} ${reason}`).sort(comparePaths);
}

function randomOptions(random: () => number): SyncOptions {
  const flag = (share: number): boolean => random() < share;
  const move = flag(0.2);
  const checksum = flag(0.3);
  const delayUpdates = flag(0.2);
  return {
    move,
    checksum,
    delete: !move && flag(0.7),
    sizeOnly: !checksum && flag(0.15),
    update: flag(0.2),
    existing: flag(0.1),
    dirMarkers: flag(0.7),
    maxDelete: flag(0.1) ? 2 : undefined,
    force: flag(0.2),
    inplace: !delayUpdates && flag(0.2),
    append: !delayUpdates && flag(0.1) ? "verify" : undefined,
    delayUpdates,
    backup: flag(0.3) ? { directory: "kept" } : undefined,
  };
}

/** Files and directories of few names, so that both sides meet. */
async function grow({ driver, path: below }: Place, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  // A file and a directory of one name fail at a disk, and a dry run does not look into that failure's wake.
  const made = new Map<string, "file" | "directory">();
  for (let n = 0; n < 8; n++) {
    const depth = 1 + Math.floor(random() * 3);
    const path = Array.from({ length: depth }, () => pick(NAMES)).join("/");
    const content = pick(["", "x", "y", "some text", "other txt", "more"]);
    const mtime = T0 + pick([0, 0, 60_000, 120_000]);
    const kind = random() < 0.15 ? "directory" : "file";
    const above = path
      .split("/")
      .slice(0, -1)
      .map((_, i, names) => names.slice(0, i + 1).join("/"));
    if (above.some((parent) => made.get(parent) === "file")) continue;
    if ((made.get(path) ?? kind) !== kind) continue;
    for (const parent of above) made.set(parent, "directory");
    made.set(path, kind);
    if (kind === "directory") await driver.mkdir!(joinPath(below, path));
    else await driver.write(joinPath(below, path), bytes(content), { mtime });
  }
}

async function copyOf({ driver }: Place): Promise<Place> {
  const twin = new MemoryDriver();
  for (const { path, kind, mtime } of await entries(driver)) {
    if (kind === "directory") {
      await twin.mkdir(path, { mtime: (await driver.stat(path))!.mtime });
      continue;
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await driver.read(path)).body) chunks.push(chunk);
    await twin.write(path, Buffer.concat(chunks), { mtime });
  }
  return place(twin);
}

async function snapshot({ driver, path: below }: Place): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const { path, kind, size } of await entries(driver, below)) {
    const { mtime, mode } = (await driver.stat(path))!;
    // A directory that no run has set has the time of its making.
    const time = kind === "directory" && (mtime ?? 0) > T0 + 1e9 ? "now" : mtime;
    const shown = below === "" ? path : path.slice(below.length + 1);
    lines.push(`${shown} ${kind} ${size} ${time} ${mode}`);
  }
  return lines.sort(comparePaths);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** mulberry32. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
