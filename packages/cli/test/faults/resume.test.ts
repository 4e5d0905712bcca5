/** kill -9, Ctrl-C and worse in the middle of a large transfer: the next run goes on where it stopped. */
import { SOURCE_ARGV } from "@omnisync/testkit";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Driver, type Upload, openDriver } from "@omnisync/storage";
import { type StrictS3, startStrictS3 } from "@omnisync/testkit/strict-s3";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

const CLI = join(import.meta.dirname, "../../src/from-source.ts");
const MIB = 1024 * 1024;
const PART = 8 * MIB;
const STREAMS = 4;
const SIZE = 96 * MIB + 12345;

let root: string;
let file: string;
let content: Buffer;
let server: StrictS3;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "omnisync-resume-"));
  file = join(root, "big");
  content = randomBytes(SIZE);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(async () => {
  writeFileSync(file, content);
  server = await startStrictS3({ buckets: { bucket: {} } });
});
afterEach(async () => {
  await server.close();
  for (const name of ["state", "down", "down2"])
    rmSync(join(root, name), { recursive: true, force: true });
});

interface Child {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  stderr(): string;
  stdout(): string;
}

const omnisync = (...argv: readonly string[]): Child =>
  run([process.execPath, ...SOURCE_ARGV, CLI, ...argv]);

function run([program = "", ...words]: readonly string[]): Child {
  const env = {
    ...process.env,
    XDG_CACHE_HOME: join(root, "cache"),
    XDG_STATE_HOME: join(root, "state"),
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_REGION: server.region,
  };
  const child = spawn(program, words, { env, stdio: ["ignore", "pipe", "pipe"] });
  let [err, out] = ["", ""];
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  const ended = once(child, "exit").then(([code]) => code as number | null);
  return { process: child, ended, stderr: () => err, stdout: () => out };
}

async function succeeds(child: Child): Promise<Child> {
  expect(await child.ended, child.stderr()).toBe(0);
  return child;
}

const up = (...flags: string[]): Child => omnisync("copy", ...flags, file, "s3://bucket/big");
const down = (...flags: string[]): Child =>
  omnisync("copy", ...flags, "s3://bucket/big", `${join(root, "down")}/`);

async function look<T>(use: (driver: Driver) => Promise<T>): Promise<T> {
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  const settings = { bucket: "bucket", endpoint, region, accessKeyId, secretAccessKey };
  const driver = await openDriver({ driver: "s3", root: "", ...settings }, { env: {} });
  try {
    return await use(driver);
  } finally {
    await driver.close();
  }
}

const openUploads = (): Promise<readonly Upload[]> =>
  look(async (driver) => (await Array.fromAsync(driver.multipart!.listUploads(""))).flat());

async function expectUploaded(expected: Buffer = content): Promise<void> {
  await look(async (driver) => {
    const { body } = await driver.read("big");
    expect(Buffer.concat(await Array.fromAsync(body)).equals(expected)).toBe(true);
  });
}

type Operation = keyof StrictS3["requests"];

const asked = (operation: Operation): typeof server.log =>
  server.log.filter((one) => one.operation === operation && one.key === "big");

function slow(operation: Operation, ms: number, from = 1): void {
  let n = 0;
  server.faults.add({
    when: ({ operation: one, key }) => one === operation && key === "big" && ++n >= from,
    do: { kind: "delay", ms },
    times: Infinity,
  });
}

/** Starts, waits until so many requests were answered, and kills. */
async function killAfter(
  start: () => Child,
  operation: Operation,
  answers: number,
  signal: NodeJS.Signals = "SIGKILL",
): Promise<Child> {
  const before = answered(operation);
  const child = start();
  await vi.waitFor(
    () => {
      if (child.process.exitCode !== null) return;
      expect(answered(operation) - before).toBeGreaterThanOrEqual(answers);
    },
    { timeout: 30_000, interval: 1 },
  );
  child.process.kill(signal);
  await child.ended;
  return child;
}

const answered = (operation: Operation): number =>
  asked(operation).filter(({ status }) => status === 200 || status === 206).length;

const stateFiles = (): string[] => {
  try {
    return readdirSync(join(root, "state/omnisync/transfers"));
  } catch {
    return [];
  }
};
const onlyState = (): string => join(root, "state/omnisync/transfers", stateFiles()[0]!);

/** A record as a later version could have written it. */
function otherVersion(text: string): string {
  const [header = ""] = text.split("\t");
  const later = header.replace('"version":1', '"version":2');
  const sum = createHash("sha256").update(later).digest("hex").slice(0, 16);
  return `${later}\t${sum}\n`;
}

