/** Connections that are reset at any byte, of a request or an answer, on the way to and from S3. */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Driver, FileDriver, MemoryDriver, openDriver } from "@omnisync/storage";
import { disable, intercept } from "@omnisync/storage/layers";
import { DirectoryResumeStore, type Report, sync } from "@omnisync/sync";
import { type StrictS3, startStrictS3 } from "@omnisync/testkit/strict-s3";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Cut, type CuttingProxy, type Direction, startCuttingProxy } from "./cutting-proxy.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
/** Runs at the same time, each by a way of its own: most of a run is waiting before it tries again. */
const LANES = 16;

interface Lane {
  readonly proxy: CuttingProxy;
  readonly s3: Driver;
}

let server: StrictS3;
let root: string;
let direct: Driver;
let lanes: readonly Lane[];
let serial = 0;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "omnisync-resets-"));
  process.env["XDG_CACHE_HOME"] = join(root, "cache");
  server = await startStrictS3({ buckets: { bucket: {} }, keepLog: false });
  direct = await openS3(server.port);
  lanes = await Promise.all(
    Array.from({ length: LANES }, async () => {
      const proxy = await startCuttingProxy(server.port);
      const s3 = await openS3(proxy.port);
      // What it finds out about the store is not what is looked at here.
      await s3.probe!({ write: true });
      return { proxy, s3 };
    }),
  );
});

afterAll(async () => {
  for (const { proxy, s3 } of lanes) {
    await s3.close();
    await proxy.close();
  }
  await direct.close();
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

function openS3(port: number): Promise<Driver> {
  const { region, accessKeyId, secretAccessKey } = server;
  const endpoint = `http://127.0.0.1:${port}`;
  const settings = { bucket: "bucket", endpoint, region, accessKeyId, secretAccessKey };
  return openDriver({ driver: "s3", root: "", ...settings }, { env: {} });
}

/** Bytes of which no two pieces are alike. */
function content(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at + 4 <= size; at += 4)
    bytes.writeUInt32LE(Math.imul(at + 1, 0x9e3779b1) >>> 0, at);
  return bytes;
}

/** Another place for each run, of a name as long as any. */
const newName = (): string => `run${String(serial++).padStart(6, "0")}`;

async function run(lane: Lane, cut: Cut | undefined, job: () => Promise<Report>): Promise<Report> {
  lane.proxy.plan(cut);
  try {
    return await job();
  } finally {
    lane.proxy.plan();
  }
}

/** One run per cut, so many at a time. `check` gets the report, or the error that ended the run. */
async function forEachCut(
  cuts: Iterable<Cut>,
  attempt: (lane: Lane, cut: Cut) => Promise<void>,
): Promise<void> {
  const rest = cuts[Symbol.iterator]();
  await Promise.all(
    lanes.map(async (lane) => {
      for (let next = rest.next(); !next.done; next = rest.next()) {
        await attempt(lane, next.value).catch((error: unknown) => {
          throw new Error(`cut at ${JSON.stringify(next.value)}`, { cause: error });
        });
      }
    }),
  );
}

function* cutsUpTo(
  totals: Readonly<Record<Direction, number>>,
  steps: Readonly<Record<Direction, number>>,
  of: Cut["of"] = "once",
): Iterable<Cut> {
  for (const direction of ["up", "down"] as const) {
    for (let after = 0; after <= totals[direction]; after += steps[direction]) {
      yield { direction, after, of };
    }
  }
}

/** A local directory with one file, and the same below `seed/` in the bucket. */
async function prepare(name: string, bytes: Buffer): Promise<FileDriver> {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "file"), bytes);
  const local = new FileDriver({ root: folder });
  const report = await sync({ driver: local, path: "" }, { driver: direct, path: name });
  expect(report).toMatchObject({ failed: 0, created: 1 });
  return local;
}

interface Way {
  /** Runs once by a lane. */
  readonly attempt: (lane: Lane, name: string) => Promise<Report>;
  /** What the run has left under its name; fails for anything that must not be. */
  readonly found: (name: string) => Promise<Buffer | undefined>;
}

