/** Large files as deltas, against servers that copy parts: up, down, and with everything that may be wrong. */
import { SIGNATURE_MAGIC, decodeSignature, encodeSignature, signStream } from "@omnisync/delta";
import {
  type Capabilities,
  type Driver,
  FileDriver,
  type Multipart,
  type Stage,
  StorageError,
} from "@omnisync/storage";
import { Faults, disable, fault } from "@omnisync/storage/layers";
import {
  type SyncEvent,
  type SyncOptions,
  explainDelta,
  signObject,
  startSync,
  sync,
} from "@omnisync/sync";
import { serverOrSkip } from "@omnisync/testkit/servers/inject";
import { startStrictS3 } from "@omnisync/testkit/strict-s3";
import fc from "fast-check";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Edit, edit, edits, noise } from "../../../delta/test/unit/content.ts";
import { type S3Access, s3Setup } from "../../../storage/test/servers/s3-setup.ts";
import { T0, place, recorder, storeWith } from "../stores.ts";

const KiB = 1024;
const MiB = KiB * KiB;
/** Three parts of the least size, and more than is sent in one request. */
const SIZE = 18 * MiB;
const DELTA: SyncOptions = { delta: { threshold: 6 * MiB, blockSize: 64 * KiB } };
/** From one run to the next they change: a signature is matched whatever the blocks of the next. */
const blockSizes = fc.constantFrom(64 * KiB, 128 * KiB, 320 * KiB, 5 * MiB);
const SIGNATURE = ".omnisync/signatures/disk.img.hssig";

const strict = await startStrictS3({ keepLog: false });
afterAll(() => strict.close());
await suite("the strict S3 server", strict);
const rgw = serverOrSkip("radosgw");
if (rgw !== undefined) await suite("radosgw", rgw);

