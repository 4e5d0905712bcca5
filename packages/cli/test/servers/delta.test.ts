/** Large files as deltas, end to end: what is sent, what is said, what lies at the store. */
import { serverOrSkip } from "@omnisync/testkit/servers/inject";
import { type StrictS3, startStrictS3 } from "@omnisync/testkit/strict-s3";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Outcome, lines, runCli } from "../run-cli.ts";
import { createTree } from "../temp-tree.ts";

const MIB = 1024 ** 2;
const SIZE = 64 * MIB;
/** No part may be smaller: an edit costs at most so much. */
const PART = 5 * MIB;
/** The part, and what of it lies in blocks that others share. */
const MOST_SENT = PART + MIB;

interface Server {
  readonly endpoint: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly region?: string;
}

const radosgw = serverOrSkip("radosgw");
let strict: StrictS3;
beforeAll(async () => {
  strict = await startStrictS3({ buckets: {} });
});
afterAll(() => strict.close());

const SERVERS: readonly (readonly [name: string, () => Server])[] = [
  ["a strict S3 server", () => strict],
  ...(radosgw === undefined ? [] : [["Ceph's gateway", () => radosgw] as const]),
];

class Scene {
  readonly root: string = createTree();
  readonly bucket = `s3://delta-${randomBytes(6).toString("hex")}`;
  readonly content: Buffer = randomBytes(SIZE);
  readonly #server: Server;

  static async open(server: Server): Promise<Scene> {
    const scene = new Scene(server);
    await scene.succeeds("mkdir", scene.bucket);
    scene.write();
    return scene;
  }

  private constructor(server: Server) {
    this.#server = server;
  }

  run(...argv: readonly string[]): Promise<Outcome> {
    const { endpoint, accessKeyId = "", secretAccessKey = "", region = "" } = this.#server;
    const env = {
      XDG_CACHE_HOME: join(this.root, ".cache"),
      XDG_STATE_HOME: join(this.root, ".state"),
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_REGION: region,
      AWS_ENDPOINT_URL: endpoint,
    };
    return runCli(argv, { cwd: this.root, env });
  }

  async succeeds(...argv: readonly string[]): Promise<Outcome> {
    const outcome = await this.run(...argv);
    expect(outcome.code, outcome.stderr).toBe(0);
    return outcome;
  }

  /** What lies in `src`. */
  write(): void {
    mkdirSync(join(this.root, "src"), { recursive: true });
    writeFileSync(join(this.root, "src/big"), this.content);
  }

  /** Other bytes at some places in the file, and a time of its own. */
  edit(...places: readonly number[]): void {
    for (const at of places) randomBytes(1000).copy(this.content, at);
    this.write();
  }

  async names(): Promise<readonly string[]> {
    return lines((await this.succeeds("ls", "-R", this.bucket)).stdout);
  }
}

/** The number in a line `Name: 123 (…)` of `--stats`. */
function stat(stdout: string, name: string): number {
  const line = lines(stdout).find((one) => one.startsWith(`${name}:`));
  return Number(/\d[\d,]*/.exec(line ?? "")?.[0].replaceAll(",", ""));
}

