import { leadsOut } from "@omnisync/storage";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { failure, listPaths, makeRoot, openFileDriver, readText } from "./file-helpers.ts";

function tree(): string {
  const root = makeRoot();
  mkdirSync(join(root, "in/d"), { recursive: true });
  mkdirSync(join(root, "out/e"), { recursive: true });
  writeFileSync(join(root, "in/d/file"), "inside");
  writeFileSync(join(root, "out/e/file"), "outside");
  symlinkSync("d", join(root, "in/to-dir"));
  symlinkSync("d/file", join(root, "in/to-file"));
  symlinkSync("../out/e", join(root, "in/away-dir"));
  symlinkSync("../out/e/file", join(root, "in/away"));
  symlinkSync("nowhere", join(root, "in/dangling"));
  return join(root, "in");
}

const ALL_OPTIONS = { recursive: true, onProblem: (): void => {} };

it("[ST-266] links stand for what they point to: all of them", async () => {
  const view = openFileDriver(tree()).followLinks({ which: "all" });
  expect(await listPaths(view, "", ALL_OPTIONS)).toEqual([
    "away",
    "away-dir/",
    "away-dir/file",
    "d/",
    "d/file",
    "to-dir/",
    "to-dir/file",
    "to-file",
  ]);
  expect(await readText(view, "away-dir/file")).toBe("outside");
  expect(await view.stat("away")).toMatchObject({ kind: "file", size: 7 });
  expect(await view.stat("dangling")).toBeUndefined();
  const block = await view.readBlock("to-file", { offset: 0, length: 6 });
  expect(Buffer.from(block.bytes).toString()).toBe("inside");
});

it("[ST-266] only those that lead out, and only those to directories", async () => {
  const driver = openFileDriver(tree());
  const unsafe = driver.followLinks({ which: "unsafe" });
  const seen = async (path: string): Promise<string | undefined> => (await unsafe.stat(path))?.kind;
  expect(await Promise.all(["away", "away-dir", "to-dir", "to-file"].map(seen))).toEqual([
    "file",
    "directory",
    "symlink",
    "symlink",
  ]);
  const directories = driver.followLinks({ which: "directories" });
  const listed = await listPaths(directories, "", ALL_OPTIONS);
  expect(listed).toContain("away-dir/file");
  expect(listed).toContain("to-file");
  expect((await directories.stat("to-file"))?.kind).toBe("symlink");
  expect((await directories.stat("dangling"))?.kind).toBe("symlink");
});

it("[ST-266] links that lead back are a problem, and the listing ends", async () => {
  const root = tree();
  symlinkSync("../..", join(root, "d/up"));
  const problems: string[] = [];
  const view = openFileDriver(root).followLinks({ which: "all" });
  const options = {
    recursive: true,
    onProblem: (problem: Error) => void problems.push(problem.message),
  };
  await listPaths(view, "", options);
  expect(problems.some((text) => text.includes("no end"))).toBe(true);
});

it("[ST-266] the driver itself follows nothing", async () => {
  const root = tree();
  const driver = openFileDriver(root);
  driver.followLinks({ which: "all" });
  expect((await failure(driver.read("away"))).code).toBe("unsupported");
  expect((await driver.stat("away"))?.kind).toBe("symlink");
});

it("[ST-267] another file system is told, not entered", async () => {
  const other = mkdtempSync("/dev/shm/omnisync-other-");
  onTestFinished(() => rmSync(other, { recursive: true }));
  writeFileSync(join(other, "file"), "x");
  const root = tree();
  symlinkSync(other, join(root, "mounted"));
  const view = openFileDriver(root).followLinks({ which: "all" });
  expect(await listPaths(view, "", ALL_OPTIONS)).toContain("mounted/file");
  const listed = await listPaths(view, "", { ...ALL_OPTIONS, oneFileSystem: true });
  expect(listed).toContain("mounted/");
  expect(listed).not.toContain("mounted/file");
  const pages = view.list("", { ...ALL_OPTIONS, oneFileSystem: true });
  const told = (await Array.fromAsync(pages)).flat().filter(({ notEntered }) => notEntered);
  expect(told.map(({ path }) => path)).toEqual(["mounted"]);
});

it("[ST-268] which links lead out", () => {
  const cases: readonly (readonly [path: string, target: string, out: boolean])[] = [
    ["a", "b", false],
    ["a", "../b", true],
    ["d/a", "../b", false],
    ["d/a", "../../b", true],
    ["d/a", "./../b", false],
    ["d/e/a", "..//../b", false],
    ["a", "/etc/passwd", true],
    ["a", "", true],
    ["d/a", "x/../../b", true],
    ["d/a", "x/..", true],
    ["d/a", "..", false],
    ["a", "..", true],
  ];
  for (const [path, target, out] of cases)
    expect([path, target, leadsOut(path, target)]).toEqual([path, target, out]);
});
