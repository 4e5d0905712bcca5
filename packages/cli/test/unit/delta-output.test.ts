/** What is told of deltas: in lines, in counts, in JSON. */
import { type Driver, type Entry, StorageError, isStorageError } from "@omnisync/storage";
import { DELTA_THRESHOLD, type Report, type SyncEvent, signObject } from "@omnisync/sync";
import { describe, expect, test } from "vitest";
import { blockSize } from "../../src/flag-values.ts";
import { DEFAULT_THRESHOLD } from "../../src/flags/delta-flags.ts";
import { EventPrinter, type PrintOptions } from "../../src/output/event-printer.ts";
import { countEvent, noCounts, statsBlock } from "../../src/output/rsync/rsync-counts.ts";
import { statsLines, summaryLine } from "../../src/output/summary.ts";
import { Session } from "../../src/session.ts";
import { createStore } from "../memory-store.ts";
import { lines } from "../run-cli.ts";

const MIB = 1024 ** 2;

function file(size: number): Entry {
  return { path: "big", kind: "file", size, complete: true };
}

function copied(more: Partial<SyncEvent> = {}): SyncEvent {
  const source = file(100 * MIB);
  return { kind: "copy", path: "big", reason: "mtime", bytes: source.size, source, ...more };
}

const SAVED = copied({ bytes: 5 * MIB, matched: 95 * MIB, delta: "used", destination: file(1) });

async function printed(
  events: readonly SyncEvent[],
  options: Partial<PrintOptions> = {},
): Promise<{ readonly out: readonly string[]; readonly error: readonly string[] }> {
  const texts = { out: "", error: "" };
  const stream = (name: keyof typeof texts) => ({
    write: (text: string | Uint8Array, done?: () => void) => {
      texts[name] += String(text);
      done?.();
      return true;
    },
  });
  const { signal } = new AbortController();
  const io = { stdout: stream("out"), stderr: stream("error"), env: {}, cwd: "/", signal };
  const session = new Session(io);
  const printer = new EventPrinter(session, { prefix: "", root: ".", toLocal: false, ...options });
  for (const event of events) printer.print(event);
  await session.out.flush();
  return { out: lines(texts.out), error: lines(texts.error) };
}

function storeThat(copyPart: boolean): PrintOptions["destination"] {
  const driver = { id: "s3://bucket", capabilities: { copyPart } } as unknown as Driver;
  return { driver, path: "" };
}

describe("a copy of which a part was there", () => {
  test("with -v says how much", async () => {
    const { out, error } = await printed([SAVED], { verbose: 1 });
    expect(out).toEqual(["copied big (100 MiB, 95.0 MiB of it was there)"]);
    expect(error).toEqual([]);
  });

  test("as JSON has all of it", async () => {
    const signatureError = new StorageError("permission-denied", { path: "x", message: "no" });
    const { out } = await printed([{ ...SAVED, signatureError }], { json: true });
    expect(JSON.parse(out[0] as string)).toMatchObject({
      bytes: 5 * MIB,
      matched: 95 * MIB,
      delta: "used",
      signatureError: { code: "permission-denied" },
    });
  });

  test("is matched data to rsync", () => {
    const counts = noCounts();
    countEvent(counts, SAVED, { toLocal: false, dryRun: false });
    const block = statsBlock(counts, 1, 1);
    expect(block).toContain("Literal data: 5,242,880 bytes");
    expect(block).toContain("Matched data: 99,614,720 bytes");
  });
});

describe("what is said of one that went over whole", () => {
  test.each(["stale-signature", "bad-signature"] as const)("%s: a line for each", async (delta) => {
    const { error } = await printed([copied({ delta }), copied({ delta, path: "other" })]);
    expect(error).toHaveLength(2);
    expect(error[0]).toMatch(/^omnisync: big: its signature .*: it was ignored, and the whole was/);
    expect(error[1]).toMatch(/^omnisync: other: /);
  });

  test("a store that copies no parts: once", async () => {
    const events = [copied({ delta: "refused" }), copied({ delta: "refused", path: "other" })];
    const { error } = await printed(events, { destination: storeThat(false) });
    expect(error).toEqual([
      "omnisync: s3://bucket: the store copies no parts: large files are sent whole",
    ]);
    const other = await printed(events, { destination: storeThat(true) });
    expect(other.error).toEqual([
      "omnisync: big: what is there could not be used, or not relied on: the whole was transferred",
    ]);
  });

  test("a signature that could not be kept", async () => {
    const signatureError = new StorageError("permission-denied", {
      path: "big",
      message: "denied",
    });
    const { error } = await printed([copied({ signatureError })]);
    expect(error).toEqual([
      "omnisync: big: denied: no signature could be kept, so that the next change of it is sent whole",
    ]);
  });

  test("nothing where nothing is known to be wrong, and nothing with --quiet", async () => {
    const usual = (["used", "appended", "no-signature", "different"] as const).map((delta) =>
      copied({ delta }),
    );
    expect((await printed(usual)).error).toEqual([]);
    const bad = [copied({ delta: "bad-signature" }), copied({ delta: "refused" })];
    expect((await printed(bad, { quiet: true })).error).toEqual([]);
  });
});

describe("the end of a run", () => {
  const report = {
    ...{ created: 0, replaced: 1, bytesTransferred: 5 * MIB, bytesServerCopied: 0 },
    ...{ bytesResumed: 0, bytesMatched: 95 * MIB, removed: 0, attributesSet: 0, skipped: 0 },
    ...{ directoriesCreated: 0, linksWritten: 0, unchanged: 0, ignored: 0, failed: 0 },
    ...{ duration: 1000, dryRun: false, refusals: {} },
    timings: { reading: 0, hashing: 0, sending: 0, waiting: {} },
  } as unknown as Report;

  test("tells what was saved", () => {
    expect(summaryLine(report, "sync")).toContain(
      "copied 1 file (5.00 MiB) in 1.0s, 95.0 MiB not sent: it was there, 0 unchanged",
    );
    expect(summaryLine({ ...report, bytesMatched: 0 }, "sync")).not.toContain("not sent");
    const made = { ...report, directoriesCreated: 1, linksWritten: 2 };
    expect(summaryLine(made, "sync")).toContain(", 1 directory, 2 links, 0 unchanged");
    expect(statsLines(report)).toContain("Bytes that were there:      99614720 (95.0 MiB)");
  });
});

describe("what the command line knows without the library", () => {
  test("the threshold", () => {
    expect(DEFAULT_THRESHOLD).toBe(DELTA_THRESHOLD);
  });

  test.each([0, 32, 64, 96, 128, 1024, 4096 + 64, 5 * 1024, 5 * 1024 + 64])(
    "a block size of %i KiB",
    async (kib) => {
      const { storage } = await createStore();
      const sign = signObject({ driver: storage.driver, path: "nope" }, { blockSize: kib * 1024 });
      const error: unknown = await sign.catch((error: unknown) => error);
      const parse = (): number => blockSize("--block-size")(`${kib}K`);
      if (isStorageError(error, "not-found")) expect(parse()).toBe(kib * 1024);
      else expect(parse).toThrow(/write a multiple of 64K from 64K to 5M/);
    },
  );
});
