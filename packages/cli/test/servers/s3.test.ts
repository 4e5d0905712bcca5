/** The command line against an S3 server that takes nothing sloppy. */
import { type StrictS3, startStrictS3 } from "@omnisync/testkit/strict-s3";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Outcome, lines, runCli } from "../run-cli.ts";
import { createTree, treeOf } from "../temp-tree.ts";

const TREE = {
  "src/a.txt": "aaa",
  "src/sub/b.txt": "bb",
  "src/link": "-> a.txt",
  "src/empty/": "",
};

let server: StrictS3;
let bucket = "";
let serial = 0;
beforeAll(async () => {
  const buckets = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`bucket-${i}`, {}]));
  server = await startStrictS3({ buckets });
});
afterAll(() => server.close());
beforeEach(() => {
  bucket = `s3://bucket-${serial++}`;
});

/** Runs inside a directory, with the server's keys and its own cache. */
function inside(root: string, ...argv: readonly string[]): Promise<Outcome> {
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const env = {
    XDG_CACHE_HOME: join(root, ".cache"),
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: server.region,
  };
  return runCli(argv, { cwd: root, env });
}

async function summary(root: string, ...argv: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await inside(root, ...argv, "--json", "-q");
  expect(stderr).toBe("");
  return JSON.parse(lines(stdout).at(-1) as string) as Record<string, unknown>;
}

describe("a folder and a bucket", () => {
  test("upload, nothing the second time and no HEAD, download of the same", async () => {
    const root = createTree(TREE);
    expect(await summary(root, "sync", "src", bucket)).toMatchObject({
      created: 2,
      linksWritten: 1,
      failed: 0,
    });
    expect((await inside(root, "ls", "-R", bucket)).stdout).toContain("src/sub/b.txt\n");
    const before = { ...server.requests };
    expect(await summary(root, "sync", "src", bucket)).toMatchObject({
      created: 0,
      replaced: 0,
      bytesTransferred: 0,
      failed: 0,
    });
    expect(server.requests.PutObject).toBe(before.PutObject);
    // One look at the root of each side is all that may be asked besides listings.
    expect(server.requests.HeadObject - before.HeadObject).toBeLessThanOrEqual(1);
    expect((await inside(root, "sync", `${bucket}/src/`, "back")).code).toBe(0);
    expect(treeOf(join(root, "back"))).toEqual(treeOf(join(root, "src")));
    expect((await inside(root, "check", "-c", "src", bucket)).code).toBe(0);
  });

  test("--delete, --max-delete and a missing source", async () => {
    const root = createTree({ ...TREE, "less/a.txt": "aaa" });
    await inside(root, "sync", "src/", bucket);
    expect(
      (await inside(root, "sync", "--delete", "--max-delete", "1", "less/", bucket)).code,
    ).toBe(4);
    expect((await inside(root, "sync", "--delete", "nope/", bucket)).code).toBe(3);
    expect((await inside(root, "cat", `${bucket}/sub/b.txt`)).stdout).toBe("bb");
    expect((await inside(root, "sync", "--delete", "less/", bucket)).code).toBe(0);
    expect((await inside(root, "ls", "-R", bucket)).stdout).toBe("a.txt\n");
  });
});

