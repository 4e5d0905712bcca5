/** A tree with everything that rsync keeps, to an S3 server that others have written, and back. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serverOrSkip } from "@omnisync/testkit/servers/inject";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readXattrs, writeXattrs } from "../../../storage/src/drivers/file/file-xattrs.ts";
import { type Outcome, runCli } from "../run-cli.ts";
import { OLD, Scene, snapshot } from "./compat-scenario.ts";

const server = serverOrSkip("radosgw");
const isRoot = process.geteuid?.() === 0;
const XATTRS = { "user.origin": Buffer.from("a camera\0ünï").toString("base64") };

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function run(...argv: readonly string[]): Promise<Outcome> {
  const { endpoint = "", accessKeyId = "", secretAccessKey = "", region = "" } = server ?? {};
  const env = {
    XDG_CACHE_HOME: join(root, "cache"),
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
  };
  return runCli(argv, { cwd: root, env });
}

function kept(directory: string): readonly string[] {
  return snapshot(join(root, directory));
}

async function rsync(...argv: readonly string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await run("rsync", ...argv);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.split("\n");
}

/** @returns whether the file system here keeps extended attributes. */
function build(scene: Scene): boolean {
  scene
    .file("src/plain", "plain")
    .file("src/secret", "secret", { mode: 0o600, time: OLD + 7 })
    .file("src/bin/run", "#!/bin/sh", { mode: 0o4755 })
    .file("src/one", "of two names")
    .hardLink("src/bin/two", "src/one")
    .link("src/link", "bin/run")
    .link("src/dangling", "../nowhere")
    .directory("src/empty")
    .mode("src/bin", 0o750);
  if (isRoot) scene.owner("src/bin/run", 1234, 2345).owner("src/plain", 4321, 2345);
  // What changes the owner clears these bits.
  if (isRoot) scene.mode("src/bin/run", 0o4755);
  const keeps = tryXattrs(join(scene.root, "src/plain"));
  scene.settle();
  return keeps;
}

function tryXattrs(path: string): boolean {
  try {
    writeXattrs(path, XATTRS);
    return true;
  } catch {
    return false;
  }
}

test.runIf(server !== undefined)(
  "omnisync rsync -aHX --delete --stats brings modes, owners, links, hard links and xattrs back",
  async () => {
    const scene = new Scene(root);
    const withXattrs = build(scene);
    const flags = [withXattrs ? "-aHXi" : "-aHi", "--numeric-ids", "--delete", "--stats"];
    const bucket = `s3://rsync-${randomBytes(6).toString("hex")}`;
    expect((await run("mkdir", bucket)).code).toBe(0);

    const up = await rsync(...flags, "src/", `${bucket}/backup/`);
    expect(up).toContain("Number of files: 10 (reg: 5, dir: 3, link: 2)");
    expect(up).toContain("Number of regular files transferred: 5");
    const again = await rsync(...flags, "src/", `${bucket}/backup/`);
    expect(again).toContain("Number of regular files transferred: 0");
    expect(again.filter((line) => /^[<>ch*.]/.test(line))).toEqual([]);

    const down = await rsync(...flags, `${bucket}/backup/`, "back");
    expect(down).toContain("Number of created files: 10 (reg: 5, dir: 3, link: 2)");
    const back = kept("back");
    expect(back).toEqual(kept("src"));
    expect(back).toContainEqual(expect.stringMatching(/^one .*=bin\/two of two names$/));
    if (withXattrs) expect(readXattrs(join(root, "back/plain"))).toEqual(XATTRS);

    // What goes at one end goes at the other, and nothing else does.
    scene.remove("src/secret");
    writeFileSync(join(root, "back/extra"), "extra");
    const cleaned = await rsync(...flags, "src/", `${bucket}/backup/`);
    expect(cleaned.filter((line) => line.startsWith("*deleting"))).toEqual(["*deleting   secret"]);
    expect(cleaned).toContain("Number of deleted files: 1 (reg: 1)");
    const returned = await rsync(...flags, `${bucket}/backup/`, "back");
    const deleted = returned.filter((line) => line.startsWith("*deleting")).sort();
    expect(deleted).toEqual(["*deleting   extra", "*deleting   secret"]);
    expect(kept("back")).toEqual(kept("src"));
  },
);
