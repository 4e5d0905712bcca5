/** What only a process of its own can show: exit codes, signals, pipes, the start itself. */
import { SOURCE_ARGV } from "@omnisync/testkit";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { addTo, createTree, treeOf } from "../temp-tree.ts";

const MAIN = fileURLToPath(new URL("../../src/from-source.ts", import.meta.url));
const BIN = fileURLToPath(new URL("../../bin/omnisync.js", import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(cwd: string, ...argv: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [...SOURCE_ARGV, MAIN, ...argv], {
    cwd,
    env: { ...process.env, XDG_CACHE_HOME: join(cwd, ".cache") },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function end(child: ChildProcess): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((done) => child.on("close", done));
  return { code, stdout, stderr };
}

const run = (cwd: string, ...argv: readonly string[]): Promise<Ended> => end(start(cwd, ...argv));

/** Waits until a transfer into `directory` has begun. */
async function begun(directory: string): Promise<void> {
  for (let i = 0; i < 400; i++) {
    try {
      if (readdirSync(directory).length > 0) return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error("the transfer did not begin");
}

const isRoot = process.getuid?.() === 0;

test.skipIf(!isRoot)(
  "[ST-18] what may not be listed is named, and tree shows the rest",
  async () => {
    const root = createTree({ "a/f": "f", "b/g": "g", c: "c" });
    chmodSync(root, 0o755);
    chmodSync(join(root, "a"), 0o700);
    const nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups", process.execPath];
    const asNobody = (...argv: readonly string[]): Ended => {
      const words = [...nobody, ...SOURCE_ARGV, MAIN, ...argv];
      const { status, ...output } = spawnSync("setpriv", words, { cwd: root, encoding: "utf8" });
      return { ...output, code: status };
    };
    const { code, stdout, stderr } = asNobody("tree", root);
    const shown = stdout.split("\n").slice(1);
    expect(shown).toEqual(["├── a/", "├── b/", "│   └── g", "└── c", "", expect.any(String), ""]);
    const line = `omnisync: ${root}/a: permission denied (EACCES)\n`;
    expect({ code, stderr }).toEqual({ code: 1, stderr: line });
    expect(asNobody("ls", `${root}/a`)).toMatchObject({ code: 1, stderr: line });
    expect(asNobody("du", `${root}/a`)).toMatchObject({ code: 1, stderr: line });
    expect(asNobody("rm", `${root}/c`)).toMatchObject({
      code: 1,
      stderr: `omnisync: ${root}/c: permission denied (EACCES)\n`,
    });
    const source = `omnisync: ${root}/a/: permission denied (EACCES)\n`;
    expect(asNobody("sync", `${root}/a/`, `${root}/to`)).toMatchObject({ code: 1, stderr: source });
  },
);

test("exit codes reach the shell", { timeout: 60_000 }, async () => {
  const root = createTree({ "a/f": "f", "b/g": "g" });
  const codes = await Promise.all([
    run(root, "sync", "-q", "a/", "c"),
    run(root, "check", "a/", "b/"),
    run(root, "sync", "--nope"),
    run(root, "ls", "missing"),
    run(root, "sync", "-q", "--delete", "--max-delete", "0", "a/", "b/"),
  ]);
  expect(codes.map(({ code }) => code)).toEqual([0, 1, 2, 3, 4]);
});

describe("Ctrl-C", { timeout: 60_000 }, () => {
  const slow = ["copy", "--bwlimit", "2M", "src/", "dst"] as const;

  function big(): string {
    const root = createTree({ "src/": "" });
    for (const name of ["one", "two", "three"])
      writeFileSync(join(root, "src", name), Buffer.alloc(4 * 1024 ** 2, name));
    return root;
  }

  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s stops in good order, exits with 130 and says how to go on",
    async (signal) => {
      const root = big();
      const child = start(root, ...slow);
      const ended = end(child);
      await begun(join(root, "dst"));
      child.kill(signal);
      const { code, stderr } = await ended;
      expect(code).toBe(130);
      expect(stderr).toContain("stopping in good order");
      expect(stderr).toContain("omnisync: interrupted: run the same command again to go on");
      const source = treeOf(join(root, "src"));
      for (const [path, content] of Object.entries(treeOf(join(root, "dst")))) {
        expect(source[path] === content, path).toBe(true);
      }
      expect((await run(root, "copy", "-q", "src/", "dst")).code).toBe(0);
      expect(treeOf(join(root, "dst"))).toEqual(source);
    },
  );
});

/** The exit code and stderr of a command whose stdout is what `redirect` says. */
function into(root: string, redirect: string, command: string): object {
  const line = `"${process.execPath}" ${SOURCE_ARGV.join(" ")} "${MAIN}" ${command} ${redirect}; exit \${PIPESTATUS[0]}`;
  const { status, stderr } = spawnSync("bash", ["-c", line], { cwd: root, encoding: "utf8" });
  return { status, stderr };
}

describe("a reader that goes away", { timeout: 60_000 }, () => {
  test.each(["cat src/big", "ls src", "diff src/ to", "sync -i src to", "rsync -av src/ to"])(
    "ends %s quietly",
    (command) => {
      const root = createTree({ "src/big": "x".repeat(4 * 1024 ** 2), "to/": "" });
      addMany(root);
      expect(into(root, "| head -c 3 >/dev/null", command)).toEqual({ status: 141, stderr: "" });
    },
  );
});

describe("a full disk under stdout", { timeout: 60_000 }, () => {
  const FULL = "stdout: no space left on device: what was printed is not complete\n";

  test.each([
    ...["version", "help", "ls src", "cat src/a", "hashsum md5 src", "plan src/ to"],
    ...["sync -i src/ to", "sync --json -q src/ to", "diff src/ to"],
  ])("fails %s, which is said", (command) => {
    const root = createTree({ "src/a": "a", "src/b": "b", "to/a": "other" });
    expect(into(root, ">/dev/full", command)).toEqual({
      status: 1,
      stderr: expect.toSatisfy((stderr: string) => stderr.endsWith(`omnisync: ${FULL}`)),
    });
  });

  test("has a code of its own in rsync's command line", () => {
    const root = createTree({ "src/a": "a" });
    expect(into(root, ">/dev/full", "rsync -av src/ to")).toEqual({
      status: 11,
      stderr: `rsync: ${FULL}rsync error: error in file IO (code 11) at omnisync [sender=3.5.0]\n`,
    });
  });

  test("ends a run that would go on for long, and is said once", () => {
    const root = createTree({ "src/": "" });
    addMany(root);
    for (const command of ["ls src", "sync -i src/ to"]) {
      expect(into(root, ">/dev/full", command)).toEqual({ status: 1, stderr: `omnisync: ${FULL}` });
    }
  });
});

function addMany(root: string): void {
  for (let i = 0; i < 3000; i++) writeFileSync(join(root, "src", `${"name".repeat(20)}${i}`), "");
}

test(
  "a terminal is never assumed: no progress and no colour in a pipe",
  { timeout: 60_000 },
  async () => {
    const root = createTree({ "src/f": "f" });
    const { stdout, stderr } = await run(root, "sync", "-v", "src/", "dst");
    expect(stdout + stderr).not.toContain("\u001b");
  },
);

test("a working directory that is gone is missed only by who needs it", { timeout: 60_000 }, () => {
  const root = createTree({ "gone/": "", "there/f": "f" });
  const inGone = (command: string): object => {
    const line = `cd gone && rmdir ../gone && "${process.execPath}" ${SOURCE_ARGV.join(" ")} "${MAIN}" ${command}`;
    const { status, stdout, stderr } = spawnSync("bash", ["-c", line], {
      cwd: root,
      encoding: "utf8",
    });
    addTo(root, "gone/", "");
    return { status, stdout, stderr };
  };
  expect(inGone("version --short")).toMatchObject({ status: 0, stderr: "" });
  expect(inGone(`ls "${root}/there"`)).toEqual({ status: 0, stdout: "f\n", stderr: "" });
  expect(inGone(`rm -r "${root}/there"`)).toEqual({ status: 0, stdout: "", stderr: "" });
  for (const command of ["ls src", "rsync -r x y"]) {
    expect(inGone(command)).toMatchObject({
      stdout: "",
      stderr: expect.stringContaining("the working directory does not exist any more: "),
    });
  }
});

describe("bin/omnisync.js", () => {
  test("says in one line that a Node is too old, and exits with 2", () => {
    const old = `Object.defineProperty(process.versions, "node", { value: "20.11.1" }); require(${JSON.stringify(BIN)})`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ["-e", old], {
      encoding: "utf8",
    });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toBe("omnisync: this is Node 20.11.1: install Node 22.19 or newer\n");
  });

  test("has no syntax that Node 12 does not know", async () => {
    const { readFileSync } = await import("node:fs");
    expect(readFileSync(BIN, "utf8")).not.toMatch(
      /=>|\?\.|\?\?|\bawait\b|\b(?:const|let)\b|^\s*import\s+[^(]/m,
    );
  });
});
