/** What goes wrong beside a delta (its signature, the old content, what somebody else does) costs a whole transfer at most. */
import { decodeSignature, encodeSignature } from "@omnisync/delta";
import {
  DirectoryResumeStore,
  type DeltaOptions,
  type Progress,
  type SyncEvent,
  type SyncOptions,
  type SyncRun,
  signObject,
  startSync,
  sync,
} from "@omnisync/sync";
import {
  type Driver,
  type ErrorCode,
  FileDriver,
  StorageError,
  isStorageError,
} from "@omnisync/storage";
import { type Fault, type FaultPlan, Faults, disable, fault } from "@omnisync/storage/layers";
import { startStrictS3 } from "@omnisync/testkit/strict-s3";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { noise } from "../../../delta/test/unit/content.ts";
import { s3Setup } from "../../../storage/test/servers/s3-setup.ts";
import { T0, place, recorder, storeWith } from "../stores.ts";

const KiB = 1024;
const MiB = KiB * KiB;
const SIZE = 16 * MiB;
const DELTA: DeltaOptions = { threshold: 6 * MiB, blockSize: 64 * KiB };
const OPTIONS: SyncOptions = { delta: DELTA };
const SIGNATURE = ".omnisync/signatures/disk.img.hssig";
const OLD = noise(SIZE, 1);
const NEW = Uint8Array.from(OLD);
NEW.set(noise(1000, 2), 8 * MiB);

/** Of these none passes by itself. */
const REFUSALS: readonly ErrorCode[] = ["permission-denied", "unsupported", "corrupt"];

const strict = await startStrictS3({ keepLog: false });
afterAll(() => strict.close());
const setup = await s3Setup(strict);

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "delta-troubles-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const failing = (code: ErrorCode): Fault => ({
  kind: "fail-before",
  error: new StorageError(code, { message: "on order" }),
});
const on =
  (operation: string, path: string, found: Fault): FaultPlan =>
  (call) =>
    call.operation === operation && call.path === path ? found : undefined;

/** Sends one content as `disk.img`. */
async function send(
  store: Driver,
  content: Uint8Array,
  age: number,
  options: SyncOptions = OPTIONS,
): Promise<SyncEvent> {
  const source = await storeWith({ "disk.img": content }, { mtime: T0 + age });
  return copyOf(source, store, options);
}

async function copyOf(from: Driver, to: Driver, options: SyncOptions): Promise<SyncEvent> {
  const seen = recorder();
  const report = await sync(place(from), place(to), { ...options, onEvent: seen.onEvent });
  expect(report.failures).toEqual([]);
  const copies = seen.events.filter(({ kind }) => kind === "copy");
  expect(copies).toHaveLength(1);
  return copies[0]!;
}

async function bytesOf(store: Driver, path: string): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync((await store.read(path)).body));
}

