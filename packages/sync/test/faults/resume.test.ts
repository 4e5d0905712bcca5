/** Whatever call of a remembered upload fails, later runs end it with the right content and leave nothing. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Driver, FileDriver, MemoryDriver, StorageError } from "@omnisync/storage";
import {
  type Fault,
  type FaultPlan,
  Faults,
  disable,
  fault,
  onCall,
} from "@omnisync/storage/layers";
import { DirectoryResumeStore, KEPT_FOR, type SyncOptions, sync } from "@omnisync/sync";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { T0, place, recorder, storeWith } from "../stores.ts";

const SIZE = 42 * 1024 * 1024;
const BIG = new Uint8Array(SIZE).map((_, i) => i * 31 + (i >> 12));
const DOWN = new StorageError("unavailable", { message: "down" });

let root: string;
let resume: DirectoryResumeStore;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
  resume = new DirectoryResumeStore({ directory: join(root, "transfers") });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const openUploads = async (driver: Driver) =>
  (await Array.fromAsync(driver.multipart!.listUploads(""))).flat();

async function isBig(driver: Driver, path: string): Promise<boolean> {
  const { body } = await driver.read(path);
  return Buffer.concat(await Array.fromAsync(body)).equals(BIG);
}

const upload = (source: Driver, destination: Driver, options: SyncOptions = {}) =>
  sync(place(source), place(disable(destination, "copy"), "to"), { resume, ...options });

const ENDINGS: Readonly<Record<string, Fault>> = {
  "nothing is done": { kind: "fail-before", error: DOWN },
  "the answer is lost": { kind: "fail-after", error: DOWN },
};

describe("an upload that is remembered", () => {
  for (const [name, ending] of Object.entries(ENDINGS)) {
    it(`[SY-300][SY-307] ends right after any of its calls failed: ${name}`, async () => {
      const source = await storeWith({ big: BIG });
      for (let n = 1; ; n++) {
        const destination = new MemoryDriver();
        let calls = 0;
        const faults = new Faults(({ operation }) =>
          operation.startsWith("multipart.") && ++calls === n ? ending : undefined,
        );
        await upload(source, fault(destination, faults));
        if (calls < n) break;
        const second = await upload(source, destination);
        expect(second.failed, `call ${n}`).toBe(0);
        expect(await isBig(destination, "to/big"), `call ${n}`).toBe(true);
        // Of an upload whose beginning nobody heard of only the driver can know.
        const lost = n === 1 && ending.kind === "fail-after" ? 1 : 0;
        expect(await openUploads(destination), `call ${n}`).toHaveLength(lost);
      }
    });
  }

  it("[SY-309] tells of what was kept, and of what it had", async () => {
    const source = await storeWith({ big: BIG });
    const destination = new MemoryDriver();
    const plan = onPart(4, { kind: "fail-before", error: DOWN });
    const { onEvent, events } = recorder();
    const first = await upload(source, fault(destination, new Faults(plan)), { onEvent });
    expect(first).toMatchObject({ failed: 1, kept: 1, uploadsLeft: [] });
    const kept = events.find(({ kind }) => kind === "kept")!.bytes;
    expect(kept).toBeGreaterThan(0);
    const second = await upload(source, destination);
    expect(second).toMatchObject({ bytesResumed: kept, bytesTransferred: SIZE - kept, kept: 0 });
  });

  it("[SY-302] is given up if other attributes would be sent now", async () => {
    const source = await storeWith({ big: BIG });
    const destination = new MemoryDriver();
    const plan = onPart(4, { kind: "fail-before", error: DOWN });
    await upload(source, fault(destination, new Faults(plan)));
    const [begun] = await openUploads(destination);
    await source.setAttributes("big", { mtime: T0 + 5000 });
    const report = await upload(source, destination);
    expect(report).toMatchObject({ failed: 0, bytesResumed: 0 });
    expect((await destination.stat("to/big"))!.mtime).toBe(T0 + 5000);
    expect(begun).toBeDefined();
    expect(await openUploads(destination)).toEqual([]);
  });

  it("[SY-313] that nobody goes on with is given up after seven days", async () => {
    const source = await storeWith({ big: BIG });
    const destination = new MemoryDriver();
    const plan = onPart(4, { kind: "fail-before", error: DOWN });
    await upload(source, fault(destination, new Faults(plan)));
    const other = await storeWith({ other: "other" });
    await upload(other, destination);
    expect(await openUploads(destination)).toHaveLength(1);
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + KEPT_FOR + 1000);
    try {
      await sync(place(other), place(new MemoryDriver(), "to"), { resume });
      expect(await openUploads(destination)).toHaveLength(1);
      await upload(other, destination, { dryRun: true });
      expect(await openUploads(destination)).toHaveLength(1);
      await upload(other, destination);
    } finally {
      vi.restoreAllMocks();
    }
    expect(await openUploads(destination)).toEqual([]);
    expect(await resume.list()).toEqual([]);
  });
});

describe("a download that is remembered", () => {
  it("[SY-310][SY-307] goes on after a connection that was lost, and leaves nothing", async () => {
    const source = await storeWith({ big: BIG });
    const local = new FileDriver({ root: join(root, "local") });
    const lost = new Faults(onCall(6, { kind: "fail-before", error: DOWN }, "read"));
    const first = await sync(place(fault(source, lost)), place(local), { resume });
    expect(first).toMatchObject({ failed: 1, kept: 1 });
    const second = await sync(place(source), place(local), { resume });
    expect(second.failed).toBe(0);
    expect(second.bytesResumed).toBeGreaterThan(0);
    expect(second.bytesResumed + second.bytesTransferred).toBe(SIZE);
    expect(await isBig(local, "big")).toBe(true);
    expect(readdirSync(join(root, "local"))).toEqual(["big"]);
    expect(await resume.list()).toEqual([]);
    await local.close();
  });

  it("[SY-306] without a store leaves nothing, whatever it ends by", async () => {
    const source = await storeWith({ big: BIG });
    const local = new FileDriver({ root: join(root, "local") });
    const lost = new Faults(onCall(6, { kind: "fail-before", error: DOWN }, "read"));
    await sync(place(fault(source, lost)), place(local));
    expect(readdirSync(join(root, "local"))).toEqual([]);
    await local.close();
  });
});

describe("a source that changed after it was planned", () => {
  it("[SY-314] is looked at again, also if its size is the same", async () => {
    const source = await storeWith({ big: BIG }, { mtime: T0 + 60_000 });
    const destination = await storeWith({ "to/big": BIG.map(() => 1) }, { mtime: T0 + 30_000 });
    let planned = false;
    const stat: Driver["stat"] = async (path, options) => {
      // The look at it that its transfer begins with.
      if (path === "big" && !planned) {
        planned = true;
        await source.write("big", new Uint8Array(SIZE), { mtime: T0 });
      }
      return source.stat(path, options);
    };
    const wrapped = fault(source, new Faults(() => undefined));
    const changing = new Proxy(wrapped, {
      get: (target, name) => (name === "stat" ? stat : Reflect.get(target, name)),
    });
    const report = await upload(changing, destination, { update: true });
    expect(planned).toBe(true);
    expect(report).toMatchObject({ replaced: 0, skipped: 1, failed: 0 });
    expect((await destination.stat("to/big"))?.mtime).toBe(T0 + 30_000);
  });
});

function onPart(n: number, what: Fault): FaultPlan {
  return (call) => (call.operation === "multipart.putPart" && call.n >= n ? what : undefined);
}
