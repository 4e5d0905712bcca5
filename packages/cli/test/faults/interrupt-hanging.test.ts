/**
 * Ctrl-C while the store does not answer: the command ends soon all the same, whichever request hangs, and no upload
 * in parts stays open without being told of.
 */
import { SOURCE_ARGV } from "@omnisync/testkit";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDriver } from "@omnisync/storage";
import { type StrictS3, startStrictS3 } from "@omnisync/testkit/strict-s3";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const CLI = join(import.meta.dirname, "../../src/from-source.ts");
const MIB = 1024 ** 2;
/** From the signal to the end of the process. */
const SOON = 2500;

let root: string;
let server: StrictS3;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "omnisync-hanging-"));
  mkdirSync(join(root, "s"));
  writeFileSync(join(root, "s/big"), Buffer.alloc(40 * MIB, "content"));
  for (const name of ["a", "b", "c"]) writeFileSync(join(root, "s", name), name);
  server = await startStrictS3({ buckets: { bucket: {} } });
});
afterEach(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

type Operation = keyof StrictS3["requests"];

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
  /** Since the signal, milliseconds. */
  readonly after: number;
}

interface Hanging {
  readonly operation: Operation;
  /** Only for keys of the probe, or for all others. */
  readonly of?: "probe" | "files";
  /** The store does it and does not say so. */
  readonly afterWork?: boolean;
}

/** Interrupts the command when the first request hangs. From then on the store answers again if `recovers`. */
async function interrupted(
  args: readonly string[],
  hanging: Hanging,
  recovers = true,
): Promise<Ended> {
  const fault = hang(hanging);
  return interruptedAt(args, () => {
    const isHit = fault.hits > 0;
    if (isHit && recovers) fault.remove();
    return isHit;
  });
}

/** Interrupts the command as soon as `when` is so. */
async function interruptedAt(args: readonly string[], when: () => boolean): Promise<Ended> {
  const argv = [...SOURCE_ARGV, CLI, ...args];
  const child = spawn(process.execPath, argv, { env: environment(), stdio: "pipe" });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdout.resume();
  const ended = once(child, "exit");
  const early = ended.then(([code]) => expect.fail(`ended with ${code}: ${stderr}`));
  const hit = vi.waitFor(() => expect(when()).toBe(true), { timeout: 20_000 });
  await Promise.race([hit, early]);
  early.catch(() => {});
  const signalled = performance.now();
  child.kill("SIGINT");
  const [code] = (await ended) as [number | null];
  return { code, stderr, after: performance.now() - signalled };
}

function hang({ operation, of, afterWork }: Hanging): ReturnType<StrictS3["faults"]["add"]> {
  return server.faults.add({
    when: (request) => {
      const isProbe = request.key.includes("/probe-");
      return request.operation === operation && (of === undefined || isProbe === (of === "probe"));
    },
    do: { kind: "hang", afterWork },
    times: Infinity,
  });
}

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    XDG_CACHE_HOME: join(root, "cache"),
    XDG_STATE_HOME: join(root, "state"),
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_REGION: server.region,
  };
}

async function openUploads(): Promise<readonly string[]> {
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  const settings = { bucket: "bucket", endpoint, region, accessKeyId, secretAccessKey };
  const driver = await openDriver({ driver: "s3", root: "", ...settings }, { env: {} });
  try {
    const pages = await Array.fromAsync(driver.multipart!.listUploads(""));
    return pages.flat().map(({ path }) => path);
  } finally {
    await driver.close();
  }
}

const SYNC = (): readonly string[] => ["sync", join(root, "s/"), "s3://bucket/"];
const HANGING: readonly Hanging[] = [
  { operation: "ListObjectsV2" },
  { operation: "PutObject" },
  { operation: "PutObject", of: "files" },
  { operation: "CopyObject" },
  { operation: "CreateMultipartUpload", of: "probe" },
  { operation: "CreateMultipartUpload", of: "files" },
  { operation: "CreateMultipartUpload", of: "probe", afterWork: true },
  { operation: "CreateMultipartUpload", of: "files", afterWork: true },
  { operation: "UploadPart", of: "probe" },
  { operation: "UploadPart", of: "files" },
  { operation: "CompleteMultipartUpload", of: "probe" },
  { operation: "CompleteMultipartUpload", of: "probe", afterWork: true },
];

describe("[SY-39] Ctrl-C while a request hangs ends the command soon", () => {
  it.each(HANGING)("and leaves no open upload: %o", async (hanging) => {
    const ended = await interrupted(SYNC(), hanging);
    expect(ended.code, ended.stderr).toBe(130);
    expect(ended.after, ended.stderr).toBeLessThan(SOON);
    expect(await openUploads()).toEqual([]);
  });

  it("keeps an upload that was to be completed for the next run, and says so", async () => {
    const ended = await interrupted(SYNC(), { operation: "CompleteMultipartUpload", of: "files" });
    expect(ended.code, ended.stderr).toBe(130);
    expect(ended.after, ended.stderr).toBeLessThan(SOON);
    expect(ended.stderr).toContain("40.0 MiB kept: run again to go on");
  });

  it.each([
    ["cat", "HeadObject"],
    ["ls", "ListObjectsV2"],
    ["rm", "HeadObject"],
    ["stat", "HeadObject"],
    ["verify", "HeadObject"],
  ] as const)("%s, also where the store stays away", async (command, operation) => {
    const ended = await interrupted([command, "s3://bucket/big"], { operation }, false);
    expect(ended.code, ended.stderr).toBe(130);
    expect(ended.after, ended.stderr).toBeLessThan(SOON);
  });
});

describe("[SY-152] an upload of a store that stays away is named", () => {
  it.each(["probe", "files"] as const)("of %s", async (of) => {
    hang({ operation: "AbortMultipartUpload", of });
    const ended = await interrupted(SYNC(), { operation: "UploadPart", of }, false);
    expect(ended.code, ended.stderr).toBe(130);
    expect(ended.after, ended.stderr).toBeLessThan(SOON);
    expect(ended.stderr).toMatch(
      of === "probe" ? /\.omnisync\/probe-[0-9a-f]+-c: / : /^omnisync: big: /m,
    );
    expect(ended.stderr).toContain("may charge for");
  });

  it("also if only its beginning hung", async () => {
    hang({ operation: "ListMultipartUploads" });
    const hanging = { operation: "CreateMultipartUpload", of: "files", afterWork: true } as const;
    const ended = await interrupted(SYNC(), hanging, false);
    expect(ended.code, ended.stderr).toBe(130);
    expect(ended.after, ended.stderr).toBeLessThan(SOON);
    expect(ended.stderr).toContain("big: an upload in parts may stay open there");
  });
});

it.each(["cp", "mv"])("[SY-39] %s with a slow store ends soon after Ctrl-C", async (command) => {
  const slow = server.faults.add({ do: { kind: "delay", ms: 1500 }, times: Infinity });
  const ended = await interruptedAt(
    [command, join(root, "s/a"), "s3://bucket/x"],
    () => slow.hits >= 4,
  );
  expect(ended.code, ended.stderr).toBe(130);
  expect(ended.after, ended.stderr).toBeLessThan(SOON);
});
