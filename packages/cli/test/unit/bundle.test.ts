/** The bundle, built anew: what only it does differently from the sources that the other tests run. */
import { type StrictS3, startStrictS3 } from "@omnisync/testkit/strict-s3";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import config from "../../rolldown.config.ts";
import { createTree, treeOf } from "../temp-tree.ts";

const execute = promisify(execFile);
const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));

let directory = "";
let server: StrictS3;

beforeAll(async () => {
  // In the package: from there, native code is found and the manifest with the version.
  directory = mkdtempSync(join(PACKAGE, "bundle-"));
  for (const { output, ...input } of config) {
    const bundle = await rolldown(input);
    await bundle.write({ ...output, dir: directory, cleanDir: false });
  }
  const entry = `const { basename } = require("node:path");
    process.on("exit", () => {
      const ours = Object.keys(require.cache).map((file) => basename(file));
      console.error([...process.moduleLoadList, ...ours].join("\\n"));
    });
    require("./main.js").main();`;
  writeFileSync(join(directory, "entry.js"), entry);
  server = await startStrictS3({ buckets: { bucket: {} } });
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await server.close();
});

interface Ended {
  readonly stdout: string;
  /** Modules of Node that were loaded, as `NativeModule <name>`, and our files by name. */
  readonly loaded: readonly string[];
}

/** Runs a command of the bundle. Rejects if its exit code is not 0. */
async function run(
  cwd: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const keys = {
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_REGION: server.region,
  };
  const { stdout, stderr } = await execute(
    process.execPath,
    [join(directory, "entry.js"), ...argv],
    { cwd, env: { HOME: cwd, ...keys, ...env }, maxBuffer: 64 * 1024 ** 2 },
  );
  return { stdout, loaded: stderr.split("\n") };
}

const natives = (...names: readonly string[]): readonly string[] =>
  names.map((name) => `NativeModule ${name}`);

test("local files: the worker threads find their code, and HTTP is not loaded", async () => {
  const root = createTree({ "a/f": "f", "a/sub/g": "g" });
  const { loaded } = await run(root, ["sync", "-q", "a/", "b"]);
  expect(treeOf(join(root, "b"))).toEqual(treeOf(join(root, "a")));
  expect(loaded).toContain("NativeModule worker_threads");
  for (const name of natives("http", "tls", "sqlite", "child_process", "crypto")) {
    expect(loaded).not.toContain(name);
  }
});

test("local files: a command that only looks starts no thread", async () => {
  const root = createTree({ "a/f": "f", "a/sub/g": "g" });
  const commands = [
    ["ls", "a"],
    ["stat", "a/f"],
    ["cat", "a/f"],
  ];
  for (const argv of commands) {
    const { loaded } = await run(root, argv);
    for (const name of natives("worker_threads", "crypto", "fs/promises")) {
      expect(loaded).not.toContain(name);
    }
  }
  const { stdout, loaded } = await run(root, ["ls", "-R", "a"]);
  expect(stdout).toBe("f\nsub/\nsub/g\n");
  expect(loaded).toContain("NativeModule worker_threads");
});

test("S3: up and down, small and large; of Node only what it takes", { timeout: 60_000 }, async () => {
  const root = createTree({ "a/small": "x", "a/large": "y".repeat(3 * 1024 ** 2) });
  await run(root, ["sync", "-q", "a/", "s3://bucket/up/"]);
  await run(root, ["sync", "-q", "--checksum", "s3://bucket/up/", "down"]);
  expect(treeOf(join(root, "down"))).toEqual(treeOf(join(root, "a")));
  const before = server.requests["ListObjectsV2"] ?? 0;
  const { stdout, loaded } = await run(root, ["ls", "s3://bucket/up/"]);
  expect(stdout).toBe("large\nsmall\n");
  expect(server.requests["ListObjectsV2"]).toBe(before + 1);
  expect(loaded).toContain("NativeModule net");
  const http = ["http", "https", "http2", "tls", "zlib"];
  const unneeded = [...http, "sqlite", "child_process", "worker_threads"];
  for (const name of natives(...unneeded)) expect(loaded).not.toContain(name);
  for (const name of ["http-connection.js", "engine.js"]) expect(loaded).not.toContain(name);
});

test("S3: the thread that makes deltas finds its code", { timeout: 60_000 }, async () => {
  const root = createTree({ "a/": "" });
  const content = randomBytes(24 * 1024 ** 2);
  const send = async (): Promise<unknown> => {
    writeFileSync(join(root, "a/big"), content);
    const argv = ["sync", "--json", "--delta-threshold", "1M", "a/", "s3://bucket/delta/"];
    const { stdout } = await run(root, argv);
    return JSON.parse(stdout.split("\n")[0] as string);
  };
  expect(await send()).not.toHaveProperty("matched");
  content.write("edited", 2 ** 20);
  expect(await send()).toMatchObject({ kind: "copy", delta: "used", strategy: "multipart" });
  content.write("again", 2 ** 21);
  expect(await send()).toHaveProperty("matched", expect.any(Number));
});

test("S3 through a proxy", async () => {
  const proxied: string[] = [];
  const proxy = createServer((incoming, answer) => {
    const { host, pathname, search } = new URL(String(incoming.url));
    proxied.push(host);
    const { method, headers } = incoming;
    const options = { port: server.port, path: pathname + search, method, headers };
    const outgoing = request(options, (response) => {
      answer.writeHead(response.statusCode ?? 500, response.headers);
      response.pipe(answer);
    });
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void proxy.close());
  const { port } = proxy.address() as AddressInfo;
  const root = createTree({ f: "through" });
  const path = ["--s3-addressing", "path"];
  const env = {
    AWS_ENDPOINT_URL: "http://store.example.org",
    http_proxy: `http://127.0.0.1:${port}`,
  };
  await run(root, ["cp", ...path, "f", "s3://bucket/proxied"], env);
  const { stdout } = await run(root, ["cat", ...path, "s3://bucket/proxied"], env);
  expect(stdout).toBe("through");
  expect(new Set(proxied)).toEqual(new Set(["store.example.org"]));
});

test("the version", async () => {
  const { stdout } = await run(createTree({}), ["version", "--short"]);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
