/** The engine on real disks: what a file system can do to it. Some tests need root, and say so. */
import { FileDriver } from "@omnisync/storage";
import { type SyncOptions, sync } from "@omnisync/sync";
import { SOURCE_ARGV } from "@omnisync/testkit";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { place, recorder } from "../stores.ts";

const isRoot = process.getuid?.() === 0;

let root: string;
let source: string;
let destination: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
  source = join(root, "source");
  destination = join(root, "destination");
  mkdirSync(source);
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Writes files below `source` (or another folder); a path that ends in "/" is a directory. */
function write(
  files: Readonly<Record<string, string>>,
  below: string = source,
  seconds = 1_700_000_000,
): void {
  for (const [path, content] of Object.entries(files)) {
    const full = join(below, path);
    mkdirSync(path.endsWith("/") ? full : join(full, ".."), { recursive: true });
    if (path.endsWith("/")) continue;
    writeFileSync(full, content);
    utimesSync(full, seconds, seconds);
  }
}

async function run(options: SyncOptions = {}, from = source, to = destination) {
  const [a, b] = [new FileDriver({ root: from }), new FileDriver({ root: to })];
  try {
    return await sync(place(a), place(b), options);
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
}

describe("local to local", () => {
  it("[SY-28][SY-31] keeps content, times, modes, links and empty directories, and rests after that", async () => {
    write({ a: "1", "d/b": "22", "d/e/": "", zero: "" });
    chmodSync(join(source, "a"), 0o640);
    chmodSync(join(source, "d"), 0o711);
    symlinkSync("../anywhere", join(source, "d/link"));
    utimesSync(join(source, "d"), 1_600_000_000, 1_600_000_000);
    expect(await run()).toMatchObject({ created: 3, linksWritten: 1, failed: 0 });
    expect(readFileSync(join(destination, "d/b"), "utf8")).toBe("22");
    expect(statSync(join(destination, "a"))).toMatchObject({
      mtimeMs: 1_700_000_000_000,
      mode: 0o100640,
    });
    expect(statSync(join(destination, "d"))).toMatchObject({
      mtimeMs: 1_600_000_000_000,
      mode: 0o40711,
    });
    expect(readlinkSync(join(destination, "d/link"))).toBe("../anywhere");
    expect(readdirSync(join(destination, "d/e"))).toEqual([]);
    expect(await run({ delete: true })).toMatchObject({
      created: 0,
      replaced: 0,
      attributesSet: 0,
      linksWritten: 0,
      removed: 0,
      unchanged: 6,
    });
  });

  it("[SY-31] gives a directory its time back after something in it was written or removed", async () => {
    write({ "d/a": "1", "d/b": "2" });
    utimesSync(join(source, "d"), 1_600_000_000, 1_600_000_000);
    await run();
    write({ "d/extra": "x" }, destination);
    rmSync(join(destination, "d/b"));
    await run({ delete: true });
    expect(statSync(join(destination, "d")).mtimeMs).toBe(1_600_000_000_000);
    expect(readdirSync(join(destination, "d"))).toEqual(["a", "b"]);
  });

  it("[SY-30] leaves no temporary files", async () => {
    write(
      Object.fromEntries(
        Array.from({ length: 300 }, (_, i) => [`d${i % 3}/f${i}`, "x".repeat(i * 100)]),
      ),
    );
    await run();
    const names = readdirSync(destination, { recursive: true }) as string[];
    expect(names.filter((name) => name.includes(".omnisync"))).toEqual([]);
    expect(names).toHaveLength(303);
  });

  it("[SY-43] replaces a file by a directory, [SY-44] a directory by a file only with delete", async () => {
    write({ "a/x": "1", b: "file", "b!": "near" });
    write({ a: "in the way", "b/y": "in the way" }, destination);
    const first = await run();
    expect(first).toMatchObject({
      failed: 1,
      failures: [{ path: "b", error: { code: "is-a-directory" } }],
    });
    expect(readFileSync(join(destination, "a/x"), "utf8")).toBe("1");
    expect(readFileSync(join(destination, "b/y"), "utf8")).toBe("in the way");
    expect(await run({ delete: true })).toMatchObject({ failed: 0 });
    expect(readFileSync(join(destination, "b"), "utf8")).toBe("file");
    expect(readdirSync(destination).sort()).toEqual(["a", "b", "b!"]);
  });

  it("[SY-15] counts a FIFO and never opens it", async () => {
    write({ a: "1" });
    execFileSync("mkfifo", [join(source, "pipe")]);
    expect(await run()).toMatchObject({ created: 1, ignored: 1, failed: 0 });
    expect(readdirSync(destination)).toEqual(["a"]);
  });

  it("[SY-12] names what is no UTF-8, does the rest, and removes nothing", async () => {
    write({ a: "1" });
    write({ extra: "x" }, destination);
    writeFileSync(Buffer.concat([Buffer.from(`${source}/bad`), Buffer.from([0xff, 0xfe])]), "x");
    const report = await run({ delete: true });
    expect(report).toMatchObject({
      created: 1,
      failed: 1,
      removed: 0,
      withheld: "incomplete-listing",
    });
    expect(report.failures[0]?.error.code).toBe("invalid-path");
    expect(existsSync(join(destination, "extra"))).toBe(true);
  });

  it("[SY-71] a link whose target is no UTF-8 fails once, also in a dry run, and at the destination is an extra", async () => {
    write({ a: "1" });
    symlinkSync(Buffer.from([0xff]), join(source, "link"));
    for (const options of [{ dryRun: true }, {}]) {
      const { failures } = await run(options);
      expect(failures.map(({ path, error }) => [path, error.code])).toEqual([
        ["link", "invalid-path"],
      ]);
    }
    renameSync(join(source, "link"), join(destination, "link"));
    expect(await run({ delete: true })).toMatchObject({ removed: 1, failed: 0 });
    expect(readdirSync(destination)).toEqual(["a"]);
  });

  it("[SY-1] an unmounted or mistyped source removes nothing", async () => {
    write({ a: "1" }, destination);
    await expect(run({ delete: true }, join(root, "typo"))).rejects.toMatchObject({
      code: "not-found",
    });
    expect(await run({ delete: true })).toMatchObject({ withheld: "empty-source" });
    expect(readdirSync(destination)).toEqual(["a"]);
  });

  it("[SY-40] replaces a link at the destination, and never writes through it", async () => {
    write({ f: "new", "d/x": "inside" });
    mkdirSync(destination);
    write({ victim: "untouched", "outside/x": "untouched" }, root);
    symlinkSync(join(root, "victim"), join(destination, "f"));
    symlinkSync(join(root, "outside"), join(destination, "d"));
    await run();
    expect(readFileSync(join(root, "victim"), "utf8")).toBe("untouched");
    expect(readFileSync(join(root, "outside/x"), "utf8")).toBe("untouched");
    expect(lstatSync(join(destination, "f")).isFile()).toBe(true);
  });

  it("keeps odd names", async () => {
    const names = [
      " lead",
      "trail ",
      "-dash",
      "new\nline",
      "tab\t",
      "*?[]{}",
      "back\\slash",
      "%2F",
      "ü",
      "u\u0308",
      "😀",
      "..a",
      "a..",
      "x".repeat(255),
    ];
    write(Object.fromEntries(names.map((name, i) => [name, String(i)])));
    expect(await run()).toMatchObject({ created: names.length, failed: 0 });
    expect(readdirSync(destination).sort()).toEqual([...names].sort());
    expect(await run({ delete: true })).toMatchObject({ unchanged: names.length, removed: 0 });
  });

  it("moves", async () => {
    write({ a: "1", "d/b": "2" });
    expect(await run({ move: true })).toMatchObject({ sourcesRemoved: 2 });
    expect(readdirSync(source, { recursive: true })).toEqual(["d"]);
    expect(readFileSync(join(destination, "d/b"), "utf8")).toBe("2");
  });
});

describe.skipIf(!isRoot)("what needs root to provoke", () => {
  it("a full disk: the old file stays, the rest goes on, no rubbish, and a rerun finishes", async () => {
    mkdirSync(destination);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", destination]);
    try {
      write({ big: "old" }, destination);
      write({ a: "1", big: "x".repeat(3 * 1024 * 1024), z: "2" });
      const report = await run();
      expect(report).toMatchObject({
        created: 2,
        failed: 1,
        failures: [{ path: "big", error: { code: "no-space" } }],
      });
      expect(readFileSync(join(destination, "big"), "utf8")).toBe("old");
      expect(readdirSync(destination).sort()).toEqual(["a", "big", "z"]);
      write({ big: "fits" });
      expect(await run()).toMatchObject({ replaced: 1, failed: 0 });
    } finally {
      execFileSync("umount", [destination]);
    }
  });

  it.each(["before", "during", "after"] as const)(
    "[SY-278] what lies below another file system of the source is no extra (%s)",
    async (deleteTiming) => {
      write({ a: "1", "mnt/hidden": "" });
      write({ a: "1", "mnt/d/only-copy": "2", "mnt-not": "3", "z/extra": "4" }, destination);
      const mounted = join(source, "mnt");
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", mounted]);
      try {
        const options = { oneFileSystem: true, delete: true, deleteTiming };
        for (const prune of [true, false]) {
          expect(await run({ ...options, pruneEmptyDirs: prune })).toMatchObject({ failed: 0 });
          const left = readdirSync(destination, { recursive: true, encoding: "utf8" });
          expect(left.toSorted()).toEqual(["a", "mnt", "mnt/d", "mnt/d/only-copy"]);
        }
      } finally {
        execFileSync("umount", [mounted]);
      }
    },
  );

  it("[SY-12][SY-52] an unreadable directory: named, the rest done, nothing removed", () => {
    write({ "open/a": "1", "closed/b": "2" });
    write({ "closed/b": "2", extra: "x" }, destination);
    chmodSync(join(source, "closed"), 0);
    execFileSync("chown", ["-R", "65534:65534", root]);
    chmodSync(root, 0o755);
    const main = join(import.meta.dirname, "../../../cli/src/from-source.ts");
    const outcome = runAsNobody([
      ...SOURCE_ARGV,
      main,
      "sync",
      "--delete",
      "--json",
      `${source}/`,
      `${destination}/`,
    ]);
    expect(outcome.code).toBe(1);
    expect(outcome.stdout).toContain('"closed"');
    expect(readFileSync(join(destination, "open/a"), "utf8")).toBe("1");
    expect(readdirSync(destination).sort()).toEqual(["closed", "extra", "open"]);
    expect(readdirSync(join(destination, "closed"))).toEqual(["b"]);
  });

  it("a read-only destination is named, and nothing is done", async () => {
    mkdirSync(destination);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,ro", "tmpfs", destination]);
    try {
      write({ a: "1" });
      const { onEvent, events } = recorder();
      // The file, and the time of the directory itself.
      expect(await run({ onEvent })).toMatchObject({ failed: 2, created: 0 });
      expect(events.map(({ path, error }) => [path, error?.code])).toEqual([
        ["a", "read-only"],
        ["", "read-only"],
      ]);
    } finally {
      execFileSync("umount", [destination]);
    }
  });
});

function runAsNobody(args: readonly string[]): { code: number; stdout: string } {
  const command = [
    "--reuid",
    "65534",
    "--regid",
    "65534",
    "--clear-groups",
    process.execPath,
    ...args,
  ];
  try {
    const env = { ...process.env, HOME: root, XDG_CACHE_HOME: join(root, "cache") };
    return {
      code: 0,
      stdout: execFileSync("setpriv", command, {
        env,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      }),
    };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
    return { code: status, stdout: `${stdout}${stderr}` };
  }
}