describe("an upload", { timeout: 120_000 }, () => {
  it.each(REFUSALS)("[SY-402] a signature that cannot be read is as none: %s", async (code) => {
    const store = await setup.open();
    await send(store, OLD, 0);
    const faults = new Faults(on("read", SIGNATURE, failing(code)));
    const event = await send(fault(store, faults), NEW, 1000);
    expect(event.delta).toMatch(/-signature$/);
    expect((await bytesOf(store, "disk.img")).equals(NEW)).toBe(true);
  });

  it.each(REFUSALS)(
    "[SY-407] an object that cannot be read to sign it is replaced: %s",
    async (code) => {
      const store = await setup.open();
      const none: SyncOptions = { delta: { ...DELTA, signatures: "none" } };
      await send(store, OLD, 0, none);
      const faults = new Faults(on("read", "disk.img", failing(code)));
      const options = { delta: { ...none.delta, generate: true } };
      const event = await send(fault(store, faults), NEW, 1000, options);
      expect(event).toMatchObject({ delta: "refused", bytes: SIZE });
      expect((await bytesOf(store, "disk.img")).equals(NEW)).toBe(true);
    },
  );

  it("[SY-407] reading the object to sign it keeps to the allowed rate", async () => {
    const store = await setup.open();
    await send(store, OLD, 0, { delta: { ...DELTA, signatures: "none" } });
    const delta = { ...DELTA, generate: true };
    const since = performance.now();
    await send(store, NEW, 1000, { delta, bandwidth: 32 * MiB });
    // 16 MiB of it and 5 of the new one, less what may pass at once.
    expect(performance.now() - since).toBeGreaterThan(400);
  });

  it("[SY-402] a signature that is too large for the object is not read", async () => {
    const store = await setup.open();
    await send(store, OLD, 0);
    const blocks = 100_000;
    const column = { strong: new Uint8Array(blocks * 32), weak: new Uint32Array(blocks * 2) };
    const huge = { blockSize: 64 * KiB, size: blocks * 64 * KiB, contentHash: new Uint8Array(32) };
    const { etag } = (await store.stat("disk.img"))!;
    const bytes = Buffer.concat([...encodeSignature({ ...huge, ...column, identity: { etag } })]);
    await store.write(SIGNATURE, bytes);
    let read = 0;
    const event = await send(
      countingReads(store, SIGNATURE, (count) => (read += count)),
      NEW,
      1000,
    );
    expect(event).toMatchObject({ delta: "stale-signature", bytes: SIZE });
    expect(read).toBeLessThan(bytes.length / 2);
  });

  it("[SY-403][SY-405] interrupted at any of its calls, it leaves nothing open", async () => {
    const store = await setup.open();
    for (let n = 1; ; n++) {
      await send(store, OLD, -n, { ...OPTIONS, ignoreTimes: true });
      const source = await storeWith({ "disk.img": NEW }, { mtime: T0 + 1000 });
      if (!(await interrupted(n, (faults) => [source, fault(store, faults)]))) break;
      const now = await bytesOf(store, "disk.img");
      expect(now.equals(OLD) || now.equals(NEW), `call ${n}`).toBe(true);
      const open = await Array.fromAsync(store.multipart!.listUploads(""));
      expect(open.flat(), `call ${n}`).toEqual([]);
    }
  });

  it.each(["object", "source", "signature"] as const)(
    "[SY-408] does not go on with parts of before: another %s",
    async (another) => {
      const store = await setup.open();
      await send(store, OLD, 0);
      const transfers = `${root}.transfers`;
      const resume = new DirectoryResumeStore({ directory: transfers });
      const faults = new Faults(on("multipart.complete", "disk.img", failing("unavailable")));
      const source = await storeWith({ "disk.img": NEW }, { mtime: T0 + 1000 });
      const jobs = { ...OPTIONS, resume, jobs: 1 };
      await sync(place(source), place(fault(store, faults)), jobs);
      expect(await resume.list()).toHaveLength(1);
      const fresh = Uint8Array.from(NEW);
      if (another === "source") fresh.set(noise(1000, 9), 3 * MiB);
      await source.write("disk.img", fresh, { mtime: T0 + 1000 });
      if (another === "object") await store.write("disk.img", noise(SIZE, 8));
      if (another === "signature") await store.remove(SIGNATURE);
      await copyOf(source, store, { ...jobs, ignoreTimes: true });
      expect((await bytesOf(store, "disk.img")).equals(fresh)).toBe(true);
      expect((await Array.fromAsync(store.multipart!.listUploads(""))).flat()).toEqual([]);
      expect(await resume.list()).toEqual([]);
      rmSync(transfers, { recursive: true });
    },
  );

  it("[SY-405] rules for parts that leave no room for a delta are told as a refusal", async () => {
    const store = await setup.open();
    await send(store, OLD, 0);
    const multipart = { ...store.capabilities.multipart!, maxPartSize: 8 * MiB };
    const narrow = withCapabilities(store, { ...store.capabilities, multipart });
    const event = await send(narrow, NEW, 1000);
    expect(event).toMatchObject({ delta: "refused", bytes: SIZE, matched: 0 });
  });

  it("[SY-405] a store that takes no parts at all is sent the whole, and that is told", async () => {
    const store = disable(await storeWith({ "disk.img": OLD }), "multipart", "stage", "copy");
    const event = await send(store, NEW, 1000);
    expect(event).toMatchObject({ delta: "refused", bytes: SIZE, strategy: "stream" });
    expect((await bytesOf(store, "disk.img")).equals(NEW)).toBe(true);
    // Nothing was there that could have been made use of.
    expect(await send(disable(await storeWith(), "multipart", "stage"), NEW, 0)).toMatchObject({
      delta: undefined,
    });
  });

  it.each(["unavailable", "timeout"] as const)(
    "[SY-405] a store that does all but copy parts is sent the whole: %s",
    async (code) => {
      const store = await setup.open();
      const names = ["a.img", "b.img"];
      const files = (content: Uint8Array): Record<string, Uint8Array> =>
        Object.fromEntries(names.map((name) => [name, content]));
      await sync(place(await storeWith(files(OLD))), place(store), OPTIONS);
      const faults = new Faults(({ operation }) =>
        operation === "multipart.copyPart" ? failing(code) : undefined,
      );
      const source = await storeWith(files(NEW), { mtime: T0 + 1000 });
      const seen = recorder();
      const options = { ...OPTIONS, jobs: 1, onEvent: seen.onEvent };
      const report = await sync(place(source), place(fault(store, faults)), options);
      expect(report).toMatchObject({ failed: 0, replaced: 2, bytesTransferred: 2 * SIZE });
      expect(seen.events.map(({ delta }) => delta)).toEqual(["refused", "refused"]);
      for (const name of names) expect((await bytesOf(store, name)).equals(NEW)).toBe(true);
      expect((await Array.fromAsync(store.multipart!.listUploads(""))).flat()).toEqual([]);
      // The second file does not wait for what the first has found out.
      const asked = faults.calls.filter(({ operation }) => operation === "multipart.copyPart");
      expect(new Set(asked.map(({ path }) => path)).size).toBe(1);
    },
  );

  it("[SY-405] one that is down is not sent the whole", async () => {
    const store = await setup.open();
    await send(store, OLD, 0);
    let isDown = false;
    const faults = new Faults(({ operation }) => {
      isDown ||= operation === "multipart.copyPart";
      return isDown ? failing("unavailable") : undefined;
    });
    const source = await storeWith({ "disk.img": NEW }, { mtime: T0 + 1000 });
    const report = await sync(place(source), place(fault(store, faults)), OPTIONS);
    expect(report.failures).toMatchObject([{ error: { code: "unavailable" } }]);
    const begun = faults.calls.filter(({ operation }) => operation === "multipart.create");
    expect(begun).toHaveLength(1);
    expect(await copyOf(source, store, OPTIONS)).toMatchObject({ delta: "used" });
  });

  it("[SY-411] a file that takes the name of a sidecar meanwhile stays", async () => {
    const store = await setup.open();
    const theirs = noise(1000, 77);
    const plan: FaultPlan = ({ operation, path }) =>
      operation === "write" && path === "disk.img.hssig" ? { kind: "delay", ms: 300 } : undefined;
    const running = send(fault(store, new Faults(plan)), OLD, 0, {
      delta: { ...DELTA, signatures: "sidecar" },
    });
    while ((await store.stat("disk.img")) === undefined) await sleep(10);
    await sleep(100);
    await store.write("disk.img.hssig", theirs);
    const event = await running;
    expect((await bytesOf(store, "disk.img.hssig")).equals(theirs)).toBe(true);
    expect(event.signatureError).toBeDefined();
  });

  it("[SY-412] the signature of what is removed goes, also in a run without deltas", async () => {
    const store = await setup.open();
    await store.write("disk.img", noise(51 * MiB, 1));
    await signObject(place(store, "disk.img"));
    const source = await storeWith({ other: "x" });
    await sync(place(source), place(store), { delete: true, wholeFile: true });
    const left = await Array.fromAsync(store.list("", { recursive: true, includeReserved: true }));
    expect(left.flat().map(({ path }) => path)).toEqual(["other"]);
  });
});