async function suite(name: string, access: S3Access): Promise<void> {
  const setup = await s3Setup(access);
  const old = noise(SIZE, 1);
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "delta-s3-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Sends one content as `disk.img`, and tells of its event. */
  const send = async (
    store: Driver,
    content: Uint8Array,
    options: SyncOptions = DELTA,
  ): Promise<SyncEvent> => {
    const seen = recorder();
    const source = await storeWith({ "disk.img": content }, { mtime: T0 + (serial += 1000) });
    const report = await sync(place(source), place(store), { ...options, onEvent: seen.onEvent });
    expect(report.failures).toEqual([]);
    const copies = seen.events.filter(({ kind }) => kind === "copy");
    expect(copies).toHaveLength(1);
    return copies[0]!;
  };
  let serial = 0;

  describe(name, { timeout: 300_000 }, () => {
    it("[SY-400] only parts around an edit are sent; the store copies the rest", async () => {
      const store = await setup.open();
      expect(await send(store, old)).toMatchObject({ bytes: SIZE, strategy: "multipart" });
      const fresh = replaced(old, 9 * MiB, noise(1000, 2));
      const event = await send(store, fresh);
      expect(event).toMatchObject({ delta: "used", strategy: "multipart" });
      expect(event.bytes).toBeLessThanOrEqual(5 * MiB + 64 * KiB);
      expect(event.bytes + event.matched!).toBe(SIZE);
      await expectContent(store, fresh);
      expect((await store.stat("disk.img"))?.hashes?.blake3).toBeDefined();
    });

    it("[SY-400] whatever the edits, up and down", async () => {
      const store = await setup.open();
      const target = new FileDriver({ root: folder });
      await send(store, old);
      let now = old;
      await fc.assert(
        fc.asyncProperty(edits, blockSizes, async (script: readonly Edit[], blockSize) => {
          const options = { delta: { ...DELTA.delta, blockSize } };
          const fresh = padded(edit(now, script));
          fc.pre(Buffer.compare(fresh, now) !== 0);
          await send(store, fresh, options);
          await expectContent(store, fresh);
          const file = join(folder, "disk.img");
          writeFileSync(file, now);
          const report = await sync(place(store), place(target), { ...options, ignoreTimes: true });
          expect(report.failures).toEqual([]);
          expect(Buffer.compare(readFileSync(file), fresh)).toBe(0);
          now = fresh;
        }),
        { numRuns: 12, endOnFailure: true },
      );
      await target.close();
    });

    it("[SY-401] every large upload leaves a signature of exactly that object", async () => {
      const store = await setup.open();
      await send(store, old);
      const signature = await decodeSignature((await store.read(SIGNATURE)).body);
      const { etag, size, hashes } = (await store.stat("disk.img"))!;
      expect(signature).toMatchObject({ size, blockSize: 64 * KiB });
      expect(signature.identity.etag).toBe(etag);
      expect(Buffer.from(signature.contentHash).toString("hex")).toBe(hashes?.blake3);
      await send(store, replaced(old, 0, noise(10, 3)));
      const next = await decodeSignature((await store.read(SIGNATURE)).body);
      expect(next.identity.etag).toBe((await store.stat("disk.img"))!.etag);
    });

    it("[SY-401] none of small files, none where none is wanted, none with `wholeFile`", async () => {
      const store = await setup.open();
      await sync(place(await storeWith({ small: noise(2 * MiB, 1) })), place(store), DELTA);
      await send(store, old, { delta: { ...DELTA.delta, signatures: "none" } });
      const event = await send(store, replaced(old, 0, noise(10, 3)), {
        ...DELTA,
        wholeFile: true,
      });
      expect(event).toMatchObject({ bytes: SIZE, delta: undefined });
      expect(await everything(store)).toEqual(["disk.img", "small"]);
    });

    it("[SY-402] a signature of another content is ignored, and told of", async () => {
      const store = await setup.open();
      await send(store, old);
      await store.write("disk.img", replaced(old, 3 * MiB, noise(50, 9)));
      const fresh = replaced(old, 0, noise(10, 3));
      expect(await send(store, fresh)).toMatchObject({ delta: "stale-signature", bytes: SIZE });
      await expectContent(store, fresh);
    });

    it("[SY-402] what is no signature is ignored, and told of", async () => {
      const store = await setup.open();
      await send(store, old);
      const whole = await bytesOf(store, SIGNATURE);
      for (const bad of [
        noise(1000, 4),
        whole.subarray(0, 999),
        replaced(whole, 200, noise(1, 5)),
      ]) {
        await store.write(SIGNATURE, bad);
        const fresh = replaced(old, 0, noise(10, bad.length));
        expect(await send(store, fresh)).toMatchObject({ delta: "bad-signature", bytes: SIZE });
        await expectContent(store, fresh);
      }
    });

    it("[SY-403] an object replaced between the look and the copies is never mixed in", async () => {
      const store = await setup.open();
      await send(store, old);
      const other = noise(SIZE, 77);
      for (const [seed, poorer] of [store, disable(store, "conditions")].entries()) {
        const fresh = replaced(old, 9 * MiB, noise(1000, seed));
        let isDone = false;
        const raced = beforeCopies(poorer, async () => {
          if (isDone) return;
          isDone = true;
          await store.write("disk.img", other);
        });
        await send(raced, fresh);
        expect(isDone).toBe(true);
        await expectContent(store, fresh);
      }
    });

    it("[SY-404] a signature that says what is not so is found out by the copied parts", async () => {
      const store = await setup.open();
      await send(store, old);
      const { hashes, etag } = (await store.stat("disk.img"))!;
      const fresh = replaced(old, 0, noise(8 * MiB, 31));
      // The lie: the object is said to have the new blocks already.
      const scratch = await storeWith({ "disk.img": fresh });
      const lie = await signObject(place(scratch, "disk.img"), { blockSize: 64 * KiB });
      const signature = await decodeSignature((await scratch.read(lie.signaturePath)).body);
      const contentHash = Buffer.from(hashes!.blake3!, "hex");
      await store.write(SIGNATURE, () =>
        streamOf(encodeSignature({ ...signature, contentHash, identity: { etag } })),
      );
      expect(await send(store, fresh)).toMatchObject({ delta: "refused", bytes: SIZE });
      await expectContent(store, fresh);
    });

    it("[SY-405] a store that copies no parts is sent the whole, and that is told", async () => {
      const store = await setup.open();
      await send(store, old);
      const fresh = replaced(old, 0, noise(10, 3));
      expect(await send(disable(store, "copyPart"), fresh)).toMatchObject({
        delta: "refused",
        bytes: SIZE,
      });
      const refusing = withMultipart(store, {
        copyPart: async () => {
          throw new StorageError("permission-denied", { path: "disk.img" });
        },
      });
      const next = replaced(old, 0, noise(10, 4));
      expect(await send(refusing, next)).toMatchObject({ delta: "refused", bytes: SIZE });
      await expectContent(store, next);
      expect(await uploads(store)).toEqual([]);
    });

    it("[SY-406] of two writers one wins whole, and the signature is never of the other", async () => {
      const store = await setup.open();
      await send(store, old);
      const a = replaced(old, 2 * MiB, noise(100, 6));
      const b = replaced(old, 12 * MiB, noise(100, 7));
      await Promise.all([send(store, a), send(store, b)]);
      const content = await bytesOf(store, "disk.img");
      expect([a, b].some((each) => Buffer.compare(each, content) === 0)).toBe(true);
      const fresh = replaced(old, 5 * MiB, noise(100, 8));
      await send(store, fresh);
      await expectContent(store, fresh);
    });

    it("[SY-407] without a signature, what was appended is told by the parts of the old object", async () => {
      const store = await setup.open();
      const none: SyncOptions = { delta: { ...DELTA.delta, signatures: "none" } };
      await send(store, old, none);
      const fresh = Buffer.concat([old, noise(3 * MiB, 5)]);
      const event = await send(store, fresh, none);
      await expectContent(store, fresh);
      expect(event).toMatchObject({ delta: "appended", matched: SIZE, bytes: 3 * MiB });
      const other = replaced(fresh, 5, noise(5, 5));
      expect(await send(store, other, none)).toMatchObject({ delta: "no-signature" });
    });

    it("[SY-407] without a signature, one is made of the object if that is asked for", async () => {
      const store = await setup.open();
      await send(store, old, { delta: { ...DELTA.delta, signatures: "none" } });
      const fresh = replaced(old, 9 * MiB, noise(1000, 2));
      const event = await send(store, fresh, { delta: { ...DELTA.delta, generate: true } });
      expect(event).toMatchObject({ delta: "used" });
      expect(event.bytes).toBeLessThan(6 * MiB);
      await expectContent(store, fresh);
    });

    it("[SY-23] a new time alone sends nothing, also where copies cannot be pinned", async () => {
      const store = await setup.open();
      await send(store, old);
      const touched = place(await storeWith({ "disk.img": old }, { mtime: T0 + (serial += 1000) }));
      const report = await sync(touched, place(store), DELTA);
      expect(report).toMatchObject({ attributesSet: 1, failed: 0, bytesTransferred: 0 });
      expect((await store.stat("disk.img"))?.mtime).toBe(T0 + serial);
      // The signature still is of the object.
      const fresh = replaced(old, 9 * MiB, noise(1000, 2));
      expect(await send(store, fresh)).toMatchObject({ delta: "used" });
    });

    it("[SY-409] only the ranges that differ are fetched", async () => {
      const store = await setup.open();
      const fresh = Buffer.concat([noise(100, 8), replaced(old, 9 * MiB, noise(1000, 2))]);
      await send(store, fresh);
      writeFileSync(join(folder, "disk.img"), old);
      const seen = recorder();
      const faults = new Faults();
      const target = new FileDriver({ root: folder });
      await sync(place(fault(store, faults)), place(target), { ...DELTA, onEvent: seen.onEvent });
      const event = seen.events.find(({ kind }) => kind === "copy")!;
      expect(event).toMatchObject({ delta: "used", strategy: "ranges" });
      expect(event.bytes).toBeLessThan(400 * KiB);
      expect(event.bytes + event.matched!).toBe(fresh.length);
      expect(Buffer.compare(readFileSync(join(folder, "disk.img")), fresh)).toBe(0);
      await target.close();
    });

    it.each([false, true])(
      "[SY-409] what is new and comes again is fetched once (sparse: %s)",
      async (sparse) => {
        const store = await setup.open();
        const [zeros, twice] = [Buffer.alloc(4 * MiB), noise(MiB, 3)];
        const fresh = Buffer.concat([old.subarray(0, 8 * MiB), zeros, twice, zeros, twice]);
        await send(store, fresh);
        writeFileSync(join(folder, "disk.img"), old);
        const target = new FileDriver({ root: folder });
        const told = await explainDelta(place(store, "disk.img"), place(target, "disk.img"), DELTA);
        const seen = recorder();
        await sync(place(store), place(target), { ...DELTA, sparse, onEvent: seen.onEvent });
        const event = seen.events.find(({ kind }) => kind === "copy")!;
        expect(event).toMatchObject({ delta: "used", bytes: told.transferred });
        expect(event.bytes).toBe(64 * KiB + twice.length);
        expect(event.bytes + event.matched!).toBe(fresh.length);
        expect(told.steps.filter(({ kind }) => kind === "repeat").length).toBeGreaterThan(1);
        expect(Buffer.compare(readFileSync(join(folder, "disk.img")), fresh)).toBe(0);
        await target.close();
      },
    );

    it("[SY-409] what comes again is done when it is written", async () => {
      const store = await setup.open();
      const fresh = Buffer.concat([old.subarray(0, 8 * MiB), Buffer.alloc(10 * MiB)]);
      await send(store, fresh);
      writeFileSync(join(folder, "disk.img"), old);
      const target = new FileDriver({ root: folder });
      const matched: number[] = [];
      const watched = withMethods(target, {
        stage: async (path, size, options) => {
          const stage = await target.stage(path, size, options);
          const write: Stage["write"] = async (...piece) => {
            matched.push(run.progress().bytesMatched);
            await stage.write(...piece);
          };
          return { ...stage, write };
        },
      });
      const run = startSync(place(store), place(watched), DELTA);
      const report = await run.done;
      expect(report.bytesMatched).toBe(SIZE - 64 * KiB);
      // The first block of zeros is fetched; all others are written one by one.
      expect(matched[1]).toBeLessThanOrEqual(8 * MiB);
      expect(matched.at(-1)).toBeLessThan(report.bytesMatched);
      await target.close();
    });

    it("[SY-409] with `sparse` zeros are holes, also where the old file had none", async () => {
      const store = await setup.open();
      const fresh = Buffer.concat([old.subarray(0, 8 * MiB), Buffer.alloc(10 * MiB)]);
      await send(store, fresh);
      const file = join(folder, "disk.img");
      writeFileSync(file, Buffer.concat([old, Buffer.alloc(MiB)]));
      const target = new FileDriver({ root: folder });
      const seen = recorder();
      const options = { ...DELTA, sparse: true, onEvent: seen.onEvent };
      await sync(place(store), place(target), options);
      expect(seen.events.find(({ kind }) => kind === "copy")).toMatchObject({ delta: "used" });
      expect(Buffer.compare(readFileSync(file), fresh)).toBe(0);
      expect(statSync(file).blocks * 512).toBeLessThan(9 * MiB);
      await target.close();
    });

    it("[SY-409] of an old file of which nothing stays in its place no clone is made", async () => {
      const store = await setup.open();
      const file = join(folder, "disk.img");
      const target = new FileDriver({ root: folder });
      for (const [seed, shift] of [0, 1].entries()) {
        const fresh = Buffer.concat([noise(shift, 8), replaced(old, 0, noise(9, seed))]);
        await send(store, fresh);
        writeFileSync(file, old);
        const bases: unknown[] = [];
        const watched = withMethods(target, {
          stage: (path, size, options) => {
            bases.push(options?.base?.path);
            return target.stage(path, size, options);
          },
        });
        await sync(place(store), place(watched), { ...DELTA, ignoreTimes: true });
        expect(bases).toEqual([shift === 0 ? "disk.img" : undefined]);
        expect(Buffer.compare(readFileSync(file), fresh)).toBe(0);
      }
      await target.close();
    });

    it("[SY-410] a lying signature costs a whole download, and nothing else", async () => {
      const store = await setup.open();
      await send(store, old);
      const fresh = replaced(old, 0, noise(8 * MiB, 31));
      const scratch = await storeWith({ "disk.img": fresh });
      const lie = await signObject(place(scratch, "disk.img"), { blockSize: 64 * KiB });
      const signature = await decodeSignature((await scratch.read(lie.signaturePath)).body);
      const { etag, hashes } = (await store.stat("disk.img"))!;
      const contentHash = Buffer.from(hashes!.blake3!, "hex");
      await store.write(SIGNATURE, () =>
        streamOf(encodeSignature({ ...signature, contentHash, identity: { etag } })),
      );
      writeFileSync(join(folder, "disk.img"), fresh);
      const seen = recorder();
      const target = new FileDriver({ root: folder });
      await sync(place(store), place(target), { ...DELTA, onEvent: seen.onEvent });
      expect(seen.events.find(({ kind }) => kind === "copy")).toMatchObject({
        delta: "bad-signature",
        bytes: SIZE,
      });
      expect(Buffer.compare(readFileSync(join(folder, "disk.img")), old)).toBe(0);
      await target.close();
    });

    it("[SY-410] a signature by which the short last block repeats a whole one harms nothing", async () => {
      const store = await setup.open();
      const fresh = Buffer.concat([old, noise(7, 2)]);
      await send(store, fresh);
      const signature = await decodeSignature((await store.read(SIGNATURE)).body);
      const last = fresh.length >> 16;
      signature.strong.copyWithin(last * 32, 0, 32);
      await store.write(SIGNATURE, () => streamOf(encodeSignature(signature)));
      const file = join(folder, "disk.img");
      writeFileSync(file, replaced(old, 0, noise(64 * KiB, 3)));
      const target = new FileDriver({ root: folder });
      const report = await sync(place(store), place(target), DELTA);
      expect(report.failures).toEqual([]);
      expect(Buffer.compare(readFileSync(file), fresh)).toBe(0);
      await target.close();
    });

    it("[SY-417] a move believes no signature that nothing else attests", async () => {
      const store = await setup.open();
      await send(store, old);
      const silent = withMultipart(store, {
        copyPart: async (upload, number, source, ...rest) => {
          const from = { ...source, driver: store };
          const part = await store.multipart!.copyPart(upload, number, from, ...rest);
          return { ...part, md5: undefined };
        },
      });
      const fresh = replaced(old, 9 * MiB, noise(1000, 2));
      expect(await send(silent, fresh, { ...DELTA, move: true })).toMatchObject({
        delta: "refused",
        bytes: SIZE,
      });
      await expectContent(store, fresh);
      // Of an object that another program sent in parts the store knows no hash.
      const upload = await store.multipart!.create("foreign");
      const half = 9 * MiB;
      const parts = [
        await store.multipart!.putPart(upload, 1, fresh.subarray(0, half)),
        await store.multipart!.putPart(upload, 2, fresh.subarray(half)),
      ];
      await store.multipart!.complete(upload, parts);
      await signObject(place(store, "foreign"), { blockSize: 64 * KiB });
      const target = new FileDriver({ root: folder });
      for (const [move, delta] of [
        [false, "used"],
        [true, "refused"],
      ] as const) {
        writeFileSync(join(folder, "foreign"), old);
        const seen = recorder();
        const to = place(target, "foreign");
        const options = { ...DELTA, move, ignoreTimes: true, onEvent: seen.onEvent };
        await sync(place(store, "foreign"), to, options);
        expect(seen.events.find(({ kind }) => kind === "copy")).toMatchObject({ delta });
        expect(Buffer.compare(readFileSync(join(folder, "foreign")), fresh)).toBe(0);
      }
      await target.close();
    });

    it("[SY-412] the signature goes with its object", async () => {
      const store = await setup.open();
      await send(store, old);
      expect(await everything(store)).toEqual([SIGNATURE, "disk.img"]);
      const empty = await storeWith({ other: "x" });
      await sync(place(empty), place(store), { ...DELTA, delete: true });
      expect(await everything(store)).toEqual(["other"]);
    });

    it("[SY-413] where parts have to be equal, those that lie together are copied", async () => {
      const store = await setup.open();
      await send(store, old);
      const multipart = { ...store.capabilities.multipart!, equalPartSizes: true };
      const sizes: number[] = [];
      const equal = withMultipart(
        store,
        {
          copyPart: (upload, number, source, ...rest) =>
            store.multipart!.copyPart(upload, number, { ...source, driver: store }, ...rest),
          complete: async (upload, parts, options) => {
            sizes.push(...parts.map(({ size }) => size));
            return store.multipart!.complete(upload, parts, options);
          },
        },
        { ...store.capabilities, multipart },
      );
      // Shifted by a block: what is behind still lies together.
      const fresh = Buffer.concat([noise(64 * KiB, 6), old]);
      const event = await send(equal, fresh);
      expect(event).toMatchObject({ delta: "used" });
      expect(event.matched).toBeGreaterThanOrEqual(8 * MiB);
      expect(new Set(sizes.slice(0, -1)).size).toBe(1);
      await expectContent(store, fresh);
    });

    it("[SY-414] a source that is read over the net is sent whole, read once, and leaves a signature", async () => {
      const store = await setup.open();
      const memory = await storeWith({ "disk.img": old });
      const reads = new Faults();
      const remote = fault(disable(memory, "readBlock"), reads);
      const report = await sync(place(remote), place(store), DELTA);
      expect(report).toMatchObject({ failed: 0, bytesTransferred: SIZE, bytesMatched: 0 });
      const calls = reads.calls.filter(({ operation }) => operation === "read");
      expect(calls).toHaveLength(Math.ceil(SIZE / (8 * MiB)));
      await expectSignatureOf(store, old);
      const fresh = replaced(old, 9 * MiB, noise(1000, 2));
      expect(await send(store, fresh)).toMatchObject({ delta: "used" });
      await expectContent(store, fresh);
    });

    it("[SY-414] in whatever order the parts come, and with a block across two of them", async () => {
      const store = await setup.open();
      for (const [seed, blockSize] of [320 * KiB, 5 * MiB, 64 * KiB].entries()) {
        const content = noise(45 * MiB + 12_345 * seed, seed + 40);
        const memory = await storeWith({ "disk.img": content }, { mtime: T0 + seed });
        let reads = 0;
        const late = new Faults(({ operation }) =>
          operation === "read"
            ? { kind: "delay", ms: [90, 0, 60, 20, 40, 5][reads++ % 6]! }
            : undefined,
        );
        const remote = fault(disable(memory, "readBlock"), late);
        const options = { delta: { ...DELTA.delta, blockSize } };
        expect((await sync(place(remote), place(store), options)).failures).toEqual([]);
        await expectSignatureOf(store, content, blockSize);
      }
    });

    it("[SY-414] none is left of what somebody else wrote at the same time, where no hash would tell", async () => {
      const store = await setup.open();
      const other = noise(SIZE, 55);
      const raced = withMultipart(store, {
        complete: async (upload, parts, options) => {
          await store.multipart!.complete(upload, parts, options);
          await store.write("disk.img", other);
          return { ...(await store.stat("disk.img"))!, isOwn: false, hashes: {} };
        },
      });
      const remote = disable(await storeWith({ "disk.img": old }), "readBlock");
      await sync(place(remote), place(raced), DELTA);
      expect(await everything(store)).toEqual(["disk.img"]);
    });

    it("[SY-419] a copy within the store takes the signature along, of the new object", async () => {
      const store = await setup.open();
      await send(store, old);
      const seen = recorder();
      const copy = await sync(place(store, "disk.img"), place(store, "copy.img"), {
        ...DELTA,
        onEvent: seen.onEvent,
      });
      expect(copy.failures).toEqual([]);
      expect(seen.events[0]).toMatchObject({ strategy: "server-copy", bytes: 0 });
      await expectSignatureOf(store, old, 64 * KiB, "copy.img");
      const fresh = place(
        await storeWith({ "copy.img": replaced(old, 9 * MiB, noise(1000, 2)) }),
        "copy.img",
      );
      const again = await sync(fresh, place(store, "copy.img"), DELTA);
      expect(again.bytesMatched).toBeGreaterThan(10 * MiB);
      const moved = await sync(place(store, "copy.img"), place(store, "dir/moved.img"), {
        ...DELTA,
        move: true,
      });
      expect(moved.failures).toEqual([]);
      const now = replaced(old, 9 * MiB, noise(1000, 2));
      await expectSignatureOf(store, now, 64 * KiB, "moved.img", "dir/");
      expect(await everything(store)).toEqual([
        SIGNATURE,
        "dir/.omnisync/signatures/moved.img.hssig",
        "dir/moved.img",
        "disk.img",
      ]);
    });

    it("[SY-419] a signature that is not of the copied object is not taken along", async () => {
      const store = await setup.open();
      await send(store, old);
      await store.write("disk.img", replaced(old, 3 * MiB, noise(50, 9)));
      await sync(place(store, "disk.img"), place(store, "copy.img"), DELTA);
      expect(await everything(store)).toEqual([SIGNATURE, "copy.img", "disk.img"]);
      // Nor one whose copy nobody knows to be of that object.
      await send(store, old);
      await store.remove("copy.img");
      const { blake3: _, ...nameless } = (await store.stat("disk.img"))!.hashes!;
      const loose = disable(
        withMethods(store, {
          copy: async (source, path, options) => {
            const made = await store.copy!({ ...source, driver: store }, path, options);
            return { ...made, hashes: nameless };
          },
        }),
        "conditions",
      );
      await sync(place(store, "disk.img"), place(loose, "copy.img"), DELTA);
      expect(await everything(store)).toEqual([SIGNATURE, "copy.img", "disk.img"]);
    });

    it("[SY-418] what waits for the end of the run is sent as what differs, and leaves a signature", async () => {
      const store = await setup.open();
      const delayed: SyncOptions = { ...DELTA, delayUpdates: true };
      await send(store, old, delayed);
      await expectSignatureOf(store, old);
      const fresh = replaced(old, 9 * MiB, noise(1000, 2));
      const event = await send(store, fresh, delayed);
      expect(event).toMatchObject({ delta: "used" });
      expect(event.bytes).toBeLessThan(6 * MiB);
      await expectContent(store, fresh);
      await expectSignatureOf(store, fresh);
      expect(await everything(store)).toEqual([SIGNATURE, "disk.img"]);
      // And down, as with a directory for temporary files.
      const file = join(folder, "disk.img");
      const target = new FileDriver({ root: folder });
      for (const mode of [{ delayUpdates: true }, { tempDirectory: "tmp" }]) {
        writeFileSync(file, old);
        const seen = recorder();
        const options = { ...DELTA, ...mode, ignoreTimes: true, onEvent: seen.onEvent };
        expect((await sync(place(store), place(target), options)).failures).toEqual([]);
        expect(seen.events.find(({ kind }) => kind === "copy")).toMatchObject({ delta: "used" });
        expect(Buffer.compare(readFileSync(file), fresh)).toBe(0);
        expect(readdirSync(folder).filter((name) => name !== "tmp")).toEqual(["disk.img"]);
      }
      await target.close();
    });

    it("[SY-415] explained, nothing is sent", async () => {
      const store = await setup.open();
      await send(store, old);
      const fresh = replaced(old, 9 * MiB, noise(1000, 2));
      const source = place(await storeWith({ "disk.img": fresh }), "disk.img");
      const told = await explainDelta(source, place(store, "disk.img"), DELTA);
      expect(told).toMatchObject({ reason: "used", strategy: "multipart" });
      expect(told.steps.map(({ kind }) => kind)).toEqual(["copy", "send", "copy"]);
      expect(told.transferred + told.matched).toBe(SIZE);
      expect(told.generated).toBeUndefined();
      await expectContent(store, old);
      // What is read to sign the object goes over, too.
      await store.remove(SIGNATURE);
      const generate = { delta: { ...DELTA.delta, generate: true } };
      const first = await explainDelta(source, place(store, "disk.img"), generate);
      expect(first).toMatchObject({ reason: "used", generated: SIZE });
    });

    it("[SY-411] a sidecar never takes the place of a file that is somebody's", async () => {
      const store = await setup.open();
      const sidecar: SyncOptions = { delta: { ...DELTA.delta, signatures: "sidecar" } };
      await store.write("disk.img.hssig", noise(100, 1));
      const event = await send(store, old, sidecar);
      expect(event.signatureError).toMatchObject({ code: "already-exists" });
      expect(Buffer.compare(await bytesOf(store, "disk.img.hssig"), noise(100, 1))).toBe(0);
      await store.remove("disk.img.hssig");
      await send(store, replaced(old, 1, noise(9, 9)), sidecar);
      const head = (await bytesOf(store, "disk.img.hssig")).subarray(0, SIGNATURE_MAGIC.length);
      expect(Buffer.compare(head, SIGNATURE_MAGIC)).toBe(0);
    });
  });
}