describe("one bucket", () => {
  test("stat shows what a link among objects leads to, and cat says so", async () => {
    const root = createTree({ "d/link": "-> ../else where" });
    await inside(root, "copy", "d/", `${bucket}/d`);
    const { stdout } = await inside(root, "stat", "--json", `${bucket}/d/link`);
    expect(JSON.parse(stdout)).toMatchObject({ kind: "symlink", target: "../else where" });
    const message = "is a link: name what it leads to, which stat shows";
    expect(await inside(root, "cat", `${bucket}/d/link`)).toMatchObject({
      code: 2,
      stderr: `omnisync: ${bucket}/d/link: ${message}\n`,
    });
  });

  test("cp and mv copy on the server; rm -r, du and stat", async () => {
    const root = createTree({ f: "0123456789" });
    await inside(root, "copy", "f", `${bucket}/d/f`);
    const puts = server.requests.PutObject;
    expect((await inside(root, "cp", `${bucket}/d/f`, `${bucket}/d/g`)).code).toBe(0);
    expect((await inside(root, "mv", `${bucket}/d/g`, `${bucket}/e/`)).code).toBe(0);
    expect((await inside(root, "mv", `${bucket}/d`, `${bucket}/moved`)).code).toBe(0);
    expect(server.requests.PutObject).toBe(puts);
    expect((await inside(root, "ls", "-R", bucket)).stdout).toBe("e/g\nmoved/f\n");
    expect((await inside(root, "du", "-s", bucket)).stdout).toBe(`20\t${bucket}\n`);
    expect(
      (await inside(root, "cat", "--offset", "3", "--count", "4", `${bucket}/e/g`)).stdout,
    ).toBe("3456");
    expect((await inside(root, "stat", "--json", `${bucket}/e/g`)).stdout).toContain('"size":10');
    expect((await inside(root, "rm", "-r", `${bucket}/moved`)).code).toBe(0);
    expect((await inside(root, "rm", `${bucket}/nope`)).code).toBe(3);
    expect((await inside(root, "ls", "-R", bucket)).stdout).toBe("e/g\n");
  });

  test("presign prints a URL and nothing else; the URL works", async () => {
    const root = createTree();
    const put = await inside(
      root,
      "presign",
      "--method",
      "PUT",
      "--expires",
      "5m",
      `${bucket}/up load.txt`,
    );
    expect(put).toMatchObject({ code: 0, stderr: "" });
    expect(lines(put.stdout)).toHaveLength(1);
    expect((await fetch(put.stdout.trim(), { method: "PUT", body: "hello" })).status).toBe(200);
    const get = await inside(root, "presign", `${bucket}/up load.txt`);
    expect(await (await fetch(get.stdout.trim())).text()).toBe("hello");
    expect(get.stdout).not.toContain(server.secretAccessKey);
  });
});

describe("what goes wrong", () => {
  test("a missing bucket exits with 3, on either side", async () => {
    const root = createTree(TREE);
    expect((await inside(root, "ls", "s3://no-such-bucket")).code).toBe(3);
    const upload = await inside(root, "sync", "src/", "s3://no-such-bucket/x");
    expect(upload.code).toBe(3);
    expect(lines(upload.stderr)).toHaveLength(1);
    expect((await inside(root, "sync", "--delete", "s3://no-such-bucket", "src")).code).toBe(3);
    expect(Object.keys(treeOf(join(root, "src")))).toHaveLength(4);
  });

  test("a wrong key is one line without any secret, exit 1", async () => {
    const root = createTree();
    const env = {
      AWS_ACCESS_KEY_ID: server.accessKeyId,
      AWS_SECRET_ACCESS_KEY: "hunter2hunter2",
      AWS_REGION: "us-east-1",
    };
    const argv = ["ls", "--s3-endpoint", server.endpoint, bucket];
    const { code, stdout, stderr } = await runCli(argv, { cwd: root, env });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(lines(stderr)).toHaveLength(1);
    expect(stderr).not.toContain("hunter2");
  });

  test("a failing listing is an error, never an empty place: nothing is deleted", async () => {
    const root = createTree({ "dst/keep": "k" });
    writeFileSync(join(root, "f"), "f");
    await inside(root, "copy", "f", bucket);
    server.faults.add({
      when: ({ operation }) => operation === "ListObjectsV2",
      do: { kind: "error", code: "AccessDenied" },
      times: Infinity,
    });
    const { code } = await inside(root, "sync", "--delete", `${bucket}/`, "dst");
    server.faults.clear();
    expect(code).not.toBe(0);
    expect(treeOf(join(root, "dst"))).toMatchObject({ keep: "k" });
  });
});