describe.each(SERVERS)("%s", (_, server) => {
  test("[SY-400] up: an edit in the middle sends a part", { timeout: 120_000 }, async () => {
    const scene = await Scene.open(server());
    await scene.succeeds("sync", "src/", scene.bucket);
    scene.edit(SIZE / 2);
    const { stdout, stderr } = await scene.succeeds("sync", "--stats", "src/", scene.bucket);
    const sent = stat(stdout, "Bytes transferred");
    expect(sent).toBeLessThan(MOST_SENT);
    expect(stat(stdout, "Bytes that were there")).toBe(SIZE - sent);
    expect(stderr).toMatch(/copied 1 file \(\S+ MiB\) in .*, \S+ MiB not sent: it was there/);
    const { bytes } = await scene.succeeds("cat", `${scene.bucket}/big`);
    expect(scene.content.equals(bytes)).toBe(true);
    expect(await scene.names()).toEqual(["big"]);

    scene.edit(1000);
    const { stdout: json } = await scene.succeeds("sync", "--json", "src/", scene.bucket);
    const [event] = lines(json).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(event).toMatchObject({ kind: "copy", delta: "used", strategy: "multipart" });
    expect(Number(event!["matched"])).toBeGreaterThan(SIZE - MOST_SENT);

    scene.edit(SIZE - 2000);
    const rsync = await scene.succeeds("rsync", "-rt", "--stats", "src/", scene.bucket);
    const literal = stat(rsync.stdout, "Literal data");
    expect(literal).toBeLessThan(MOST_SENT);
    expect(stat(rsync.stdout, "Matched data")).toBe(SIZE - literal);
  });

  test(
    "[SY-409][SY-415] down onto an old copy; delta says beforehand what",
    { timeout: 120_000 },
    async () => {
      const scene = await Scene.open(server());
      await scene.succeeds("sync", "src/", scene.bucket);
      await scene.succeeds("sync", `${scene.bucket}/`, "old");
      scene.edit(...Array.from({ length: 16 }, (_, i) => (4 * i + 1) * MIB));
      await scene.succeeds("sync", "src/", scene.bucket);
      const explained = await scene.succeeds(
        "delta",
        "--explain",
        `${scene.bucket}/big`,
        "old/big",
      );
      expect(explained.stdout).toContain("direction    download of ranges");
      expect(explained.stdout).toContain("delta        yes: only what differs");
      expect(explained.stdout).toMatch(/fetch {2}.* at 1\.00 MiB/);
      expect(explained.stdout).toContain("and 13 pieces more: -v shows all");
      const all = await scene.succeeds(
        "delta",
        "--explain",
        "-v",
        `${scene.bucket}/big`,
        "old/big",
      );
      expect(all.stdout.match(/ (fetch|reuse) /g)).toHaveLength(33);
      const told = await scene.succeeds("delta", "--json", `${scene.bucket}/big`, "old/big");
      const { transferred, saved } = JSON.parse(told.stdout) as Record<string, number>;
      expect(saved).toBeGreaterThan(0.96);
      const { stdout } = await scene.succeeds("sync", "--stats", `${scene.bucket}/`, "old");
      expect(stat(stdout, "Bytes transferred")).toBe(transferred);
      expect(stat(stdout, "Bytes that were there")).toBe(SIZE - transferred!);
      expect(readFileSync(join(scene.root, "old/big")).equals(scene.content)).toBe(true);
    },
  );

  test(
    "[SY-402] sign, for what others wrote; stale ones are told of",
    { timeout: 120_000 },
    async () => {
      const scene = await Scene.open(server());
      const big = `${scene.bucket}/big`;
      await scene.succeeds("sync", "-W", "src/", scene.bucket);
      scene.edit(SIZE / 2);
      const before = await scene.succeeds("delta", "--explain", "src/big", big);
      expect(before.stdout).toContain("delta        no: the remote file has no signature");
      expect(before.stdout).toContain(`make one with: omnisync sign ${big};`);
      const whole = await scene.succeeds("delta", "--delta-generate", "src/big", big);
      expect(whole.stdout).toMatch(
        / 9\d\.\d% saved; first 64\.0 MiB of the remote file would be read to sign it\n$/,
      );
      const { stdout } = await scene.succeeds("sign", big);
      expect(stdout).toContain(`signature  ${scene.bucket}/.omnisync/signatures/big.hssig`);
      const after = await scene.succeeds("delta", "--explain", "src/big", big);
      expect(after.stdout).toContain("direction    upload in parts");
      expect(after.stdout).toMatch(/copy {3}.* at 0 B\n/);
      expect(after.stdout).toMatch(
        /total {8}\S+ MiB would go over in \d+ requests, .* 9\d\.\d% saved/,
      );

      // Another program replaces the object behind the signature.
      await scene.succeeds("sync", "-W", "src/", scene.bucket);
      scene.edit(SIZE / 3);
      const { stderr } = await scene.succeeds("sync", "src/", scene.bucket);
      expect(stderr).toContain(
        "omnisync: big: its signature is of what was there before: it was ignored, and the whole was transferred",
      );
      // Which left a new one.
      scene.edit(SIZE / 2);
      expect((await scene.succeeds("sync", "src/", scene.bucket)).stderr).toContain("not sent");
    },
  );

  test(
    "[SY-411] sidecars are hidden, a user's own .hssig is not",
    { timeout: 120_000 },
    async () => {
      const scene = await Scene.open(server());
      const { bucket } = scene;
      writeFileSync(join(scene.root, "src/my.hssig"), "mine, not omnisync's");
      await scene.succeeds("sync", "--sidecar", "src/", bucket);
      expect(await scene.names()).toEqual(["big", "my.hssig"]);
      await scene.succeeds("stat", `${bucket}/big.hssig`);
      const again = await scene.succeeds("sync", "--delete", "--sidecar", "src/", bucket);
      expect(again.stderr).toMatch(/^copied 0 files .*, 2 unchanged, 0 failed$/m);
      expect((await scene.succeeds("check", "src/", `${bucket}/`)).stderr).toContain("2 same");
      expect((await scene.succeeds("du", "-s", bucket)).stdout).toBe(`${SIZE + 20}\t${bucket}\n`);
      await scene.succeeds("sync", `${bucket}/`, "back");
      expect(readdirSync(join(scene.root, "back")).sort()).toEqual(["big", "my.hssig"]);
      await scene.succeeds("stat", `${bucket}/big.hssig`);
    },
  );

  test("what is removed takes its signatures along", { timeout: 120_000 }, async () => {
    const scene = await Scene.open(server());
    const { bucket } = scene;
    await scene.succeeds("sync", "src/", `${bucket}/dir/`);
    await scene.succeeds("sync", "src/", `${bucket}/one/`);
    for (const directory of ["dir", "one"])
      await scene.succeeds("stat", `${bucket}/${directory}/.omnisync/signatures/big.hssig`);
    await scene.succeeds("rm", `${bucket}/one/big`);
    await scene.succeeds("rm", "-r", `${bucket}/dir/`);
    for (const directory of ["dir", "one"]) {
      const gone = await scene.run("stat", `${bucket}/${directory}/.omnisync/signatures/big.hssig`);
      expect(gone.code).toBe(3);
    }
    expect((await scene.succeeds("ls", bucket)).stdout).toBe("");
  });
});
