/** Plans to and from an S3 server that counts: what a plan says of its requests is what applying it takes. */
import { type StrictS3, startStrictS3 } from "@omnisync/testkit/strict-s3";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Outcome, lines, runCli } from "../run-cli.ts";
import { addTo, createTree, treeOf } from "../temp-tree.ts";

let server: StrictS3;
beforeAll(async () => {
  server = await startStrictS3({ buckets: { one: {}, two: {} } });
});
afterAll(() => server.close());

interface Header {
  readonly requests: Record<"source" | "destination", Record<string, number>>;
  readonly totals: Record<string, number>;
  readonly cost: Record<string, unknown>;
}

test("[SY-321][SY-329] upload, replacement and removal, copy in the store, download", async () => {
  const root = createTree({ "src/a": "aaa", "src/b/c": "cc", "src/b/d": "dd", "src/empty/": "" });
  writeFileSync(join(root, "src/large"), "");
  truncateSync(join(root, "src/large"), 40 * 1024 ** 2);
  // What the server honours is tried out once, and remembered.
  for (const bucket of ["one", "two"]) await inside(root, "copy", "src/a", `s3://${bucket}/warm`);

  const up = await planned(root, "src/", "s3://one/x");
  expect(up.totals).toMatchObject({ files: 4, directories: 1 });
  expect(up.cost).toMatchObject({ destination: { priced: "unknown" } });
  await expectRequests(root, up);

  addTo(root, "src/a", "changed");
  addTo(root, "src/new", "n");
  await runCli(["rm", "src/b/c"], { cwd: root });
  const change = await planned(root, "--delete", "src/", "s3://one/x");
  expect(change.totals).toMatchObject({ created: 1, replaced: 1, removals: 1 });
  await expectRequests(root, change);

  const across = await planned(root, "s3://one/x/", "s3://two/y");
  expect(across.totals["bytesServerCopied"]).toBe(across.totals["bytes"]);
  await expectRequests(root, across);

  const down = await planned(root, "s3://two/y/", "back/");
  await expectRequests(root, down);
  const { back, src } = { back: subtree(root, "back/"), src: subtree(root, "src/") };
  expect(Object.keys(back)).toEqual(Object.keys(src));
  expect(back["a"]).toBe("changed");

  const nothing = await inside(root, "apply", "--json", "-q", "a.plan");
  expect(JSON.parse(lines(nothing.stdout).at(-1)!)).toMatchObject({ created: 0, failed: 0 });
});

test("[SY-321][SY-430] what is kept is copied by the store, and what is delayed too", async () => {
  const root = createTree({ "src/a": "new content", "src/b": "b" });
  await inside(root, "copy", "src/a", "s3://one/kept/warm");
  const old = createTree({ "x/a": "old", "x/extra": "extra" });
  await inside(old, "copy", "x/", "s3://one/kept/x");
  const made = await planned(root, "--delete", "--backup-dir=was", "src/", "s3://one/kept/x/");
  expect(made.requests["destination"]).toMatchObject({ copy: 2, put: 2, delete: 1 });
  await expectRequests(root, made);
  const found = await inside(root, "cat", "s3://one/kept/x/was/a", "s3://one/kept/x/was/extra");
  expect(found.stdout).toBe("oldextra");

  addTo(root, "src/a", "newer content");
  const delayed = await planned(root, "--delay-updates", "src/", "s3://one/kept/x/");
  const clearing = 4;
  await expectRequests(root, delayed, clearing);
});

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

async function planned(root: string, ...argv: readonly string[]): Promise<Header> {
  const { code, stdout, stderr } = await inside(
    root,
    "plan",
    ...argv,
    "--json",
    "-q",
    "-o",
    "a.plan",
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(lines(stdout).at(-1)!) as Header;
}

/** `clearing`: listings of the folder that content waited in, one for all. */
async function expectRequests(
  root: string,
  { requests }: Header,
  clearing: number = 0,
): Promise<void> {
  const before = { ...server.requests } as Record<string, number>;
  const { code, stderr } = await inside(root, "apply", "-q", "a.plan");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const taken = (...names: readonly string[]): number =>
    names.reduce((sum, name) => {
      expect(server.requests, name).toHaveProperty(name);
      return sum + (server.requests as Record<string, number>)[name]! - before[name]!;
    }, 0);
  const said = (kind: string): number => requests.source[kind]! + requests.destination[kind]!;
  expect({
    put: taken("PutObject"),
    part: taken("UploadPart"),
    post: taken("CreateMultipartUpload", "CompleteMultipartUpload"),
    copy: taken("CopyObject"),
    get: taken("GetObject"),
    delete: taken("DeleteObject"),
    head: taken("HeadObject"),
    list: taken("ListObjectsV2"),
  }).toEqual({
    put: said("put"),
    part: said("part"),
    post: said("post"),
    copy: said("copy"),
    get: said("get"),
    delete: said("delete"),
    head: said("head"),
    list: said("list") + clearing,
  });
}

function subtree(root: string, below: string): Record<string, string> {
  const found = Object.entries(treeOf(root)).filter(([path]) => path.startsWith(below));
  return Object.fromEntries(found.map(([path, content]) => [path.slice(below.length), content]));
}