function uploadOf(local: Driver): Way {
  return {
    attempt: (lane, name) =>
      sync({ driver: local, path: "" }, { driver: lane.s3, path: `up/${name}` }),
    found: async (name) => {
      const paths = (await Array.fromAsync(direct.list(`up/${name}`, { includeReserved: true })))
        .flat()
        .map(({ path }) => path);
      if (paths.length === 0) return undefined;
      expect(paths).toEqual([`up/${name}/file`]);
      const { body } = await direct.read(`up/${name}/file`);
      const bytes = Buffer.concat(await Array.fromAsync(body));
      await direct.remove(`up/${name}/file`);
      return bytes;
    },
  };
}

function downloadOf(source: string): Way {
  return {
    attempt: async (lane, name) => {
      const local = new FileDriver({ root: join(root, "down", name) });
      try {
        return await sync({ driver: lane.s3, path: source }, { driver: local, path: "" });
      } finally {
        await local.close();
      }
    },
    found: async (name) => {
      const folder = join(root, "down", name);
      mkdirSync(folder, { recursive: true });
      const names = readdirSync(folder);
      if (names.length === 0) return undefined;
      expect(names).toEqual(["file"]);
      const bytes = readFileSync(join(folder, "file"));
      rmSync(folder, { recursive: true });
      return bytes;
    },
  };
}

/** Cuts at each step of a run's bytes: it must end with the file there, whole. */
async function survivesEach(
  way: Way,
  bytes: Buffer,
  steps: Readonly<Record<Direction, number>>,
): Promise<number> {
  const totals = await measure(way, bytes);
  let hit = 0;
  await forEachCut(cutsUpTo(totals, steps), async (lane, cut) => {
    const name = newName();
    const report = await run(lane, cut, async () => {
      const ended = await way.attempt(lane, name);
      hit += lane.proxy.cuts;
      return ended;
    });
    expect(report).toMatchObject({ failed: 0, uploadsLeft: [] });
    expect(await sameAs(way, name, bytes)).toBe(true);
  });
  await expectNothingOpen();
  return hit / (totals.up / steps.up + totals.down / steps.down);
}

/** Cuts every connection at each step: whatever the run says is so. */
async function isHonestAtEach(
  way: Way,
  bytes: Buffer,
  steps: Readonly<Record<Direction, number>>,
): Promise<ReadonlySet<string>> {
  const totals = await measure(way, bytes);
  const endings = new Set<string>();
  await forEachCut(cutsUpTo(totals, steps, "each"), async (lane, cut) => {
    const name = newName();
    const ending = await run(lane, cut, () => way.attempt(lane, name)).catch(
      (error: unknown) => error,
    );
    const found = await way.found(name);
    if (found !== undefined) expect(found.equals(bytes)).toBe(true);
    if (ending instanceof Error) {
      // The place itself could not be looked at or listed.
      expect(ending).toMatchObject({ name: "StorageError" });
      endings.add("refused");
      return;
    }
    const report = ending as Report;
    if (report.failed === 0) expect(found).toBeDefined();
    else expect(report.failures).toMatchObject([{ path: "file", error: { name: "StorageError" } }]);
    endings.add(report.failed === 0 ? "done" : "failed");
  });
  return endings;
}

async function measure(way: Way, bytes: Buffer): Promise<Record<Direction, number>> {
  const [lane] = lanes as [Lane];
  const name = newName();
  let totals = { up: 0, down: 0 };
  await run(lane, undefined, async () => {
    const report = await way.attempt(lane, name);
    totals = { ...lane.proxy.passed };
    return report;
  });
  expect(await sameAs(way, name, bytes)).toBe(true);
  return totals;
}

async function sameAs(way: Way, name: string, bytes: Buffer): Promise<boolean> {
  return (await way.found(name))?.equals(bytes) ?? false;
}

async function expectNothingOpen(): Promise<void> {
  const uploads = (await Array.fromAsync(direct.multipart!.listUploads(""))).flat();
  expect(uploads).toEqual([]);
}

