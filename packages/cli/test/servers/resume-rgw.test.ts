/** kill -9 at random moments of large transfers, against a server that others have written. */
import { SOURCE_ARGV } from "@omnisync/testkit";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { serverOrSkip } from "@omnisync/testkit/servers/inject";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CountingProxy, countingProxy } from "../../../../bench/counting-proxy.ts";

const CLI = join(import.meta.dirname, "../../src/from-source.ts");
const MIB = 1024 * 1024;
const PART = 8 * MIB;
const STREAMS = 4;
const SIZE = 160 * MIB + 4321;
const KILLS = 3;
/** Requests and answers without content. */
const AROUND = MIB;

const server = serverOrSkip("radosgw");

let root: string;
let proxy: CountingProxy;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
  if (server !== undefined) proxy = await countingProxy(server.endpoint);
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
  proxy?.close();
});

function start(...argv: readonly string[]) {
  const { accessKeyId = "", secretAccessKey = "", region = "" } = server ?? {};
  const env = {
    ...process.env,
    XDG_CACHE_HOME: join(root, "cache"),
    XDG_STATE_HOME: join(root, "state"),
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: region,
    AWS_ENDPOINT_URL: proxy.endpoint,
  };
  const words = [...SOURCE_ARGV, CLI, ...argv];
  const child = spawn(process.execPath, words, { env, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return { child, ended: once(child, "exit"), stderr: () => stderr };
}

/** Kills a command some time after it began to move content: so late that some part of four must be through. */
async function kill(moved: () => number, ...argv: readonly string[]): Promise<void> {
  const before = moved();
  const { child, ended } = start(...argv);
  const enough = AROUND + STREAMS * PART + Math.random() * 16 * MIB;
  while (moved() - before < enough && child.exitCode === null) await sleep(1);
  child.kill("SIGKILL");
  await ended;
  // What was on its way still arrives.
  await sleep(200);
}

async function succeeds(...argv: readonly string[]): Promise<string> {
  const { ended, stderr } = start(...argv);
  expect((await ended)[0], stderr()).toBe(0);
  return stderr();
}

if (server !== undefined) {
  test("[SY-300][SY-310] up and down, at most one part per stream goes twice for each kill", async () => {
    const file = join(root, "big");
    const content = randomBytes(SIZE);
    writeFileSync(file, content);
    const bucket = `s3://resume-${randomBytes(6).toString("hex")}`;
    await succeeds("mkdir", bucket);
    const up = ["copy", file, `${bucket}/big`];
    const sent = proxy.sent;
    for (let n = 0; n < KILLS; n++) await kill(() => proxy.sent, ...up);
    expect(await succeeds(...up)).toContain("from earlier runs");
    expect(proxy.sent - sent).toBeLessThan(SIZE + KILLS * STREAMS * PART + AROUND);

    const down = ["copy", `${bucket}/big`, `${join(root, "down")}/`];
    const received = proxy.received;
    for (let n = 0; n < KILLS; n++) await kill(() => proxy.received, ...down);
    expect(await succeeds(...down)).toContain("from earlier runs");
    expect(proxy.received - received).toBeLessThan(SIZE + KILLS * STREAMS * PART + AROUND);
    expect(readFileSync(join(root, "down/big")).equals(content)).toBe(true);
    expect(readdirSync(join(root, "down"))).toEqual(["big"]);
    expect(readdirSync(join(root, "state/omnisync/transfers"))).toEqual([]);
  });
}