describe("a download", { timeout: 120_000 }, () => {
  /** A store with the new content, signed, and a disk with the old one. */
  async function scene(): Promise<{ store: Driver; target: Driver; file: string }> {
    const store = await setup.open();
    await send(store, NEW, 1000);
    const file = join(root, "disk.img");
    writeFileSync(file, OLD);
    return { store, target: new FileDriver({ root }), file };
  }

  it.each(REFUSALS)("[SY-402] a signature that cannot be read is as none: %s", async (code) => {
    const { store, target, file } = await scene();
    const faults = new Faults(on("read", SIGNATURE, failing(code)));
    const event = await copyOf(fault(store, faults), target, OPTIONS);
    expect(event).toMatchObject({ bytes: SIZE });
    expect(event.delta).toMatch(/-signature$/);
    expect(readFileSync(file).equals(NEW)).toBe(true);
    await target.close();
  });

  it.each(["permission-denied", "internal"] as const)(
    "[SY-409] an old file that cannot be read is replaced whole: %s",
    async (code) => {
      const { store, target, file } = await scene();
      const faults = new Faults(on("openFile", "disk.img", failing(code)));
      const event = await copyOf(store, fault(target, faults), OPTIONS);
      expect(event).toMatchObject({ delta: "refused", bytes: SIZE });
      expect(readFileSync(file).equals(NEW)).toBe(true);
      await target.close();
    },
  );

  it("[SY-409] ranges and a signature are all that it takes", async () => {
    const { target, file } = await scene();
    // Such as SFTP or WebDAV: no parts, no hashes, nothing done by the server.
    const lacks = ["multipart", "stage", "readBlock", "copy", "conditions"] as const;
    const server = disable(await storeWith({ "disk.img": NEW }), ...lacks);
    expect(await copyOf(server, target, { ...OPTIONS, ignoreTimes: true })).toMatchObject({
      delta: "no-signature",
    });
    await signObject(place(server, "disk.img"), { blockSize: 64 * KiB });
    writeFileSync(file, OLD);
    const event = await copyOf(server, target, { ...OPTIONS, ignoreTimes: true });
    expect(event).toMatchObject({ delta: "used", strategy: "ranges" });
    expect(event.bytes).toBeLessThan(MiB);
    expect(readFileSync(file).equals(NEW)).toBe(true);
    await target.close();
  });

  it("[SY-409] a disk's content is not taken on the word of a signature", async () => {
    const [here, there] = ["here", "there"].map((name) => join(root, name));
    for (const [folder, content] of [
      [here!, NEW],
      [there!, OLD],
    ] as const) {
      mkdirSync(folder);
      writeFileSync(join(folder, "disk.img"), content);
    }
    const [from, to] = [new FileDriver({ root: here! }), new FileDriver({ root: there! })];
    // Whoever may write beside the file says that it still is the old one.
    const lie = await signObject(place(to, "disk.img"), { blockSize: 64 * KiB });
    const signature = await decodeSignature((await to.read(lie.signaturePath)).body);
    const { etag } = (await from.stat("disk.img"))!;
    const bytes = Buffer.concat([...encodeSignature({ ...signature, identity: { etag } })]);
    await from.write(SIGNATURE, bytes);
    await copyOf(from, to, { ...OPTIONS, ignoreTimes: true, bandwidth: 1024 * MiB });
    expect(readFileSync(join(there!, "disk.img")).equals(NEW)).toBe(true);
    await Promise.all([from.close(), to.close()]);
  });

  it("[SY-400][SY-409] many at once, up and down, share the memory and threads of a run", async () => {
    const store = await setup.open();
    const names = Array.from({ length: 8 }, (_, i) => `${i}.img`);
    const files = (content: Uint8Array): Record<string, Uint8Array> =>
      Object.fromEntries(names.map((name) => [name, content]));
    const options: SyncOptions = { ...OPTIONS, jobs: 8, ignoreTimes: true };
    await sync(place(await storeWith(files(OLD))), place(store), options);
    const up = await sync(place(await storeWith(files(NEW))), place(store), options);
    expect(up).toMatchObject({ failed: 0, replaced: 8 });
    for (const name of names) writeFileSync(join(root, name), OLD);
    const target = new FileDriver({ root });
    const down = await sync(place(store), place(target), options);
    expect(down).toMatchObject({ failed: 0, replaced: 8 });
    for (const { bytesMatched } of [up, down]) expect(bytesMatched).toBeGreaterThan(8 * 10 * MiB);
    for (const name of names) expect(readFileSync(join(root, name)).equals(NEW)).toBe(true);
    await target.close();
  });

  it("[SY-405][SY-410] what is done is never more than there is, also where a delta fails half-way", async () => {
    const { store, target } = await scene();
    const fresh = Uint8Array.from(NEW);
    fresh.set(noise(1000, 5), 7 * MiB);
    const source = await storeWith({ "disk.img": fresh }, { mtime: T0 + 2000 });
    // The second copy is refused, when the first and a part that is sent are done.
    let copies = 0;
    const refusing: FaultPlan = ({ operation }) =>
      operation === "multipart.copyPart" && ++copies === 2 ? failing("unsupported") : undefined;
    const up = await watched([source, store], "destination", refusing);
    expect(up).toMatchObject({ bytesDone: SIZE, bytesTotal: SIZE, bytesMatched: 0 });
    // The second range that is read breaks off.
    let ranges = 0;
    const breaking: FaultPlan = ({ operation, path }) =>
      operation === "read" && path === "disk.img" && ++ranges === 2
        ? { kind: "truncate", at: 1000 }
        : undefined;
    const down = await watched([store, target], "source", breaking);
    expect(ranges).toBeGreaterThan(1);
    expect(down).toMatchObject({ bytesDone: SIZE, bytesTotal: SIZE });
    await target.close();
  });

  it("[SY-282] what was fetched of a whole stays where no delta can be made", async () => {
    const { store, target, file } = await scene();
    const options: SyncOptions = { ...OPTIONS, partial: { directory: "parts" } };
    await store.remove(SIGNATURE);
    const faults = new Faults(on("read", "disk.img", { kind: "reset", at: 9 * MiB }));
    const cut = await sync(place(fault(store, faults)), place(target), options);
    expect(cut.failed).toBe(1);
    expect(readFileSync(file).equals(OLD)).toBe(true);
    const part = readFileSync(join(root, "parts", "disk.img"));
    expect(part.equals(NEW.subarray(0, part.length))).toBe(true);
    // Gone on with, though there is a signature by now.
    await signObject(place(store, "disk.img"), DELTA);
    const event = await copyOf(store, target, options);
    expect(event.resumed).toBe(part.length);
    expect(readFileSync(file).equals(NEW)).toBe(true);
    expect(readdirSync(root)).toEqual(["disk.img"]);
    writeFileSync(file, OLD);
    expect(await copyOf(store, target, options)).toMatchObject({ delta: "used" });
    expect(readdirSync(root)).toEqual(["disk.img"]);
    await target.close();
  });

  it("[SY-409] interrupted at any of its calls, it leaves nothing beside the old file", async () => {
    const { store, target, file } = await scene();
    for (const side of ["source", "destination"] as const) {
      for (let n = 1; ; n++) {
        writeFileSync(file, OLD);
        const went = await interrupted(n, (faults) =>
          side === "source" ? [fault(store, faults), target] : [store, fault(target, faults)],
        );
        if (!went) break;
        const now = readFileSync(file);
        expect(now.equals(OLD) || now.equals(NEW), `${side}, call ${n}`).toBe(true);
        expect(readdirSync(root), `${side}, call ${n}`).toEqual(["disk.img"]);
      }
    }
    await target.close();
  });

  it("[SY-312] leaves nothing of a whole download that an earlier run kept", async () => {
    const store = await setup.open();
    // Five ranges, four at a time: when the last begins, one is on record.
    const content = noise(40 * MiB, 3);
    await send(store, content, 1000);
    const target = new FileDriver({ root });
    const file = join(root, "disk.img");
    writeFileSync(file, content.subarray(0, 20 * MiB));
    const transfers = `${root}.transfers`;
    const resume = new DirectoryResumeStore({ directory: transfers });
    const none: SyncOptions = { delta: { ...DELTA, signatures: "none" }, resume };
    let reads = 0;
    const faults = new Faults(({ operation, path }) =>
      operation === "read" && path === "disk.img" && ++reads > 4
        ? failing("unavailable")
        : undefined,
    );
    await sync(place(fault(store, faults)), place(target), none);
    expect(readdirSync(root)).toHaveLength(2);
    expect(await resume.list()).toHaveLength(1);
    const calls = new Faults();
    const event = await copyOf(store, fault(target, calls), { ...OPTIONS, resume });
    expect(event).toMatchObject({ delta: "used", matched: 20 * MiB });
    expect(readFileSync(file).equals(content)).toBe(true);
    expect(await resume.list()).toEqual([]);
    // It stays for now: the process whose it is lives, being this one.
    expect(calls.calls.map(({ operation }) => operation)).toContain("removeStale");
    rmSync(transfers, { recursive: true });
    await target.close();
  });
});