function replaced(bytes: Uint8Array, at: number, by: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(by, at);
  return copy;
}

/** Large enough for a delta, whatever was cut away. */
function padded(bytes: Uint8Array): Uint8Array {
  return bytes.length > 10 * MiB ? bytes : Buffer.concat([bytes, noise(10 * MiB, bytes.length)]);
}

async function bytesOf(store: Driver, path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await store.read(path)).body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function expectContent(store: Driver, content: Uint8Array): Promise<void> {
  expect(Buffer.compare(await bytesOf(store, "disk.img"), content)).toBe(0);
}

/** There is a signature of exactly this content, and of exactly the object that lies there. */
async function expectSignatureOf(
  store: Driver,
  content: Uint8Array,
  blockSize = 64 * KiB,
  name = "disk.img",
  directory = "",
): Promise<void> {
  const path = `${directory}.omnisync/signatures/${name}.hssig`;
  const kept = await decodeSignature((await store.read(path)).body);
  expect(kept.identity.etag).toBe((await store.stat(directory + name))!.etag);
  const right = await signStream([content], blockSize);
  expect({ ...kept, identity: {} }).toEqual(right);
}

/** Reserved paths too. */
async function everything(store: Driver): Promise<string[]> {
  const found: string[] = [];
  for await (const page of store.list("", { recursive: true, includeReserved: true })) {
    found.push(...page.filter(({ kind }) => kind === "file").map(({ path }) => path));
  }
  return found;
}

async function uploads(store: Driver): Promise<string[]> {
  const found: string[] = [];
  for await (const page of store.multipart!.listUploads(""))
    found.push(...page.map(({ id }) => id));
  return found;
}

function withMultipart(
  store: Driver,
  methods: Partial<Multipart>,
  capabilities: Capabilities = store.capabilities,
): Driver {
  return withMethods(store, { multipart: { ...store.multipart!, ...methods }, capabilities });
}

function withMethods(store: Driver, methods: Partial<Driver>): Driver {
  return new Proxy(store, {
    get: (target, name) => {
      if (name in methods) return Reflect.get(methods, name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function beforeCopies(store: Driver, work: () => Promise<void>): Driver {
  return withMultipart(store, {
    copyPart: async (upload, number, source, ...rest) => {
      await work();
      return store.multipart!.copyPart(upload, number, { ...source, driver: store }, ...rest);
    },
  });
}

async function* streamOf(pieces: Iterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield* pieces;
}
