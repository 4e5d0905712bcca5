/** Of a file on a disk that is slow to read (a mount of another machine's) only what differs is read, where that is asked for. */
import { decodeSignature, encodeSignature } from "@omnisync/delta";
import { type Driver, type Entry, FileDriver, StorageError } from "@omnisync/storage";
import { Faults, fault, intercept } from "@omnisync/storage/layers";
import { type SyncEvent, type SyncOptions, explainDelta, signObject, sync } from "@omnisync/sync";
import fc from "fast-check";
import {
  chmodSync,
  chownSync,
  mkdirSync,
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
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { edit, edits, noise } from "../../../delta/test/unit/content.ts";
import { place, recorder, storeWith } from "../stores.ts";

const KiB = 1024;
const MiB = KiB * KiB;
const SIZE = 4 * MiB;
const OPTIONS: SyncOptions = {
  delta: { threshold: MiB, blockSize: 64 * KiB },
  wholeFile: false,
  ignoreTimes: true,
};
const NAME = "disk.img";
const SIGNATURE = `.omnisync/signatures/${NAME}.hssig`;
const [OWN, WORK] = [".omnisync", "work"] as const;
const OLD = noise(SIZE, 1);
const NEW = Uint8Array.from(OLD);
NEW.set(noise(1000, 2), 2 * MiB);

let root: string;
let mount: FileDriver;
let target: FileDriver;
const [there, here] = ["mount", "target"].map((name) => (path: string) => join(root, name, path));

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "delta-from-disk-"));
  for (const name of ["mount", "target"]) mkdirSync(join(root, name));
  [mount, target] = [there!(""), here!("")].map((path) => new FileDriver({ root: path })) as [
    FileDriver,
    FileDriver,
  ];
  writeFileSync(there!(NAME), NEW);
  writeFileSync(here!(NAME), OLD);
});
afterEach(async () => {
  await Promise.all([mount.close(), target.close()]);
  rmSync(root, { recursive: true, force: true });
});

/** Of a file that lies there for long: nobody waits until its clock has moved on. */
async function signLongAgo(driver: Driver = mount): Promise<void> {
  const aged = changedStat(driver, (entry) => ({
    ...entry,
    storedAt: Date.now() - 24 * 3_600_000,
  }));
  await signObject(place(aged, NAME), { blockSize: 64 * KiB });
}

function changedStat(driver: Driver, change: (entry: Entry) => Entry): Driver {
  return intercept(driver, {
    methods: {
      async stat(path, options) {
        const entry = await driver.stat(path, options);
        return entry && change(entry);
      },
    },
  });
}

/** Has something happen right before the first of these calls. */
function onceBefore(
  driver: Driver,
  [operation, path]: readonly [operation: string, path: string],
  act: () => void,
): { readonly driver: Driver; readonly isDone: () => boolean } {
  let isDone = false;
  const watched = intercept(driver, {
    around: async (call, run) => {
      if (!isDone && call.operation === operation && call.path === path) {
        isDone = true;
        act();
      }
      return run();
    },
  });
  return { driver: watched, isDone: () => isDone };
}

/** A destination that knows the disk under a layered source, as in a run of the command line. */
const layered = (): Driver => intercept(target, {});

async function copied(from: Driver = mount, options: SyncOptions = OPTIONS): Promise<SyncEvent> {
  const seen = recorder();
  const report = await sync(place(from), place(layered()), { ...options, onEvent: seen.onEvent });
  expect(report.failures).toEqual([]);
  const copies = seen.events.filter(({ kind }) => kind === "copy");
  expect(copies).toHaveLength(1);
  expect(readFileSync(here!(NAME)).equals(readFileSync(there!(NAME)))).toBe(true);
  const [besides] = readdirSync(here!("")).filter((name) => ![NAME, OWN, WORK].includes(name));
  expect(besides).toBeUndefined();
  return copies[0]!;
}