describe("an upload in parts", () => {
  it("[SY-300] killed again and again sends at most one part per stream twice each time", async () => {
    slow("UploadPart", 40);
    let kills = 0;
    for (const parts of [2, 3, 5]) {
      await killAfter(up, "UploadPart", parts);
      kills++;
      expect(await openUploads()).toHaveLength(1);
    }
    await succeeds(up());
    await expectUploaded();
    const parts = Math.ceil(SIZE / PART);
    expect(asked("UploadPart").length).toBeLessThanOrEqual(parts + kills * STREAMS);
    expect(asked("CreateMultipartUpload")).toHaveLength(1);
    expect(await openUploads()).toEqual([]);
    expect(stateFiles()).toEqual([]);
  });

  it("[SY-300] killed at random moments ends with the same content", async () => {
    slow("UploadPart", 15);
    for (let round = 0; round < 6; round++) {
      const child = up();
      await new Promise((resolve) => setTimeout(resolve, 250 + Math.random() * 400));
      child.process.kill("SIGKILL");
      await child.ended;
    }
    await succeeds(up("--checksum"));
    await expectUploaded();
    // One killed before its record was written is known to nobody; the last one is none of these.
    expect((await openUploads()).length).toBeLessThan(asked("CreateMultipartUpload").length);
  });

  it("[SY-301] the record is readable by its owner only", async () => {
    slow("UploadPart", 100);
    await killAfter(up, "UploadPart", 2);
    expect(statSync(onlyState()).mode & 0o777).toBe(0o600);
    expect(statSync(join(root, "state/omnisync/transfers")).mode & 0o777).toBe(0o700);
    expect(readFileSync(onlyState(), "utf8")).not.toContain(server.secretAccessKey);
  });

  it("[SY-302] of a source that changed meanwhile is given up and begun anew", async () => {
    slow("UploadPart", 40);
    await killAfter(up, "UploadPart", 3);
    const other = randomBytes(SIZE);
    writeFileSync(file, other);
    await succeeds(up());
    await expectUploaded(other);
    expect(asked("CreateMultipartUpload")).toHaveLength(2);
    expect(await openUploads()).toEqual([]);
    expect(stateFiles()).toEqual([]);
  });

  it("[SY-303] that somebody else aborted is begun anew", async () => {
    slow("UploadPart", 40);
    await killAfter(up, "UploadPart", 3);
    const [upload] = await openUploads();
    await look((driver) => driver.multipart!.abort(upload!));
    await succeeds(up());
    await expectUploaded();
  });

  it("[SY-303] whose part somebody else replaced sends that part again", async () => {
    slow("UploadPart", 40);
    await killAfter(up, "UploadPart", 4);
    const [upload] = await openUploads();
    await look((driver) => driver.multipart!.putPart(upload!, 1, Buffer.alloc(PART)));
    await succeeds(up());
    await expectUploaded();
    expect(asked("CreateMultipartUpload")).toHaveLength(1);
  });

  it("[SY-304] to a destination that was written meanwhile does not replace what it does not know", async () => {
    slow("UploadPart", 40);
    await killAfter(up, "UploadPart", 3);
    await look((driver) => driver.write("big", Buffer.from("theirs")));
    await succeeds(omnisync("copy", "--ignore-existing", file, "s3://bucket/big"));
    await expectUploaded(Buffer.from("theirs"));
    await succeeds(up());
    await expectUploaded();
    expect(stateFiles()).toEqual([]);
  });

  it("[SY-305] with a record that is damaged, of another version or cut short starts afresh and says so", async () => {
    const spoil: readonly (readonly [RegExp, (text: string) => string])[] = [
      [/it is damaged/, (text) => text.replace('"size":', '"sizes":')],
      [/written by another version \(2\)/, otherVersion],
      [/it was cut short/, (text) => text.slice(0, 40)],
      [/it was cut short/, () => ""],
    ];
    slow("UploadPart", 40);
    for (const [message, change] of spoil) {
      await killAfter(up, "UploadPart", 2);
      const path = onlyState();
      writeFileSync(path, change(readFileSync(path, "utf8")));
      const child = await succeeds(up("--ignore-times"));
      expect(child.stderr()).toMatch(message);
      expect(child.stderr()).toContain(`${path}.bad`);
      await expectUploaded();
      expect(stateFiles()).toEqual([`${path.split("/").at(-1)}.bad`]);
      await look((driver) => driver.remove("big"));
      rmSync(`${path}.bad`);
    }
  });

  it("[SY-300] with a record whose last line was not written to its end goes on", async () => {
    slow("UploadPart", 40);
    await killAfter(up, "UploadPart", 4);
    truncateSync(onlyState(), statSync(onlyState()).size - 5);
    const child = await succeeds(up());
    expect(child.stderr()).toContain("from earlier runs");
    await expectUploaded();
    expect(asked("CreateMultipartUpload")).toHaveLength(1);
  });

  it("[SY-306] whose record cannot be written goes on without, and leaves nothing", async () => {
    mkdirSync(join(root, "state"));
    writeFileSync(join(root, "state/omnisync"), "in the way");
    const child = await succeeds(up());
    expect(child.stderr()).toContain("warning: the record of a transfer");
    await expectUploaded();
    await look((driver) => driver.remove("big"));
    slow("UploadPart", 40);
    const stopped = await killAfter(up, "UploadPart", 3, "SIGINT");
    expect(stopped.stderr()).not.toContain("kept");
    expect(await openUploads()).toEqual([]);
  });

  it("[SY-306] whose record cannot be gone on with, as on a full disk, goes on without more of it", async () => {
    const copy = ["copy", "--no-attribute-cache", file, "s3://bucket/big"];
    // No file may grow above a few KiB: the header fits, not all of the parts.
    const limited = ["-c", 'ulimit -f 1; exec "$@"', "bash", process.execPath, ...SOURCE_ARGV, CLI];
    const child = await succeeds(run(["bash", ...limited, ...copy]));
    expect(child.stderr()).toMatch(/the record of a transfer in .* cannot go on: EFBIG/);
    await expectUploaded();
    expect(stateFiles()).toEqual([]);
  });

  it("[SY-307] stopped by Ctrl-C is kept, and says so; with --no-resume nothing is left", async () => {
    slow("UploadPart", 40);
    const kept = await killAfter(up, "UploadPart", 3, "SIGINT");
    expect(await kept.ended).toBe(130);
    expect(kept.stderr()).toMatch(/big: .* MiB of 96.* kept: run again to go on/);
    expect(await openUploads()).toHaveLength(1);
    await succeeds(up());
    await expectUploaded();
    await look((driver) => driver.remove("big"));
    await killAfter(() => up("--no-resume"), "UploadPart", 3, "SIGINT");
    expect(await openUploads()).toEqual([]);
    expect(stateFiles()).toEqual([]);
  });

  it("[SY-300] of omnisync rsync goes on with --partial; without, Ctrl-C leaves nothing", async () => {
    const rsync = (...flags: string[]): Child =>
      omnisync("rsync", ...flags, file, "s3://bucket/big");
    slow("UploadPart", 40);
    await killAfter(() => rsync("-t", "--partial"), "UploadPart", 4);
    expect(await openUploads()).toHaveLength(1);
    const { stdout, stderr } = await succeeds(rsync("-tv", "--partial"));
    expect([stdout(), stderr()]).toEqual([expect.stringMatching(/^big$/m), ""]);
    await expectUploaded();
    expect(asked("CreateMultipartUpload")).toHaveLength(1);
    expect(asked("UploadPart").length).toBeLessThanOrEqual(Math.ceil(SIZE / PART) + STREAMS);
    expect(stateFiles()).toEqual([]);
    await killAfter(() => rsync("-tI"), "UploadPart", 4, "SIGINT");
    expect([await openUploads(), stateFiles()]).toEqual([[], []]);
  });

  it("[SY-308] two runs at once each do their own", async () => {
    slow("UploadPart", 100);
    const results = await Promise.all([up(), up()].map(({ ended }) => ended));
    // Who comes second finds that the destination changed, looks again, and it is the same.
    expect(results).toEqual([0, 0]);
    await expectUploaded();
    expect(await openUploads()).toEqual([]);
    expect(stateFiles()).toEqual([]);
  });
});