/** A run whose progress is looked at with each call. @returns what it is in the end. */
async function watched(
  [from, to]: readonly [Driver, Driver],
  side: "source" | "destination",
  plan: FaultPlan,
): Promise<Progress> {
  let run: SyncRun | undefined;
  const faults = new Faults((call) => {
    if (run !== undefined) check(run.progress());
    return plan(call);
  });
  const check = ({ bytesDone, bytesTotal, bytesMatched }: Progress): void => {
    expect(bytesDone).toBeLessThanOrEqual(bytesTotal);
    expect(bytesMatched).toBeLessThanOrEqual(bytesDone);
    expect(bytesMatched).toBeGreaterThanOrEqual(0);
  };
  const [source, destination] =
    side === "source" ? [fault(from, faults), to] : [from, fault(to, faults)];
  run = startSync(place(source), place(destination), { ...OPTIONS, ignoreTimes: true });
  expect((await run.done).failures).toEqual([]);
  return run.progress();
}

/** A run that is interrupted when its `n`-th call begins. @returns whether it has so many. */
async function interrupted(
  n: number,
  ends: (faults: Faults) => readonly [Driver, Driver],
): Promise<boolean> {
  const stop = new AbortController();
  const faults = new Faults(({ total }) => {
    if (total === n) stop.abort();
    return undefined;
  });
  const [from, to] = ends(faults);
  const run = sync(place(from), place(to), { ...OPTIONS, ignoreTimes: true, signal: stop.signal });
  const report = await run.catch((error: unknown) => {
    if (!isStorageError(error, "aborted")) throw error;
  });
  expect(report?.failures ?? [], `call ${n}`).toEqual([]);
  return faults.calls.length >= n;
}

function countingReads(store: Driver, path: string, count: (bytes: number) => void): Driver {
  const read: Driver["read"] = async (at, options) => {
    const { entry, body } = await store.read(at, options);
    return { entry, body: at === path ? counted(body, count) : body };
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (name === "read") return read;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function* counted(
  body: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncIterable<Uint8Array> {
  for await (const chunk of body) {
    count(chunk.byteLength);
    yield chunk;
  }
}

function withCapabilities(store: Driver, capabilities: Driver["capabilities"]): Driver {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === "capabilities") return capabilities;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