describe("[SY-421] from a disk", { timeout: 60_000 }, () => {
  it("only what differs is read, and what it is put together from has the attributes of the source", async () => {
    await signLongAgo();
    const time = 1_500_000_000;
    chmodSync(there!(NAME), 0o640);
    utimesSync(there!(NAME), time, time);
    // Both gave the content another name.
    await signLongAgo();
    const read: number[] = [];
    const event = await copied(countingReads(mount, read));
    expect(event).toMatchObject({ delta: "used", strategy: "ranges", bytes: 64 * KiB });
    expect(read).toEqual([64 * KiB]);
    expect(statSync(here!(NAME))).toMatchObject({ mtimeMs: time * 1000 });
    expect(statSync(here!(NAME)).mode & 0o777).toBe(0o640);
  });

  it("whatever the edits", async () => {
    await fc.assert(
      fc.asyncProperty(edits, async (script) => {
        const fresh = edit(OLD, script);
        fc.pre(fresh.length > MiB && Buffer.compare(fresh, OLD) !== 0);
        writeFileSync(there!(NAME), fresh);
        writeFileSync(here!(NAME), OLD);
        await signLongAgo();
        const event = await copied();
        expect(event.delta).toMatch(/^(used|different)$/);
      }),
      { numRuns: 20, endOnFailure: true },
    );
  });

  it.each([
    ["unless it is asked for", { wholeFile: undefined }],
    ["with `wholeFile`", { wholeFile: true }],
  ])("the whole is copied %s", async (_, options) => {
    await signLongAgo();
    const event = await copied(mount, { ...OPTIONS, ...options });
    expect(event).toMatchObject({ delta: undefined, strategy: "server-copy" });
  });

  it("with a bandwidth, too", async () => {
    await signLongAgo();
    const options = { ...OPTIONS, bandwidth: 1024 * MiB };
    expect(await copied(mount, options)).toMatchObject({ delta: "used", bytes: 64 * KiB });
    expect(await copied(mount, { ...options, wholeFile: undefined })).toMatchObject({
      bytes: SIZE,
    });
  });

  it.each([
    ["partial", { partial: true }],
    ["temporary directory", { tempDirectory: WORK }],
    ["delayed", { delayUpdates: true }],
  ])("and a way of its own to the place: %s", async (_, options) => {
    await signLongAgo();
    const event = await copied(mount, { ...OPTIONS, ...options });
    expect(event).toMatchObject({ delta: "used", bytes: 64 * KiB });
  });

  it("the whole is copied without a signature", async () => {
    expect(await copied()).toMatchObject({ delta: "no-signature", strategy: "server-copy" });
    const explained = await explainDelta(place(mount, NAME), place(layered(), NAME), OPTIONS);
    expect(explained).toMatchObject({ strategy: "server-copy", reason: "no-signature" });
  });

  it("the whole is copied of what goes afterwards, and through links", async () => {
    await signLongAgo();
    const moved = recorder();
    const options = { ...OPTIONS, move: true, onEvent: moved.onEvent };
    expect((await sync(place(mount), place(layered()), options)).failures).toEqual([]);
    expect(moved.events.find(({ kind }) => kind === "copy")?.delta).toBeUndefined();
    expect(readFileSync(here!(NAME)).equals(NEW)).toBe(true);
    writeFileSync(there!(NAME), OLD);
    await signLongAgo();
    for (const links of [{ links: "follow" }, { copyDirLinks: true }] as const) {
      writeFileSync(here!(NAME), NEW);
      expect((await copied(mount, { ...OPTIONS, ...links })).delta).toBeUndefined();
    }
  });

  it("the whole goes to a store that is no disk as it always does", async () => {
    await signLongAgo();
    const store = await storeWith({ [NAME]: OLD });
    const seen = recorder();
    await sync(place(mount), place(store), { ...OPTIONS, onEvent: seen.onEvent });
    const { strategy, delta } = seen.events.find(({ kind }) => kind === "copy")!;
    const other = await storeWith({ [NAME]: OLD });
    const plain = recorder();
    const options = { ...OPTIONS, wholeFile: undefined, onEvent: plain.onEvent };
    await sync(place(mount), place(other), options);
    expect(plain.events.find(({ kind }) => kind === "copy")).toMatchObject({ strategy, delta });
  });

  it("what was hashed to compare counts for more than any signature", async () => {
    await signLongAgo(mount);
    await lie();
    expect(await copied(mount, { ...OPTIONS, ignoreTimes: false, checksum: true })).toMatchObject({
      delta: "bad-signature",
    });
  });

  it("a signature of what the file was before is stale, also if its size and time are the same", async () => {
    const time = 1_500_000_000;
    utimesSync(there!(NAME), time, time);
    await signLongAgo();
    writeFileSync(there!(NAME), OLD);
    utimesSync(there!(NAME), time, time);
    expect(await copied()).toMatchObject({ delta: "stale-signature", strategy: "server-copy" });
  });

  it("a signature that others may write is nobody's word", async () => {
    await signLongAgo();
    chmodSync(there!(SIGNATURE), 0o664);
    expect(await copied()).toMatchObject({ delta: "foreign-signature", strategy: "server-copy" });
  });

  it("a signature that somebody else wrote is not believed, though it were of this content", async () => {
    await signLongAgo();
    await lie();
    const foreign = changedStat(mount, (entry) =>
      entry.path === SIGNATURE ? { ...entry, uid: 4_000_000 } : entry,
    );
    expect(await copied(foreign)).toMatchObject({ delta: "foreign-signature" });
    const unknown = changedStat(mount, (entry) => ({ ...entry, uid: undefined }));
    expect(await copied(unknown)).toMatchObject({ delta: "foreign-signature" });
  });

  it("nor of a file that was put into the place of the one it is of", async () => {
    await signLongAgo();
    // Between the first look at the file and the one at its owner.
    const swap = onceBefore(mount, ["read", SIGNATURE], () => {
      writeFileSync(there!("other"), noise(SIZE, 9));
      renameSync(there!("other"), there!(NAME));
    });
    expect(await copied(swap.driver, { ...OPTIONS, files: [NAME] })).toMatchObject({
      delta: "stale-signature",
    });
    expect(swap.isDone()).toBe(true);
  });

  it("a file that nothing is fetched of, and that changes meanwhile, is looked at again", async () => {
    writeFileSync(here!(NAME), NEW);
    await signLongAgo();
    const change = onceBefore(target, ["stage.hash", NAME], () => writeFileSync(there!(NAME), OLD));
    const report = await sync(place(mount), place(change.driver), OPTIONS);
    expect(report.failures).toEqual([]);
    expect(change.isDone()).toBe(true);
    expect(readFileSync(here!(NAME)).equals(OLD)).toBe(true);
  });

  it("a signature of this user, or the superuser, is believed, nobody's is not", async () => {
    await signLongAgo();
    const of = (uid: number): Driver =>
      changedStat(mount, (entry) => (entry.path === SIGNATURE ? { ...entry, uid } : entry));
    for (const [uid, delta] of [
      [process.geteuid!(), "used"],
      [0, "used"],
      [65_534, "foreign-signature"],
    ] as const) {
      writeFileSync(here!(NAME), OLD);
      expect(await copied(of(uid))).toMatchObject({ delta });
    }
  });

  it("nor is one that was put into the place of the one that was looked at", async () => {
    await signLongAgo();
    const genuine = (await mount.stat(SIGNATURE))!;
    await lie();
    const raced = changedStat(mount, (entry) =>
      entry.path === SIGNATURE ? { ...entry, etag: genuine.etag } : entry,
    );
    expect(await copied(raced)).toMatchObject({ delta: "foreign-signature" });
  });

  it.each(["source", "destination"] as const)(
    "a fault at any call of the %s leaves the old file or the new one",
    async (side) => {
      await signLongAgo();
      const run = (faults: Faults): Promise<unknown> =>
        side === "source"
          ? sync(place(fault(mount, faults)), place(layered()), OPTIONS)
          : sync(place(mount), place(fault(target, faults)), OPTIONS);
      let calls = 0;
      await run(new Faults(() => void calls++));
      expect(readFileSync(here!(NAME)).equals(NEW)).toBe(true);
      expect(calls).toBeGreaterThan(5);
      for (let call = 0; call < calls; call++) {
        for (const kind of ["fail-before", "fail-after"] as const) {
          writeFileSync(here!(NAME), OLD);
          let count = 0;
          const error = new StorageError("internal", { message: "on order" });
          const faults = new Faults(() => (count++ === call ? { kind, error } : undefined));
          await run(faults).catch(() => {});
          const now = readFileSync(here!(NAME));
          expect(now.equals(OLD) || now.equals(NEW)).toBe(true);
        }
      }
    },
  );

  it("a source that changes while it is read is no source", async () => {
    await signLongAgo();
    const change = onceBefore(mount, ["read", NAME], () => {
      writeFileSync(there!(NAME), noise(SIZE, 7));
    });
    await copied(change.driver);
    expect(change.isDone()).toBe(true);
  });

  it("what would be read is told beforehand", async () => {
    await signLongAgo();
    const [from, to] = [place(mount, NAME), place(layered(), NAME)];
    expect(await explainDelta(from, to, OPTIONS)).toMatchObject({
      ...{ strategy: "ranges", reason: "used" },
      ...{ transferred: 64 * KiB, matched: SIZE - 64 * KiB, requests: 1 },
    });
    expect(await explainDelta(from, to, { ...OPTIONS, wholeFile: undefined })).toMatchObject({
      ...{ strategy: "server-copy", reason: "strategy" },
    });
  });

  /** Says that the file is what the old one is. */
  async function lie(): Promise<void> {
    await signLongAgo(target);
    const signature = await decodeSignature((await target.read(SIGNATURE)).body);
    await target.remove(SIGNATURE);
    rmSync(here!(OWN), { recursive: true });
    const { etag } = (await mount.stat(NAME))!;
    rmSync(there!(SIGNATURE));
    const bytes = Buffer.concat([...encodeSignature({ ...signature, identity: { etag } })]);
    writeFileSync(there!(SIGNATURE), bytes, { mode: 0o644 });
  }
});