describe("a download by ranges", () => {
  const target = (): string => join(root, "down/big");
  const RANGES = Math.ceil(SIZE / PART);
  beforeEach(() => succeeds(up()));

  const fetched = (): number =>
    asked("GetObject").filter(({ headers }) => headers["range"] !== undefined).length;

  it("[SY-310] killed again and again fetches at most one range per stream twice each time", async () => {
    // The kill has to come before the rest has: also on a busy machine.
    slow("GetObject", 600);
    let kills = 0;
    const before = fetched();
    for (const ranges of [3, 5]) {
      await killAfter(down, "GetObject", ranges + STREAMS);
      kills++;
    }
    const child = await succeeds(down());
    expect(child.stderr()).toContain("from earlier runs");
    expect(readFileSync(target()).equals(content)).toBe(true);
    expect(fetched() - before).toBeLessThanOrEqual(RANGES + kills * STREAMS);
    expect(readdirSync(join(root, "down"))).toEqual(["big"]);
    expect(stateFiles()).toEqual([]);
  });

  it("[SY-311] a range that the disk lost is fetched again, and no other", async () => {
    slow("GetObject", 40);
    await killAfter(down, "GetObject", 8);
    const [temp] = readdirSync(join(root, "down"));
    const handle = openSync(join(root, "down", temp!), "r+");
    writeSync(handle, Buffer.alloc(PART), 0, PART, 0);
    closeSync(handle);
    const before = fetched();
    const child = await succeeds(down());
    expect(child.stderr()).toContain("from earlier runs");
    expect(fetched() - before).toBeLessThan(RANGES);
    expect(readFileSync(target()).equals(content)).toBe(true);
  });

  it("[SY-312] the temporary file is not swept by a run over its directory", async () => {
    slow("GetObject", 40);
    await killAfter(down, "GetObject", 8);
    mkdirSync(join(root, "down2"));
    writeFileSync(join(root, "down2/small"), "small");
    await succeeds(omnisync("copy", `${join(root, "down2")}/`, `${join(root, "down")}/`));
    expect(readdirSync(join(root, "down"))).toHaveLength(2);
    const before = fetched();
    await succeeds(down());
    expect(fetched() - before).toBeLessThan(RANGES);
    expect(readFileSync(target()).equals(content)).toBe(true);
    expect(readdirSync(join(root, "down")).toSorted()).toEqual(["big", "small"]);
  });

  it("[SY-302] of an object that changed meanwhile begins anew", async () => {
    slow("GetObject", 40);
    await killAfter(down, "GetObject", 8);
    const other = randomBytes(SIZE);
    writeFileSync(file, other);
    await succeeds(up());
    await succeeds(down());
    expect(readFileSync(target()).equals(other)).toBe(true);
    expect(readdirSync(join(root, "down"))).toEqual(["big"]);
  });

  it("[SY-307] stopped by Ctrl-C is kept, and clean takes it away", async () => {
    slow("GetObject", 40);
    const child = await killAfter(down, "GetObject", 8, "SIGINT");
    expect(child.stderr()).toContain("kept: run again to go on");
    expect(readdirSync(join(root, "down"))).toHaveLength(1);
    await succeeds(omnisync("resume", "clean", "--all", "--yes"));
    expect(readdirSync(join(root, "down"))).toEqual([]);
    expect(stateFiles()).toEqual([]);
  });
});

