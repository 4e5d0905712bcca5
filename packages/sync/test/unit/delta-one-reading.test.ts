/** A large file is hashed to know whether it changed, and read to know what of it did: that is one reading. */
import { DeltaOps } from "@omnisync/delta";
import {
  type Block,
  type Driver,
  FileDriver,
  type OpenFileOptions,
  type OpenedFile,
  type ReadBlockOptions,
} from "@omnisync/storage";
import { type SyncEvent, type SyncOptions, sync } from "@omnisync/sync";
import { startStrictS3 } from "@omnisync/testkit/strict-s3";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, it } from "vitest";
import { noise } from "../../../delta/test/unit/content.ts";
import { s3Setup } from "../../../storage/test/servers/s3-setup.ts";
import { Comparisons } from "../../src/delta/comparisons.ts";
import { place, recorder } from "../stores.ts";

const MiB = 1024 ** 2;
const SIZE = 16 * MiB;
const OPTIONS: SyncOptions = { delta: { threshold: 6 * MiB, blockSize: 64 * 1024 } };

const strict = await startStrictS3({ keepLog: false });
afterAll(() => strict.close());
const setup = await s3Setup(strict);

/** Notes how a file is read. */
class WatchedDriver extends FileDriver {
  readings: string[] = [];
  /** Called when a file was matched. */
  onMatched: () => unknown = () => undefined;

  override async openFile(path: string, options?: OpenFileOptions): Promise<OpenedFile> {
    this.readings.push("whole");
    const opened = await super.openFile(path, options);
    const { close } = opened;
    return {
      ...opened,
      close: async () => {
        await close.call(opened);
        await this.onMatched();
      },
    };
  }

  override async readBlock(path: string, options: ReadBlockOptions): Promise<Block> {
    // What is hashed with MD5 are copied parts, to see that they are right.
    if (options.hashes?.includes("blake3")) this.readings.push("hash");
    return super.readBlock(path, options);
  }
}

let root: string;
let file: string;
let source: WatchedDriver;
let store: Driver;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
  file = join(root, "disk.img");
  source = new WatchedDriver({ root });
  store = await setup.open();
  save(noise(SIZE, 1), 1000);
  await run();
});
afterEach(async () => {
  await source.close();
  rmSync(root, { recursive: true });
});

function save(content: Uint8Array, seconds: number): void {
  writeFileSync(file, content);
  utimesSync(file, seconds, seconds);
}

async function run(options: SyncOptions = OPTIONS): Promise<SyncEvent> {
  source.readings = [];
  const seen = recorder();
  const report = await sync(place(source), place(store), { ...options, onEvent: seen.onEvent });
  expect(report.failures).toEqual([]);
  expect(seen.events).toHaveLength(1);
  return seen.events[0]!;
}

async function expectStored(content: Uint8Array): Promise<void> {
  const { body } = await store.read("disk.img");
  expect(Buffer.compare(Buffer.concat(await Array.fromAsync(body)), content)).toBe(0);
}

const edited = noise(SIZE, 1);
edited.set(noise(1000, 2), 8 * MiB);

it("[SY-420] a large file that changed is read once to know what is to be sent", async () => {
  save(edited, 2000);
  const event = await run();
  expect(event).toMatchObject({ kind: "copy", reason: "checksum", delta: "used" });
  expect(event.bytes).toBeLessThan(6 * MiB);
  expect(source.readings).toEqual(["whole"]);
  await expectStored(edited);
});

it("[SY-420] one whose time alone changed is not sent", async () => {
  save(noise(SIZE, 1), 2000);
  expect(await run()).toMatchObject({ kind: "attributes", bytes: 0 });
  expect(source.readings).toEqual(["whole"]);
  expect((await store.stat("disk.img"))?.mtime).toBe(2_000_000);
  expect((await run()).kind).toBe("unchanged");
});

it("[SY-420] one that changes in between is read again", async () => {
  save(edited, 2000);
  const later = noise(SIZE, 3);
  source.onMatched = () => {
    source.onMatched = () => undefined;
    save(later, 3000);
  };
  expect(await run()).toMatchObject({ kind: "copy" });
  expect(source.readings.filter((reading) => reading === "whole").length).toBeGreaterThan(1);
  await expectStored(later);
});

it("[SY-420] an object that is replaced in between is looked at again", async () => {
  save(edited, 2000);
  source.onMatched = async () => {
    source.onMatched = () => undefined;
    await store.write("disk.img", noise(SIZE, 4), { mtime: 500_000 });
  };
  expect(await run()).toMatchObject({ kind: "copy", delta: "stale-signature", bytes: SIZE });
  await expectStored(edited);
});

it.each<{ name: string; seconds: number; options: SyncOptions; readings: readonly string[] }>([
  { name: "a dry run", seconds: 2000, options: { ...OPTIONS, dryRun: true }, readings: ["hash"] },
  {
    name: "`checksum` with equal times",
    seconds: 1000,
    options: { ...OPTIONS, checksum: true },
    readings: ["hash", "whole"],
  },
  // What goes with the object was known already.
  { name: "no deltas", seconds: 2000, options: { wholeFile: true }, readings: ["hash"] },
])("[SY-420] with $name it is hashed", async ({ seconds, options, readings }) => {
  save(edited, seconds);
  expect(await run(options)).toMatchObject({ kind: "copy", reason: "checksum" });
  expect(source.readings).toEqual(readings);
  await expectStored(options.dryRun ? noise(SIZE, 1) : edited);
});

it("[SY-420] without a signature it is hashed, and signed before it is sent", async () => {
  await store.remove(".omnisync/signatures/disk.img.hssig");
  save(edited, 2000);
  expect(await run()).toMatchObject({ reason: "checksum", delta: "no-signature", bytes: SIZE });
  expect(source.readings).toEqual(["hash", "whole"]);
  await expectStored(edited);
});

it("[SY-420] what was compared is kept for this very file and object, once, and not without bound", () => {
  const entry = (etag: string) =>
    ({ path: "", kind: "file", size: 1, etag, complete: true }) as const;
  const [a, b] = [entry("a"), entry("b")];
  const found = { blake3: "x" };
  const kept = new Comparisons();
  kept.keep("one", a, b, found);
  expect(kept.take("other", a, b)).toBeUndefined();
  expect(kept.take("one", a, b)).toBe(found);
  expect(kept.take("one", a, b)).toBeUndefined();
  for (const [source, object] of [
    [b, b],
    [a, a],
    [a, undefined],
  ] as const) {
    kept.keep("one", a, b, found);
    expect(kept.take("one", source, object)).toBeUndefined();
  }
  const large = { ops: new DeltaOps(new Float64Array(400_000)) };
  for (let i = 0; i < 10; i++) kept.keep(`${i}`, a, b, large);
  expect(kept.take("0", a, b)).toBeUndefined();
  expect(kept.take("9", a, b)).toBe(large);
  // The largest object there is, that nobody wants to read twice.
  const largest = { ops: new DeltaOps(new Float64Array(4_000_000)) };
  kept.keep("small", a, b, found);
  kept.keep("largest", a, b, largest);
  expect(kept.take("small", a, b)).toBeUndefined();
  expect(kept.take("largest", a, b)).toBe(largest);
});