describe("[SY-421] the signature of a file on a disk", () => {
  it.each([
    [0o644, 0o644],
    [0o600, 0o600],
    [0o666, 0o644],
    [0o755, 0o644],
    [0o440, 0o440],
  ])("of mode %o has mode %o", async (mode, expected) => {
    chmodSync(there!(NAME), mode);
    await signLongAgo();
    expect(statSync(there!(SIGNATURE)).mode & 0o777).toBe(expected);
  });

  it.each([
    ["a group that may not be given", { gid: 4_000_000 }, { owner: "group", ownGroups: [] }, 0o604],
    ["an access list", { acl: "user::rw-,user:1:r--,group::---,mask::r--,other::r--" }, {}, 0o600],
  ] as const)(
    "is not for those whom it cannot be told from others: %s",
    async (_, more, can, mode) => {
      chmodSync(there!(NAME), 0o644);
      const told = changedStat(mount, (entry) => ({ ...entry, storedAt: 0, ...more }));
      const limited = intercept(told, { capabilities: (all) => ({ ...all, ...can }) });
      await signObject(place(limited, NAME), { blockSize: 64 * KiB });
      expect(statSync(there!(SIGNATURE)).mode & 0o777).toBe(mode);
    },
  );

  it("gets nothing of what its directory gives to others", async () => {
    chmodSync(there!(NAME), 0o640);
    const defaultAcl = "user::rwx,user:1:rwx,group::---,mask::rwx,other::---";
    await mount.setAttributes("", { defaultAcl });
    await signLongAgo();
    const signature = await mount.stat(SIGNATURE, { attributes: ["acl"] });
    expect(signature).toMatchObject({ acl: "", mode: 0o640 });
  });

  it.runIf(process.geteuid!() === 0)(
    "that the superuser signs belongs to its owner (only the superuser can tell)",
    async () => {
      chownSync(there!(NAME), 1234, 5678);
      chmodSync(there!(NAME), 0o640);
      await signLongAgo();
      expect(statSync(there!(SIGNATURE))).toMatchObject({ uid: 1234, gid: 5678 });
      expect(statSync(there!(SIGNATURE)).mode & 0o777).toBe(0o640);
      expect(await copied()).toMatchObject({ delta: "used" });
    },
  );

  it("is begun once the next change of it would show", async () => {
    writeFileSync(there!(NAME), NEW);
    const { ctimeMs } = statSync(there!(NAME));
    let openedAt = 0;
    const watched = intercept(mount, {
      around: (call, run) => {
        if (call.operation === "openFile") openedAt = Date.now();
        return run();
      },
    });
    await signObject(place(watched, NAME), { blockSize: 64 * KiB });
    expect(openedAt - ctimeMs).toBeGreaterThan(1900);
  });

  it("waits no longer than it is to", async () => {
    const stop = AbortSignal.timeout(50);
    const since = performance.now();
    const signing = signObject(place(mount, NAME), { signal: stop });
    await expect(signing).rejects.toThrow();
    expect(performance.now() - since).toBeLessThan(1500);
  });
});

/** Tells of the lengths that are read of the file. */
function countingReads(driver: Driver, lengths: number[]): Driver {
  return intercept(driver, {
    methods: {
      async read(path, options) {
        if (path === NAME) lengths.push(options?.range?.length ?? SIZE);
        return driver.read(path, options);
      },
    },
  });
}
