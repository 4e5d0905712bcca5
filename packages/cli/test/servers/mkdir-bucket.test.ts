/** Making buckets, on a server that takes nothing sloppy and on one that others have written. */
import { randomBytes } from "node:crypto";
import { serverOrSkip } from "@omnisync/testkit/servers/inject";
import { startStrictS3 } from "@omnisync/testkit/strict-s3";
import { afterAll, describe, expect, test } from "vitest";
import { type Outcome, runCli } from "../run-cli.ts";
import { createTree } from "../temp-tree.ts";

interface Server {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

function run(server: Server, ...argv: readonly string[]): Promise<Outcome> {
  const env = {
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_REGION: server.region,
  };
  const root = createTree({ "src/f": "f" });
  return runCli(argv, { cwd: root, env: { ...env, XDG_CACHE_HOME: `${root}/.cache` } });
}

const newName = (): string => `s3://made-${randomBytes(6).toString("hex")}`;

const strict = await startStrictS3();
const elsewhere = await startStrictS3({ region: "eu-central-1" });
afterAll(() => Promise.all([strict.close(), elsewhere.close()]));

const servers: readonly (readonly [string, Server | undefined])[] = [
  ["the strict server", strict],
  ["the strict server in another region", elsewhere],
  ["radosgw", serverOrSkip("radosgw")],
];

for (const [name, server] of servers) {
  if (server === undefined) continue;
  describe(`[ST-186] mkdir of a bucket on ${name}`, () => {
    test("makes it; again says that it is there and changes nothing", async () => {
      const bucket = newName();
      expect(await run(server, "mkdir", bucket)).toMatchObject({ code: 0, stderr: "" });
      expect((await run(server, "copy", "src/f", `${bucket}/f`)).code).toBe(0);
      expect(await run(server, "mkdir", `${bucket}/`)).toMatchObject({
        code: 0,
        stderr: `${bucket}/: exists already, left as it is\n`,
      });
      expect((await run(server, "ls", bucket)).stdout).toBe("f\n");
    });

    test("a directory in a bucket that is missing makes no bucket", async () => {
      const bucket = newName();
      expect(await run(server, "mkdir", `${bucket}/a/b`)).toMatchObject({
        code: 3,
        stderr: `omnisync: ${bucket}: does not exist: make it with: omnisync mkdir ${bucket}\n`,
      });
      expect((await run(server, "ls", bucket)).code).toBe(3);
    });

    test("[SY-1] sync to a missing bucket is an error that names the command", async () => {
      const bucket = newName();
      for (const destination of [bucket, `${bucket}/some/where`]) {
        expect(await run(server, "sync", "src", destination)).toMatchObject({
          code: 3,
          stderr: `omnisync: ${bucket}: does not exist: make it with: omnisync mkdir ${bucket}\n`,
        });
      }
      expect((await run(server, "mkdir", bucket)).code).toBe(0);
      expect((await run(server, "sync", "src", bucket)).code).toBe(0);
    });

    test("a name that no bucket can have", async () => {
      const { code, stderr } = await run(server, "mkdir", "s3://a..b");
      expect({ code, lines: stderr.trim().split("\n").length }).toEqual({ code: 2, lines: 1 });
    });
  });
}

describe("[ST-186] what the store refuses", () => {
  const refusing = async (when: readonly string[], code: string, status: number) => {
    for (const operation of when) {
      strict.faults.add({
        when: (request) => request.operation === operation,
        do: { kind: "error", code, status },
        times: Infinity,
      });
    }
    const outcome = await run(strict, "mkdir", "s3://somebodys");
    strict.faults.clear();
    return outcome;
  };

  test("somebody else's bucket", async () => {
    for (const operation of ["ListObjectsV2", "HeadBucket"]) {
      strict.faults.add({
        when: (request) => request.operation === operation,
        do: { kind: "error", code: "AccessDenied" },
        times: Infinity,
      });
    }
    const { code, stderr } = await refusing(["CreateBucket"], "BucketAlreadyExists", 409);
    expect(code).toBe(4);
    expect(stderr).toBe(
      "omnisync: the bucket belongs to somebody else: names of buckets are shared, choose another\n",
    );
  });

  test("one's own that may not be looked at is success", async () => {
    expect(await refusing(["CreateBucket"], "BucketAlreadyOwnedByYou", 409)).toMatchObject({
      code: 0,
      stderr: "",
    });
  });

  test("keys that may not make buckets", async () => {
    const { code, stderr } = await refusing(["CreateBucket"], "AccessDenied", 403);
    expect(code).toBe(1);
    expect(stderr).toContain("AccessDenied");
  });

  test("[ST-186] an existing bucket is never created again: AWS would reset its access lists", async () => {
    const before = strict.requests.CreateBucket;
    await run(strict, "mkdir", "s3://kept");
    await run(strict, "mkdir", "s3://kept");
    expect(strict.requests.CreateBucket - before).toBe(1);
  });
});
