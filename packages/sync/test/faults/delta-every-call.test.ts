/** Whatever call fails while a large file is sent or fetched as a delta, the path holds its old or its new content, whole. */
import { decodeSignature } from "@omnisync/delta";
import { DirectoryResumeStore, type Report, type SyncOptions, sync } from "@omnisync/sync";
import { type Driver, FileDriver, StorageError, type Upload, hashBytes } from "@omnisync/storage";
import { type Fault, Faults, disable, fault } from "@omnisync/storage/layers";
import { startStrictS3 } from "@omnisync/testkit/strict-s3";
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { noise } from "../../../delta/test/unit/content.ts";
import { s3Setup } from "../../../storage/test/servers/s3-setup.ts";
import { T0, place, storeWith } from "../stores.ts";
import { FAULTS } from "./every-call-scene.ts";

const MiB = 1024 * 1024;
const OPTIONS: SyncOptions = { delta: { threshold: 6 * MiB, blockSize: 64 * 1024 } };
const OLD = noise(16 * MiB, 1);
const NEW = Uint8Array.from(OLD);
NEW.set(noise(1000, 2), 8 * MiB);
const SIGNATURE = ".omnisync/signatures/disk.img.hssig";

const strict = await startStrictS3({ keepLog: false });
afterAll(() => strict.close());
const setup = await s3Setup(strict);

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function contentOf(store: Driver): Promise<"old" | "new" | "neither"> {
  const { body } = await store.read("disk.img");
  const content = Buffer.concat(await Array.fromAsync(body));
  return content.equals(OLD) ? "old" : content.equals(NEW) ? "new" : "neither";
}

const uploadsOf = async (store: Driver): Promise<Upload[]> =>
  (await Array.fromAsync(store.multipart!.listUploads(""))).flat();
const openUploads = async (store: Driver): Promise<number> => (await uploadsOf(store)).length;

const sourceOf = (content: Uint8Array, age: number): Promise<Driver> =>
  storeWith({ "disk.img": content }, { mtime: T0 + age });

describe("a delta upload", { timeout: 300_000 }, () => {
  it.each(Object.keys(FAULTS))("[SY-403][SY-405] a fault at every call: %s", async (name) => {
    const store = await setup.open();
    const source = await sourceOf(NEW, 1000);
    for (let n = 1; ; n++) {
      // The same time as before would be taken for the same content.
      await sync(place(await sourceOf(OLD, -n)), place(store), { ...OPTIONS, ignoreTimes: true });
      let calls = 0;
      const faults = new Faults(() => (++calls === n ? FAULTS[name] : undefined));
      await settled(sync(place(source), place(fault(store, faults)), OPTIONS));
      expect(["old", "new"], `call ${n}`).toContain(await contentOf(store));
      if (calls < n) break;
      const again = await sync(place(source), place(store), OPTIONS);
      expect(again.failed, `call ${n}`).toBe(0);
      expect(await contentOf(store), `call ${n}`).toBe("new");
      // Of one whose answer was lost behind the driver nobody knows the id.
      const isUnknown = faults.calls[n - 1]!.operation === "multipart.create";
      const left = isUnknown && name === "the answer is lost" ? 1 : 0;
      expect(await openUploads(store), `call ${n}`).toBe(left);
      for (const upload of await uploadsOf(store)) await store.multipart!.abort(upload);
    }
  });

  it("[SY-408] goes on after any of its calls was the last, and copies no part twice", async () => {
    const source = await sourceOf(NEW, 1000);
    const down: Fault = {
      kind: "fail-before",
      error: new StorageError("unavailable", { message: "down" }),
    };
    const copied: number[] = [];
    for (let n = 1; ; n++) {
      const store = await setup.open();
      const resume = new DirectoryResumeStore({ directory: join(root, `transfers-${n}`) });
      await sync(place(await sourceOf(OLD, 0)), place(store), OPTIONS);
      let calls = 0;
      const faults = new Faults(({ operation }) =>
        operation.startsWith("multipart.") && operation !== "multipart.abort" && ++calls >= n
          ? down
          : undefined,
      );
      await sync(place(source), place(fault(store, faults)), { ...OPTIONS, resume, jobs: 1 });
      if (calls < n) break;
      const counting = new Faults();
      const again = await sync(place(source), place(fault(store, counting)), {
        ...OPTIONS,
        resume,
      });
      expect(again.failed, `call ${n}`).toBe(0);
      expect(await contentOf(store), `call ${n}`).toBe("new");
      expect(await openUploads(store), `call ${n}`).toBe(0);
      copied.push(
        counting.calls.filter(({ operation }) => operation === "multipart.copyPart").length,
      );
    }
    // All at first; none once they were confirmed.
    expect(copied[0]).toBeGreaterThan(0);
    expect(copied.at(-1)).toBe(0);
  });
});

