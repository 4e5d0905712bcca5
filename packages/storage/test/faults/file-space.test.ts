/** Full, read-only and forbidden places: the error is named, the old file stays, nothing is left. */
import { FileDriver } from "@omnisync/storage";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { bytesOf, failure, makeRoot, openFileDriver } from "../unit/file-helpers.ts";
import { runAsNobody } from "./file-child.ts";

const isRoot = process.getuid?.() === 0;

function mountTmpfs(options: string): string {
  const root = makeRoot();
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", root]);
  onTestFinished(() => {
    execFileSync("umount", ["-l", root]);
  });
  return root;
}

async function* stream(size: number): AsyncIterable<Uint8Array> {
  for (let done = 0; done < size; done += 65_536)
    yield Buffer.alloc(Math.min(65_536, size - done), 1);
}

describe.skipIf(!isRoot)("a full file system (needs root to mount one)", () => {
  let root = "";
  let driver: FileDriver;

  beforeEach(async () => {
    root = mountTmpfs("size=1m");
    driver = openFileDriver(root);
    await driver.write("old", bytesOf("old"));
  });

  const big = Buffer.alloc(3_000_000, 1);
  const source = async (size: number): Promise<{ driver: FileDriver; path: string }> => {
    const other = openFileDriver();
    await other.write("big", big.subarray(0, size));
    return { driver: other, path: "big" };
  };
  const calls: Record<string, () => Promise<unknown>> = {
    "write of bytes": () => driver.write("old", big.subarray(0, 1_048_576)),
    "write of many bytes": () => driver.write("old", big),
    "write of a stream": () => driver.write("old", stream(3_000_000)),
    "copy of a small file": async () => driver.copy(await source(1_048_576), "old"),
    "copy of a large file": async () => driver.copy(await source(3_000_000), "old"),
    stage: async () => {
      const stage = await driver.stage("old", 3_000_000);
      try {
        for (let at = 0; at < 3_000_000; at += 500_000) {
          await stage.write(at, big.subarray(at, at + 500_000));
        }
      } finally {
        await stage.abort();
      }
    },
    "stage that begins with a base": async () => {
      await driver.write("full", big.subarray(0, 600_000));
      try {
        await driver.stage("old", 600_000, { base: { path: "full" } });
      } finally {
        await driver.remove("full");
      }
    },
  };
  test.each(Object.entries(calls))("%s: no-space, old content stays", async (_, call) => {
    expect(await failure(call())).toMatchObject({ code: "no-space", path: "old" });
    expect(readFileSync(join(root, "old"), "utf8")).toBe("old");
    expect(readdirSync(root)).toEqual(["old"]);
    await driver.write("old", bytesOf("new"));
  });
});

describe.skipIf(!isRoot)("other limits (needs root to mount them)", () => {
  test("no inodes left: says so", async () => {
    const root = mountTmpfs("size=4m,nr_inodes=4");
    const driver = openFileDriver(root);
    for (const name of ["a", "b", "c"]) await driver.write(name, bytesOf("x"));
    for (const call of [
      () => driver.write("d", bytesOf("x")),
      () => driver.write("d", stream(400_000)),
      () => driver.mkdir("d"),
      () => driver.write("sub/d", bytesOf("x")),
    ]) {
      const error = await failure(call());
      expect(error.code).toBe("no-space");
      expect(error.message).toContain("inodes");
    }
    expect(readdirSync(root).sort()).toEqual(["a", "b", "c"]);
  });

  test("a read-only file system", async () => {
    const root = mountTmpfs("size=1m");
    writeFileSync(join(root, "old"), "old");
    execFileSync("mount", ["-o", "remount,ro", root]);
    const driver = openFileDriver(root);
    for (const call of [
      () => driver.write("old", bytesOf("x")),
      () => driver.write("d/new", bytesOf("x")),
      () => driver.remove("old"),
      () => driver.mkdir("d"),
      () => driver.move("old", "new"),
      () => driver.setAttributes("old", { mtime: 1 }),
      () => driver.writeLink("l", "t"),
    ]) {
      expect(await failure(call())).toMatchObject({ code: "read-only" });
    }
  });

  test("a root that is unmounted during a listing is an error", async () => {
    const root = mountTmpfs("size=8m");
    writeFileSync(join(root, "f"), "");
    for (let i = 0; i < 5000; i++) writeFileSync(join(root, `f${i}`), "");
    const driver = openFileDriver(root);
    const pages = driver.list("")[Symbol.asyncIterator]();
    await pages.next();
    execFileSync("umount", ["-l", root]);
    const rest = async (): Promise<void> => {
      while (!(await pages.next()).done);
    };
    expect(await failure(rest())).toMatchObject({ code: "changed" });
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", root]);
  });

  test("another file system: move says to copy", async () => {
    const root = makeRoot();
    mkdirSync(join(root, "m"));
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", join(root, "m")]);
    onTestFinished(() => {
      execFileSync("umount", ["-l", join(root, "m")]);
    });
    const driver = openFileDriver(root);
    await driver.write("a", bytesOf("x"));
    expect(await failure(driver.move("a", "m/a"))).toMatchObject({ code: "unsupported" });
    await driver.copy({ driver, path: "a" }, "m/a");
  });
});