describe("omnisync resume", () => {
  it("[SY-315] lists what is kept, and clean aborts it at the store", async () => {
    slow("UploadPart", 40);
    await killAfter(up, "UploadPart", 4);
    const listed = await succeeds(omnisync("resume", "list", "--json"));
    expect(JSON.parse(listed.stdout())).toMatchObject({ kind: "upload", size: SIZE, busy: false });
    await succeeds(omnisync("resume", "clean"));
    expect(await openUploads()).toHaveLength(1);
    expect(await omnisync("resume", "clean", "--all").ended).toBe(2);
    await succeeds(omnisync("resume", "clean", "--older-than", "0s"));
    expect(await openUploads()).toEqual([]);
    expect(stateFiles()).toEqual([]);
  });

  it("[SY-316] uploads that are not on record are shown, and stay unless --unknown and an age say so", async () => {
    const stranger = await look((driver) => driver.multipart!.create("dir/theirs"));
    const listed = await succeeds(omnisync("resume", "list", "s3://bucket", "--json"));
    expect(JSON.parse(listed.stdout())).toMatchObject({ path: "dir/theirs", id: stranger.id });
    await succeeds(omnisync("resume", "clean", "s3://bucket", "--all", "--yes"));
    await succeeds(omnisync("resume", "clean", "s3://bucket", "--unknown", "--yes"));
    expect(await openUploads()).toHaveLength(1);
    const ours = ["resume", "clean", "s3://bucket", "--unknown", "--older-than", "0s", "--yes"];
    await succeeds(omnisync(...ours));
    expect(await openUploads()).toEqual([]);
  });
});