describe("an upload of what comes over the net", { timeout: 300_000 }, () => {
  it.each(Object.keys(FAULTS))(
    "[SY-414] a fault at every call of either side: %s",
    async (name) => {
      const store = await setup.open();
      for (const side of ["source", "destination"] as const) {
        for (let n = 1; ; n++) {
          await sync(place(await sourceOf(OLD, -n)), place(store), {
            ...OPTIONS,
            ignoreTimes: true,
          });
          let calls = 0;
          const faults = new Faults(() => (++calls === n ? FAULTS[name] : undefined));
          const remote = disable(await sourceOf(NEW, 1000), "readBlock");
          const from = side === "source" ? fault(remote, faults) : remote;
          const to = side === "destination" ? fault(store, faults) : store;
          await settled(sync(place(from), place(to), OPTIONS));
          expect(["old", "new"], `${side}, call ${n}`).toContain(await contentOf(store));
          if (calls < n) break;
          // What is there now is signed as what it is, or not at all.
          const object = (await store.stat("disk.img"))!;
          const { body } = await store.read(SIGNATURE);
          const { identity, contentHash } = await decodeSignature(body);
          if (identity.etag === object.etag) {
            const right = hashBytes("blake3", (await contentOf(store)) === "old" ? OLD : NEW);
            expect(Buffer.from(contentHash).toString("hex"), `${side}, call ${n}`).toBe(right);
          }
          for (const upload of await uploadsOf(store)) await store.multipart!.abort(upload);
        }
      }
    },
  );

  it("[SY-414] one that goes on with parts of an earlier run leaves none", async () => {
    const store = await setup.open();
    const remote = disable(await sourceOf(NEW, 1000), "readBlock");
    const resume = new DirectoryResumeStore({ directory: join(root, "transfers") });
    const down = new StorageError("unavailable", { message: "down" });
    const faults = new Faults(({ operation }) =>
      operation === "multipart.complete" ? { kind: "fail-before", error: down } : undefined,
    );
    const options = { ...OPTIONS, resume, jobs: 1 };
    await sync(place(remote), place(fault(store, faults)), options);
    const report = await sync(place(remote), place(store), options);
    expect(report).toMatchObject({ failed: 0, bytesTransferred: 0 });
    expect(await contentOf(store)).toBe("new");
    const all = await Array.fromAsync(store.list("", { recursive: true, includeReserved: true }));
    expect(all.flat().map(({ path }) => path)).toEqual(["disk.img"]);
  });
});

describe("a delta download", { timeout: 300_000 }, () => {
  it.each(Object.keys(FAULTS))(
    "[SY-409] a fault at every call of either side: %s",
    async (name) => {
      const store = await setup.open();
      await sync(place(await sourceOf(NEW, 1000)), place(store), OPTIONS);
      const target = new FileDriver({ root });
      const file = join(root, "disk.img");
      for (const side of ["source", "destination"] as const) {
        for (let n = 1; ; n++) {
          writeFileSync(file, OLD);
          let calls = 0;
          const faults = new Faults(() => (++calls === n ? FAULTS[name] : undefined));
          const from = side === "source" ? fault(store, faults) : store;
          const to = side === "destination" ? fault(target, faults) : target;
          await settled(sync(place(from), place(to), OPTIONS));
          const found = readFileSync(file);
          expect(found.equals(OLD) || found.equals(NEW), `${side}, call ${n}`).toBe(true);
          if (calls < n) break;
          const again = await sync(place(store), place(target), OPTIONS);
          expect(again.failed, `${side}, call ${n}`).toBe(0);
          expect(readFileSync(file).equals(NEW), `${side}, call ${n}`).toBe(true);
          const isUnknown = faults.calls[n - 1]!.operation === "stage";
          const left = readdirSync(root).filter((each) => each !== "disk.img");
          expect(left.length, `${side}, call ${n}`).toBe(
            isUnknown && name === "the answer is lost" ? 1 : 0,
          );
          for (const each of left) rmSync(join(root, each));
        }
      }
      await target.close();
    },
  );

  it("[SY-410] a damaged signature, at any byte, costs a whole download at most", async () => {
    const store = await setup.open();
    await sync(place(await sourceOf(NEW, 1000)), place(store), OPTIONS);
    const signature = Buffer.concat(await Array.fromAsync((await store.read(SIGNATURE)).body));
    const target = new FileDriver({ root });
    const old = join(root, "..", `${root.split("/").at(-1)}.old`);
    writeFileSync(old, OLD);
    for (let at = 0; at < signature.length; at += 397) {
      const damaged = Uint8Array.from(signature);
      damaged[at]! ^= 1 << (at % 8);
      await store.write(SIGNATURE, damaged);
      copyFileSync(old, join(root, "disk.img"));
      const report = await sync(place(store), place(target), { ...OPTIONS, ignoreTimes: true });
      expect(report.failed).toBe(0);
      expect(readFileSync(join(root, "disk.img")).equals(NEW), `byte ${at}`).toBe(true);
    }
    rmSync(old);
    await target.close();
  });
});

/** What the run as a whole could not do is no matter here. */
async function settled(run: Promise<Report>): Promise<void> {
  await run.catch((error: unknown) => {
    if (!(error instanceof StorageError)) throw error;
  });
}