describe("limits of the process", () => {
  test("EFBIG is too-large, and the old file stays", () => {
    const root = makeRoot();
    writeFileSync(join(root, "old"), "old");
    const script = `
      process.on("SIGXFSZ", () => {});
      for (const body of [Buffer.alloc(300_000), Buffer.alloc(3_000_000)]) {
        await driver.write("old", body).catch((error) => console.log(error.code));
      }`;
    expect(runAsNobody({ root, script, asIs: true, before: "ulimit -f 100;" })).toBe(
      "too-large\ntoo-large",
    );
    expect(readFileSync(join(root, "old"), "utf8")).toBe("old");
    expect(readdirSync(root)).toEqual(["old"]);
  });

  test("no descriptor when a thread is to start: it starts when there are some", () => {
    const root = makeRoot();
    const script = `
      const { openSync, closeSync } = await import("node:fs");
      for (let free = 0; free < 8; free++) {
        const other = new FileDriver({ root: driver.root, calls: "few" });
        const held = [];
        try {
          for (;;) held.push(openSync("/dev/null"));
        } catch {}
        for (const fd of held.splice(0, free)) closeSync(fd);
        setTimeout(() => held.forEach((fd) => closeSync(fd)), 150);
        await other.write("file" + free, Buffer.from("x"));
        await other.close();
        await driver.close();
      }`;
    runAsNobody({ root, script, asIs: true, before: "ulimit -n 60;" });
    expect(readdirSync(root)).toHaveLength(8);
  });

  test("[ST-18] a root that the file system does not take is an error, and nothing waits for ever", () => {
    const script = `console.log(await driver.write("file", Buffer.from("x")).catch(({ code }) => code));`;
    expect(runAsNobody({ root: "/proc/none/root", script, asIs: true })).toBe("not-found");
  });

  test("few descriptors: everything waits its turn", () => {
    const root = makeRoot();
    const script = `
      const names = Array.from({ length: 300 }, (_, i) => \`\${i % 40}/\${i}\`);
      await Promise.all(names.map((name) => driver.write(name, Buffer.from(name))));
      await Promise.all(names.map((name) => driver.copy({ driver, path: name }, "copy/" + name)));
      let count = 0;
      for await (const page of driver.list("", { recursive: true })) count += page.length;
      console.log(count);`;
    expect(runAsNobody({ root, script, asIs: true, before: "ulimit -n 60;" })).toBe("681");
  });
});

describe.skipIf(!isRoot)("permissions (needs root to become another user)", () => {
  test("what may not be read is told of, the rest goes on", () => {
    const root = makeRoot();
    for (const name of ["a", "closed", "z"]) {
      mkdirSync(join(root, name));
      writeFileSync(join(root, name, "file"), "x", { mode: name === "z" ? 0o600 : 0o644 });
    }
    execFileSync("chmod", ["755", root]);
    execFileSync("chmod", ["000", join(root, "closed")]);
    const script = `
      const onProblem = (problem) => console.log(problem.code, problem.path);
      for await (const page of driver.list("", { recursive: true, onProblem }))
        for (const entry of page) console.log(entry.path);
      const codes = await Promise.all([
        driver.list("", { recursive: true })[Symbol.asyncIterator]().next(),
        driver.read("z/file"),
        driver.stat("closed/file"),
        driver.write("a/new", Buffer.from("x")),
        driver.write("a/file", Buffer.from("x")),
        driver.write("new/file", Buffer.from("x")),
        driver.remove("a/file"),
        driver.move("a/file", "b"),
        driver.setAttributes("a/file", { mode: 0o777 }),
      ].map((call) => call.then(() => "fine", (error) => error.code)));
      console.log(new Set(codes));`;
    const output = runAsNobody({ root, script });
    rmSync(join(root, "closed"), { recursive: true });
    const lines = ["permission-denied closed", "a", "a/file", "closed", "z", "z/file"];
    expect(output).toBe([...lines, "Set(1) { 'permission-denied' }"].join("\n"));
    expect(readdirSync(join(root, "a"))).toEqual(["file"]);
  });

  test("[ST-18] a root that cannot be made: each call says why, not that its path is missing", () => {
    const root = makeRoot();
    execFileSync("chmod", ["755", root]);
    const script = `
      const calls = [
        () => driver.write("file", Buffer.from("x")),
        () => driver.write("new/file", Buffer.from("x")),
        () => driver.mkdir("new"),
        () => driver.writeLink("link", "x"),
      ];
      for (const call of calls) {
        const error = await call().catch((error) => error);
        console.log(error.code, error.path);
      }`;
    expect(runAsNobody({ root: join(root, "missing"), script }).split("\n")).toEqual(
      ["file", "new/file", "new", "link"].map((path) => `permission-denied ${path}`),
    );
  });

  test("[ST-18] a directory that cannot be listed is told under its path", () => {
    const root = makeRoot();
    mkdirSync(join(root, "a/closed"), { recursive: true });
    execFileSync("chmod", ["-R", "go=rX", root]);
    execFileSync("chmod", ["700", join(root, "a/closed")]);
    const script = `
      for (const recursive of [false, true]) {
        const pages = driver.list("a/closed", { recursive })[Symbol.asyncIterator]();
        const error = await pages.next().catch((error) => error);
        console.log(error.code, error.path);
      }`;
    const line = "permission-denied a/closed";
    expect(runAsNobody({ root, script })).toBe([line, line].join("\n"));
  });
});
