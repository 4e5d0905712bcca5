import { type Prune, type StorageError, comparePaths } from "@omnisync/storage";
import { execFileSync } from "node:child_process";
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { failure, listPaths, makeRoot, openFileDriver } from "./file-helpers.ts";

const NAMES = ["a", "a-b", "a.txt", "a b", "a0", "é", "\u{1F600}", "\uff5e", "b", "-x", "Z"];

/** Directories and files whose names differ in the characters around "/". */
function fill(root: string): void {
  for (const [index, name] of NAMES.entries()) {
    if (index % 2 === 1) {
      writeFileSync(join(root, name), "x");
      continue;
    }
    mkdirSync(join(root, name));
    for (const inner of NAMES) writeFileSync(join(root, name, inner), "y");
    mkdirSync(join(root, name, "a", "..", "sub"));
    writeFileSync(join(root, name, "sub", "file"), "");
  }
}

/** Many names of one file: names are cheaper to make than files. */
function makeNames(root: string, count: number): void {
  writeFileSync(join(root, "f0"), "");
  for (let i = 1; i < count; i++) linkSync(join(root, "f0"), join(root, `f${i}`));
}

/** Descriptors of this process that lead into `root`. */
function openBelow(root: string): number {
  const targets = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // The descriptor that was listing this very directory.
      return "";
    }
  });
  return targets.filter((target) => target.startsWith(root)).length;
}

