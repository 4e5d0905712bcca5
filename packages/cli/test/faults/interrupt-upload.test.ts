/**
 * Ctrl-C in the middle of an upload in parts: the store is left without rubbish that it charges for.
 * (What a later run could go on with is kept: `resume.test.ts`.)
 */
import { SOURCE_ARGV } from "@omnisync/testkit";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Driver, type Entry, type Upload, openDriver } from "@omnisync/storage";
import { type StrictS3, startStrictS3 } from "@omnisync/testkit/strict-s3";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

const CLI = join(import.meta.dirname, "../../src/from-source.ts");
const PART_DELAY = 1500;

let root: string;
let server: StrictS3;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "omnisync-interrupt-"));
  writeFileSync(join(root, "big"), Buffer.alloc(40 * 1024 * 1024, "content"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(async () => {
  server = await startStrictS3({ buckets: { bucket: {} } });
});
afterEach(() => server.close());

type Operation = keyof StrictS3["requests"];

interface Child {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  stderr(): string;
}

function upload(...flags: readonly string[]): Child {
  const env = {
    ...process.env,
    XDG_CACHE_HOME: join(root, "cache"),
    XDG_STATE_HOME: join(root, "state"),
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_REGION: server.region,
  };
  const argv = [...SOURCE_ARGV, CLI, "copy", ...flags, join(root, "big"), "s3://bucket/big"];
  const child = spawn(process.execPath, argv, { env, stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const ended = once(child, "exit").then(([code]) => code as number | null);
  return { process: child, ended, stderr: () => text };
}

async function openUploads(): Promise<readonly Upload[]> {
  return look(async (driver) => (await Array.fromAsync(driver.multipart!.listUploads(""))).flat());
}

async function everything(): Promise<readonly Entry[]> {
  const all = { recursive: true, includeReserved: true };
  return look(async (driver) => (await Array.fromAsync(driver.list("", all))).flat());
}

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

/** Requests for the file itself: before it, omnisync tries out what the store can do. */
function asked(operation: Operation): number {
  return server.log.filter((one) => one.operation === operation && one.key === "big").length;
}

function slow(operation: Operation, ms: number): void {
  server.faults.add({
    when: ({ operation: one, key }) => one === operation && key === "big",
    do: { kind: "delay", ms },
    times: Infinity,
  });
}

/** Until so many requests came; a process that ends before they do will send no more. */
async function untilAsked(child: Child, operation: Operation, times = 1): Promise<void> {
  const early = child.ended.then((code) => expect.fail(`ended with ${code}: ${child.stderr()}`));
  const enough = vi.waitFor(() => expect(asked(operation)).toBeGreaterThanOrEqual(times), {
    timeout: 20_000,
    interval: 10,
  });
  await Promise.race([enough, early]);
  early.catch(() => {});
}

describe("[SY-38] Ctrl-C during an upload in parts", () => {
  it("with parts on their way leaves no open upload, and exits with 130", async () => {
    slow("UploadPart", PART_DELAY);
    const child = upload();
    await untilAsked(child, "UploadPart", 2);
    const interrupted = performance.now();
    child.process.kill("SIGINT");
    expect(await child.ended).toBe(130);
    expect(performance.now() - interrupted).toBeLessThan(PART_DELAY);
    expect(child.stderr()).toContain("run the same command again");
    expect(asked("AbortMultipartUpload")).toBe(1);
    // Parts that the server was still taking in then may not have brought the upload back.
    await new Promise((resolve) => setTimeout(resolve, PART_DELAY));
    expect(await openUploads()).toEqual([]);
  });

  it("held back by --bwlimit does the same", async () => {
    const child = upload("--bwlimit", "1M");
    await untilAsked(child, "CreateMultipartUpload");
    child.process.kill("SIGINT");
    expect(await child.ended).toBe(130);
    expect(await openUploads()).toEqual([]);
  });

  it("[SY-151] while it begins waits for its id and gives it up", async () => {
    slow("CreateMultipartUpload", 1000);
    const child = upload();
    await untilAsked(child, "CreateMultipartUpload");
    child.process.kill("SIGINT");
    expect(await child.ended).toBe(130);
    expect([asked("UploadPart"), asked("AbortMultipartUpload")]).toEqual([0, 1]);
    expect(await openUploads()).toEqual([]);
  });

  it("[ST-211] while it still tries out what the store can do, clears that away", async () => {
    server.faults.add({
      when: ({ operation }) => operation === "UploadPart",
      do: { kind: "delay", ms: 500 },
      times: Infinity,
    });
    const child = upload();
    await vi.waitFor(() => expect(server.requests.UploadPart).toBe(1), { timeout: 20_000 });
    child.process.kill("SIGINT");
    expect(await child.ended).toBe(130);
    expect(asked("CreateMultipartUpload")).toBe(0);
    expect(await openUploads()).toEqual([]);
    expect(await everything()).toEqual([]);
  });

  it("[SY-152] that the store does not give up is named: path, id, what to do", async () => {
    slow("UploadPart", PART_DELAY);
    server.faults.add({
      when: ({ operation, key }) => operation === "AbortMultipartUpload" && key === "big",
      do: { kind: "error", code: "AccessDenied" },
      times: Infinity,
    });
    const child = upload();
    await untilAsked(child, "UploadPart");
    child.process.kill("SIGINT");
    expect(await child.ended).toBe(130);
    const [left] = await openUploads();
    expect(child.stderr()).toContain(`big: the upload ${left?.id} could not be given up`);
  });

  it("a second time ends it at once", async () => {
    slow("UploadPart", 20_000);
    server.faults.add({
      when: ({ operation, key }) => operation === "AbortMultipartUpload" && key === "big",
      do: { kind: "hang" },
      times: Infinity,
    });
    const child = upload();
    await untilAsked(child, "UploadPart");
    child.process.kill("SIGINT");
    await untilAsked(child, "AbortMultipartUpload");
    expect(child.stderr()).toContain("once more stops at once");
    const interrupted = performance.now();
    child.process.kill("SIGINT");
    expect(await child.ended).toBe(130);
    expect(performance.now() - interrupted).toBeLessThan(500);
  });
});
