import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownerMark } from "@omnisync/storage";
import { DirectoryResumeStore, type TransferRecord } from "@omnisync/sync";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { headerLine, parseJournal, progressLine } from "../../src/resume/journal.ts";

let root: string;
let directory: string;
let problems: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
  directory = join(root, "transfers");
  problems = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const store = (): DirectoryResumeStore =>
  new DirectoryResumeStore({ directory, onProblem: (text) => void problems.push(text) });

const RECORD: TransferRecord = {
  kind: "upload",
  source: "file:///a/b",
  destination: "s3://host/bucket/b",
  content: { size: 100, etag: "e", mtime: 5.25 },
  pieceSize: 8,
  startedAt: 1_700_000_000_000,
  uploadId: "id",
  begunWith: "hash",
};
const PART = { kind: "part", number: 1, size: 8, etag: "one" } as const;
const { source, destination } = RECORD;

/** A record whose process is gone. */
async function left(): Promise<string> {
  const owned = await store().create(RECORD);
  await owned!.add(PART);
  await owned!.release();
  return join(directory, readdirSync(directory)[0]!);
}

describe("the journal", () => {
  const text = headerLine(RECORD) + progressLine(PART);

  it("[SY-301] comes back as it was written, without a line that was not written to its end", () => {
    const bytes = Buffer.from(text);
    expect(parseJournal(bytes)).toEqual({ record: RECORD, progress: [PART], length: bytes.length });
    for (let length = headerLine(RECORD).length; length < bytes.length; length++) {
      expect(parseJournal(bytes.subarray(0, length)).progress).toEqual([]);
    }
  });

  it("[SY-305] whatever byte is another, it is refused", () => {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length - 1; at++) {
      const spoilt = Buffer.from(bytes);
      spoilt[at] = spoilt[at]! ^ 1;
      expect(() => parseJournal(spoilt), `byte ${at}`).toThrow();
    }
  });

  it("[SY-305] another version, another format and half a header are told apart", () => {
    const as = (more: object): Buffer => Buffer.from(headerLine({ ...RECORD, ...more }));
    expect(() => parseJournal(as({ version: 2 }))).toThrow(/another version \(2\)/);
    expect(() => parseJournal(as({ format: "x" }))).toThrow(/not a record/);
    expect(() => parseJournal(as({ uploadId: undefined }))).toThrow(/incomplete/);
    expect(() => parseJournal(Buffer.from(text.slice(0, 50)))).toThrow(/cut short/);
  });
});

describe("the store", () => {
  it("[SY-308] gives a record to one of many that want it, with all its progress", async () => {
    await left();
    const takers = await Promise.all(
      Array.from({ length: 20 }, () => store().takeAll(source, destination)),
    );
    const taken = takers.flat();
    expect(taken).toHaveLength(1);
    expect(taken[0]).toMatchObject({ record: RECORD, progress: [PART] });
    expect(await store().takeAll(source, destination)).toEqual([]);
    await taken[0]!.add({ ...PART, number: 2 });
    await taken[0]!.release();
    const [again] = await store().takeAll(source, destination);
    expect(again!.progress).toHaveLength(2);
    await again!.remove();
    expect(readdirSync(directory)).toEqual([]);
  });

  it("[SY-308] a living process keeps its own, a dead one's and one's from before a reboot are free", async () => {
    const path = await left();
    const mark = ownerMark();
    const as = async (owner: string): Promise<boolean> => {
      const named = path.replace(/0{24}/, owner);
      renameSync(path, named);
      const [kept] = await store().list();
      renameSync(named, path);
      return kept!.busy;
    };
    expect(await as(mark)).toBe(true);
    expect(await as(`${mark.slice(0, 16)}3fffff00`)).toBe(false);
    expect(await as(`${mark.slice(0, 8)}00000000${mark.slice(16)}`)).toBe(false);
    // Of another machine nobody knows: an hour after its last step it counts as gone.
    const foreign = `00000000${mark.slice(8)}`;
    expect(await as(foreign)).toBe(true);
    const old = Date.now() / 1000 - 3601;
    utimesSync(path, old, old);
    expect(await as(foreign)).toBe(false);
  });

  it("[SY-301] is nobody else's to read, and what somebody else may write is not believed", async () => {
    const path = await left();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    chmodSync(path, 0o666);
    expect(await store().takeAll(source, destination)).toEqual([]);
    expect(problems).toMatchObject([expect.stringContaining("somebody else may write to it")]);
    expect(readdirSync(directory)[0]).toMatch(/\.bad$/);
    expect(await store().clearAside(3600_000)).toBe(0);
    expect(await store().clearAside(0)).toBe(1);
  });

  it("[SY-302] a record of the same name for other ends is left alone", async () => {
    const path = await left();
    const other = headerLine({ ...RECORD, source: "file:///other" });
    writeFileSync(path, other, { mode: 0o600 });
    expect(await store().takeAll(source, destination)).toEqual([]);
    expect(readFileSync(path, "utf8")).toBe(other);
  });

  it("[SY-306] that cannot be made is told of once, and throws nothing", async () => {
    writeFileSync(directory, "in the way");
    const broken = store();
    expect(await broken.create(RECORD)).toBeUndefined();
    expect(await broken.create(RECORD)).toBeUndefined();
    expect(await broken.takeAll(source, destination)).toEqual([]);
    expect(problems.filter((text) => text.includes("be written"))).toHaveLength(1);
  });
});