describe("a connection that is reset", () => {
  it("[SY-150] at any byte of a small upload", { timeout: 300_000 }, async () => {
    const bytes = content(KiB + 1);
    const local = await prepare("small-up", bytes);
    expect(await survivesEach(uploadOf(local), bytes, { up: 1, down: 1 })).toBeGreaterThan(0.9);
    await local.close();
  });

  it("[SY-150] at any byte of a small download", { timeout: 300_000 }, async () => {
    const bytes = content(KiB + 1);
    await (await prepare("small-down", bytes)).close();
    expect(await survivesEach(downloadOf("small-down"), bytes, { up: 1, down: 1 })).toBeGreaterThan(
      0.9,
    );
  });

  it("[SY-150] during an upload in parts", { timeout: 300_000 }, async () => {
    const bytes = content(17 * MiB + 1);
    const local = await prepare("parts", bytes);
    const steps = { up: 611_111, down: 29 };
    expect(await survivesEach(uploadOf(local), bytes, steps)).toBeGreaterThan(0.9);
    await local.close();
  });

  it("[SY-150] during a download by ranges", { timeout: 300_000 }, async () => {
    const bytes = content(33 * MiB + 1);
    await (await prepare("ranges", bytes)).close();
    const steps = { up: 97, down: 2_222_222 };
    expect(await survivesEach(downloadOf("ranges"), bytes, steps)).toBeGreaterThan(0.9);
  });
});

describe("a way on which every connection is reset", () => {
  it("[SY-150] the run succeeds, or says what did not: up", { timeout: 300_000 }, async () => {
    const bytes = content(KiB + 1);
    const local = await prepare("each-up", bytes);
    const endings = await isHonestAtEach(uploadOf(local), bytes, { up: 97, down: 97 });
    expect([...endings].sort()).toEqual(["done", "failed", "refused"]);
    await expectNothingOpen();
    await local.close();
  });

  it("[SY-150] the run succeeds, or says what did not: down", { timeout: 300_000 }, async () => {
    const bytes = content(KiB + 1);
    await (await prepare("each-down", bytes)).close();
    const endings = await isHonestAtEach(downloadOf("each-down"), bytes, { up: 97, down: 97 });
    expect([...endings].sort()).toEqual(["done", "failed", "refused"]);
  });
});

describe("a way on which every connection breaks off", () => {
  const bytes = content(41 * MiB + 1);
  const name = "broken-ranges";
  const source = { path: name };
  let local: FileDriver;
  let resume: DirectoryResumeStore;

  beforeAll(async () => {
    await (await prepare(name, bytes)).close();
  });

  beforeEach(() => {
    const folder = join(root, newName());
    local = new FileDriver({ root: join(folder, "to") });
    resume = new DirectoryResumeStore({ directory: join(folder, "transfers") });
  });

  afterEach(() => local.close());

  const isThere = async (driver: Driver, path: string): Promise<boolean> => {
    const { body } = await driver.read(path);
    return Buffer.concat(await Array.fromAsync(body)).equals(bytes);
  };

  it("[SY-153] after some of a range, is gone on with in the same run", async () => {
    const [lane] = lanes as [Lane];
    const cut = { direction: "down", after: 700 * KiB, of: "each" } as const;
    const report = await run(lane, cut, () =>
      sync({ driver: lane.s3, ...source }, { driver: local, path: "" }),
    );
    expect(report).toMatchObject({ failed: 0, created: 1, bytesTransferred: bytes.length });
    expect(await isThere(local, "file")).toBe(true);
  });

  it("[SY-153] and so is what is read to be sent on in parts", async () => {
    const [lane] = lanes as [Lane];
    const to = new MemoryDriver();
    const cut = { direction: "down", after: 700 * KiB, of: "each" } as const;
    const report = await run(lane, cut, () =>
      sync({ driver: lane.s3, ...source }, { driver: disable(to, "stage"), path: "" }),
    );
    expect(report).toMatchObject({ failed: 0, created: 1 });
    expect(await isThere(to, "file")).toBe(true);
  });

  it("[SY-153] at once, is kept for the next run", async () => {
    const [lane] = lanes as [Lane];
    let reads = 0;
    const breaking = intercept(lane.s3, {
      methods: {
        async read(path, options) {
          // The first four begin at once; the fifth when one of them is done.
          if (++reads === 5) lane.proxy.plan({ direction: "down", after: 2000, of: "each" });
          return lane.s3.read(path, options);
        },
      },
    });
    const first = await run(lane, undefined, () =>
      sync({ driver: breaking, ...source }, { driver: local, path: "" }, { resume }),
    );
    expect(first).toMatchObject({ failed: 1, kept: 1 });
    expect(first.failures).toMatchObject([{ error: { code: "unavailable" } }]);
    const second = await sync(
      { driver: lane.s3, ...source },
      { driver: local, path: "" },
      { resume },
    );
    expect(second).toMatchObject({ failed: 0, kept: 0 });
    expect(second.bytesResumed).toBeGreaterThan(0);
    expect(await isThere(local, "file")).toBe(true);
  });
});