describe("list", () => {
  test("[ST-33] is in byte order of the order key, whatever the names", async () => {
    const root = makeRoot();
    fill(root);
    const paths = await listPaths(openFileDriver(root));
    expect(paths).toHaveLength(readdirSync(root, { recursive: true }).length);
    expect(paths).toEqual([...paths].sort(comparePaths));
  });

  test("[ST-34] startAfter gives exactly what is greater, at every point", async () => {
    const root = makeRoot();
    fill(root);
    const driver = openFileDriver(root);
    const all = await listPaths(driver);
    const points = [...all, ...all.map((path) => `${path}-`), "", "\u{10ffff}"];
    for (const startAfter of points) {
      const expected = all.filter((path) => comparePaths(path, startAfter) > 0);
      expect(await listPaths(driver, "", { recursive: true, startAfter })).toEqual(expected);
    }
    const below = all.filter((path) => path.startsWith("a/") && comparePaths(path, "a/b") > 0);
    expect(await listPaths(driver, "a", { startAfter: "a/b" })).toEqual(
      below.filter((p) => !p.startsWith("a/sub/f")),
    );
    expect(await listPaths(driver, "a", { startAfter: "b" })).toEqual([]);
    expect(await listPaths(driver, "a", { startAfter: "Z" })).toHaveLength(NAMES.length + 1);
  });

  test("[ST-42] names that are not UTF-8 are told of, and the rest goes on", async () => {
    const root = makeRoot();
    mkdirSync(join(root, "d"));
    for (const name of ["good", "\ufffd", "z"]) writeFileSync(join(root, "d", name), "x");
    const bad = Buffer.concat([
      Buffer.from(`${root}/d/b`),
      Buffer.from([0xff, 0x0a]),
      Buffer.from("x"),
    ]);
    writeFileSync(bad, "x");
    const driver = openFileDriver(root);
    const problems: StorageError[] = [];
    const onProblem = (problem: StorageError): void => void problems.push(problem);
    const paths = await listPaths(driver, "", { recursive: true, onProblem });
    expect(paths).toEqual(["d/", "d/good", "d/z", "d/\ufffd"]);
    expect(problems).toMatchObject([{ code: "invalid-path", path: "d/b\\xff\\x0ax" }]);
    expect(await failure(listPaths(driver))).toMatchObject({ code: "invalid-path" });
  });

  test("more entries than a page, in one directory and in deep ones", async () => {
    const root = makeRoot();
    makeNames(root, 5000);
    let deep = root;
    for (let i = 0; i < 100; i++) mkdirSync((deep = join(deep, "d")));
    const paths = await listPaths(openFileDriver(root));
    expect(paths).toHaveLength(5100);
    expect(new Set(paths).size).toBe(5100);
  });

  test("[ST-124] does not descend into a link, and gives its target", async () => {
    const root = makeRoot();
    mkdirSync(join(root, "d"));
    writeFileSync(join(root, "d/x"), "x");
    symlinkSync("d", join(root, "link"));
    const driver = openFileDriver(root);
    expect(await listPaths(driver)).toEqual(["d/", "d/x", "link"]);
    expect(await driver.stat("link")).toMatchObject({ kind: "symlink", size: 1, linkTarget: "d" });
    expect(await failure(listPaths(driver, "link"))).toMatchObject({ code: "not-a-directory" });
  });

  test("[ST-291] does not enter what prune names", async () => {
    const root = makeRoot();
    for (const directory of ["out", "d/out", "d/in"])
      mkdirSync(join(root, directory), { recursive: true });
    for (const path of ["out/a", "d/out/a", "d/in/a", "z"]) writeFileSync(join(root, path), "");
    writeFileSync(Buffer.concat([Buffer.from(`${root}/d/out/`), Buffer.from([0xff])]), "");
    const prune: Prune = {
      before: "",
      rules: [{ enter: false, subject: "name", expression: /^out$/ }],
    };
    const driver = openFileDriver(root);
    const told = ["d/", "d/in/", "d/in/a", "d/out/", "out/", "z"];
    expect(await listPaths(driver, "", { recursive: true, prune })).toEqual(told);
    expect(await listPaths(driver, "out", { recursive: true, prune })).toEqual(["out/a"]);
  });

  test("[ST-291] leaves what leave names soon, and goes on behind it", async () => {
    const root = makeRoot();
    for (const directory of ["a/in/deep", "b"])
      mkdirSync(join(root, directory), { recursive: true });
    makeNames(join(root, "a/in/deep"), 3000);
    makeNames(join(root, "a/in"), 500);
    for (const path of ["a/z", "b/z", "z"]) writeFileSync(join(root, path), "");
    const driver = openFileDriver(root);
    const told = await listPaths(driver, "", { recursive: true, leave: () => "a/in" });
    expect(told.filter((path) => !/^a\/in\/./.test(path))).toEqual([
      "a/",
      "a/in/",
      "a/z",
      "b/",
      "b/z",
      "z",
    ]);
    expect(told.length).toBeLessThan(2000);
    expect(openBelow(root)).toBeLessThanOrEqual(1);
  });

  test("[ST-41] a root that vanishes meanwhile is an error, not an end", async () => {
    const root = makeRoot();
    makeNames(root, 4000);
    const driver = openFileDriver(root);
    const pages = driver.list("", { recursive: true })[Symbol.asyncIterator]();
    await pages.next();
    rmSync(root, { recursive: true });
    const rest = async (): Promise<void> => {
      while (!(await pages.next()).done);
    };
    expect(await failure(rest())).toMatchObject({ code: "changed" });
    expect(await failure(listPaths(driver))).toMatchObject({ code: "not-found" });
    expect(await driver.stat("")).toBeUndefined();
    expect(await failure(driver.write("f", new Uint8Array(1)))).toMatchObject({
      code: "not-found",
    });
  });

  test("[ST-41] a root that is replaced meanwhile is an error", async () => {
    const root = makeRoot();
    makeNames(root, 4000);
    const driver = openFileDriver(root);
    const pages = driver.list("")[Symbol.asyncIterator]();
    await pages.next();
    renameSync(root, `${root}-old`);
    mkdirSync(root);
    const rest = async (): Promise<void> => {
      while (!(await pages.next()).done);
    };
    expect(await failure(rest())).toMatchObject({ code: "changed" });
    rmSync(`${root}-old`, { recursive: true });
  });

  test("a FIFO is an entry of kind other", async () => {
    const root = makeRoot();
    execFileSync("mkfifo", [join(root, "fifo")]);
    const driver = openFileDriver(root);
    expect(await driver.stat("fifo")).toMatchObject({ kind: "other", size: 0 });
    expect(await listPaths(driver)).toEqual(["fifo"]);
  });

  test("many listings that are left early leave no descriptor open", async () => {
    const root = makeRoot();
    makeNames(root, 3000);
    mkdirSync(join(root, "a/b/c"), { recursive: true });
    const driver = openFileDriver(root);
    await listPaths(driver);
    for (let i = 0; i < 50; i++) for await (const _ of driver.list("", { recursive: true })) break;
    await failure(listPaths(driver, "missing"));
    await failure(listPaths(driver, "a/b/missing"));
    expect(openBelow(root)).toBe(0);
  });
});

test("[ST-119] a link whose target is not UTF-8 is one like any other, but for its text", async () => {
  const root = makeRoot();
  const driver = openFileDriver(root);
  symlinkSync(Buffer.from([0xff]), join(root, "link"));
  const problems: StorageError[] = [];
  const onProblem = (problem: StorageError): void => void problems.push(problem);
  for (const recursive of [false, true]) {
    expect(await listPaths(driver, "", { recursive, onProblem })).toEqual(["link"]);
  }
  expect(problems).toEqual([]);
  expect(await driver.stat("link")).toMatchObject({ kind: "symlink", size: 1 });
  expect(await failure(driver.readLink("link"))).toMatchObject({ code: "invalid-path" });
  await driver.move("link", "moved");
  await driver.remove("moved");
  expect(readdirSync(root)).toEqual([]);
});
