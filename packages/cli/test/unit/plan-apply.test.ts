import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { lines, runCli } from "../run-cli.ts";
import { addTo, createTree, treeOf } from "../temp-tree.ts";

vi.setConfig({ testTimeout: 30_000 });

const TREE = {
  "src/new.txt": "12345",
  "src/same": "same",
  "src/sub/b": "bb",
  "dst/src/same": "same",
  "dst/src/extra": "x",
};

test("a plan is written, looked at and applied: the destination is what sync would make of it", async () => {
  const root = createTree(TREE);
  const made = await runCli(["plan", "--delete", "src", "dst", "-o", "a.plan"], { cwd: root });
  expect(made).toMatchObject({ code: 0, stdout: "" });
  expect(made.stderr).toContain("would copy 2 files (7 B), 0 of them replaced, 1 to remove (1 B)");
  expect(treeOf(root)["dst/src/extra"]).toBe("x");
  const [header] = lines(readFileSync(join(root, "a.plan"), "utf8"));
  expect(JSON.parse(header!)).toMatchObject({
    format: "omnisync-plan",
    source: { driver: "file", id: `file://${root}/src`, path: "" },
    destination: {
      id: `file://${root}/dst/src`,
      open: { driver: "file", root: `${root}/dst/src` },
    },
  });

  // From anywhere: the places are in the plan.
  const dry = await runCli(["apply", "-n", "-v", join(root, "a.plan")], { cwd: "/" });
  expect(dry).toMatchObject({ code: 0 });
  expect(lines(dry.stdout)).toContain("removed extra");
  const done = await runCli(["apply", "--json", join(root, "a.plan")], { cwd: "/" });
  expect(done).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(lines(done.stdout).at(-1)!)).toMatchObject({
    kind: "summary",
    created: 2,
    removed: 1,
    movedOn: 0,
  });
  const { "a.plan": _, ...tree } = treeOf(root);
  expect(tree).toEqual({
    "src/new.txt": "12345",
    "src/same": "same",
    "src/sub/b": "bb",
    "dst/src/new.txt": "12345",
    "dst/src/same": "same",
    "dst/src/sub/b": "bb",
  });
  const again = await runCli(["sync", "--delete", "--json", "-q", "src", "dst"], { cwd: root });
  expect(JSON.parse(lines(again.stdout).at(-1)!)).toMatchObject({ created: 0, attributesSet: 0 });
});

test("[SY-324] a path that moved on is refused with exit code 4, the others are done", async () => {
  const root = createTree(TREE);
  await runCli(["plan", "--delete", "src/", "dst/src/", "-o", "a.plan"], { cwd: root });
  addTo(root, "src/new.txt", "changed since");
  const { code, stderr } = await runCli(["apply", "a.plan"], { cwd: root });
  expect(code).toBe(4);
  expect(stderr).toContain(
    "new.txt: moved on since the plan was made: at the source its size was 5",
  );
  expect(stderr).toContain("1 path moved on since the plan was made: make a new plan");
  expect(stderr).toContain("1 extra entry not removed because something failed");
  const tree = treeOf(root);
  expect(tree["dst/src/new.txt"]).toBeUndefined();
  expect(tree["dst/src/sub/b"]).toBe("bb");
  expect(tree["dst/src/extra"]).toBe("x");
});

test("a single file, and a move", async () => {
  const root = createTree({ f: "content", "dst/": "" });
  await runCli(["plan", "--remove-source-files", "f", "dst/g", "-o", "a.plan"], { cwd: root });
  expect(treeOf(root)["f"]).toBe("content");
  expect(await runCli(["apply", "a.plan"], { cwd: root })).toMatchObject({ code: 0 });
  const { "a.plan": _, ...tree } = treeOf(root);
  expect(tree).toEqual({ "dst/g": "content" });
  expect(await runCli(["apply", "a.plan"], { cwd: root })).toMatchObject({ code: 0 });
});

test("without -o the plan is stdout, and nothing else is", async () => {
  const root = createTree(TREE);
  const { code, stdout } = await runCli(["plan", "-v", "src/", "dst/src/"], { cwd: root });
  expect(code).toBe(0);
  const parsed = lines(stdout).map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(parsed.map(({ action }) => action)).toEqual([
    undefined,
    "copy",
    "mkdir",
    "copy",
    "attributes",
    undefined,
  ]);
  const bad = await runCli(["plan", "--json", "src/", "dst/src/"], { cwd: root });
  expect(bad).toMatchObject({ code: 2, stdout: "" });
});

test("a plan takes the place of an older one whole, and is for its owner only", async () => {
  const root = createTree({ ...TREE, "a.plan": "an older plan" });
  chmodSync(join(root, "a.plan"), 0o644);
  const reading = openSync(join(root, "a.plan"), "r");
  await runCli(["plan", "src/", "dst/src/", "-o", "a.plan"], { cwd: root });
  expect(readFileSync(reading, "utf8")).toBe("an older plan");
  closeSync(reading);
  expect(statSync(join(root, "a.plan")).mode & 0o777).toBe(0o600);
  expect(readdirSync(root).filter((name) => name.includes("plan"))).toEqual(["a.plan"]);
  expect(
    await runCli(["plan", "src/", "dst/src/", "-o", "/dev/null"], { cwd: root }),
  ).toMatchObject({ code: 0 });
  expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
});

test("[SY-324] a plan that removes nothing of what took the place of what it saw", async () => {
  const root = createTree({
    "src/keep": "k",
    "dst/gone/x": "x",
    "dst/file": "f",
    "outside/x": "precious",
  });
  await runCli(["plan", "--delete", "src/", "dst/", "-o", "a.plan"], { cwd: root });
  rmSync(join(root, "dst/gone"), { recursive: true });
  symlinkSync("../outside", join(root, "dst/gone"));
  rmSync(join(root, "dst/file"));
  mkdirSync(join(root, "dst/file"));
  writeFileSync(join(root, "dst/file/new"), "new");
  const { code } = await runCli(["apply", "a.plan"], { cwd: root });
  const tree = treeOf(root);
  expect([code, tree["outside/x"], tree["dst/file/new"]]).toEqual([4, "precious", "new"]);
});

test("[SY-324] nothing is written through a link that took the place of a directory", async () => {
  const root = createTree({ "src/d/x": "new", "dst/d/x": "old!", "outside/x": "old!" });
  await runCli(["plan", "src/", "dst/", "-o", "a.plan"], { cwd: root });
  rmSync(join(root, "dst/d"), { recursive: true });
  symlinkSync("../outside", join(root, "dst/d"));
  const { code } = await runCli(["apply", "a.plan"], { cwd: root });
  expect(code).not.toBe(0);
  expect(readFileSync(join(root, "outside/x"), "utf8")).toBe("old!");
});

test("[SY-325] -a: what rsync's -a keeps is planned and applied, special files too", async () => {
  const root = createTree({ "src/d/x": "x", "dst/": "" });
  execFileSync("mkfifo", [join(root, "src/pipe")]);
  chmodSync(join(root, "src/d"), 0o750);
  await runCli(["plan", "-a", "src/", "dst/", "-o", "a.plan"], { cwd: root });
  expect(await runCli(["apply", "a.plan"], { cwd: root })).toMatchObject({ code: 0 });
  expect(statSync(join(root, "dst/pipe")).isFIFO()).toBe(true);
  expect(statSync(join(root, "dst/d")).mode & 0o777).toBe(0o750);
  const again = await runCli(["apply", "--json", "a.plan"], { cwd: root });
  expect(JSON.parse(lines(again.stdout).at(-1)!)).toMatchObject({ linksWritten: 0, failed: 0 });
});

test("[SY-430] --backup-dir, --inplace and --partial are planned, and done when it is applied", async () => {
  const root = createTree({ "src/a": "newer", "dst/a": "old", "dst/extra": "x" });
  const flags = ["--delete", "--backup-dir=kept", "--inplace", "--partial"];
  const made = await runCli(["plan", ...flags, "src/", "dst/", "-o", "a.plan"], { cwd: root });
  expect(made).toMatchObject({ code: 0 });
  const { ino } = statSync(join(root, "dst/a"));
  expect(await runCli(["apply", "a.plan"], { cwd: root })).toMatchObject({ code: 0 });
  expect(statSync(join(root, "dst/a")).ino).toBe(ino);
  const { "a.plan": _, ...tree } = treeOf(root);
  expect(tree).toEqual({
    "src/a": "newer",
    "dst/a": "newer",
    "dst/kept/a": "old",
    "dst/kept/extra": "x",
  });
});

test("[SY-433] apply has the limits and hooks of sync", async () => {
  const root = createTree({ "src/a": "12345", "src/b": "12345", "dst/extra": "x" });
  const inside = (...argv: readonly string[]) => runCli(argv, { cwd: root });
  await inside("plan", "--delete", "src/", "dst/", "-o", "a.plan");
  const first = await inside("apply", "--max-transfer=7", "-j1", "a.plan");
  expect(first).toMatchObject({ code: 1 });
  expect(first.stderr).toContain("ended early");
  expect(treeOf(root)).toMatchObject({ "dst/a": "12345", "dst/extra": "x" });
  expect(treeOf(root)).not.toHaveProperty("dst/b");

  const hooks = [
    '--hook-before=test "$OMNISYNC_PATH" != b',
    "--hook-after=false",
    "--hook-timeout=9s",
  ];
  const failed = await inside("apply", ...hooks, "-W", "--bwlimit=00:00,1G 12:00,off", "a.plan");
  expect(failed).toMatchObject({ code: 1 });
  expect(failed.stderr).toContain("the hook before the transfer failed");
  expect(await inside("apply", "--max-duration=1h", "a.plan")).toMatchObject({ code: 0 });
  const { "a.plan": _, ...tree } = treeOf(root);
  expect(tree).toMatchObject({ "dst/a": "12345", "dst/b": "12345" });
  expect(tree).not.toHaveProperty("dst/extra");
});

test("what cannot be applied or carried is refused before anything is done", async () => {
  const root = createTree(TREE);
  const inside = (...argv: readonly string[]) => runCli(argv, { cwd: root });
  await inside("plan", "src/", "dst/src/", "-o", "a.plan");
  const plan = readFileSync(join(root, "a.plan"), "utf8");
  writeFileSync(join(root, "cut.plan"), plan.slice(0, -20));
  writeFileSync(join(root, "old.plan"), plan.replace('"version":1', '"version":0'));
  expect(await inside("apply", "cut.plan")).toMatchObject({ code: 2 });
  expect((await inside("apply", "old.plan")).stderr).toContain("make the plan again");
  expect(await inside("apply", "nowhere.plan")).toMatchObject({ code: 3 });
  const refused: readonly (readonly [flag: string, why: string])[] = [
    ["-H", "--hard-links cannot be planned: leave it out, or run omnisync sync with it"],
    ["-L", "--copy-links cannot be planned"],
    ["--copy-unsafe-links", "--copy-unsafe-links cannot be planned"],
    ["-k", "--copy-dirlinks cannot be planned"],
    ["-K", "--keep-dirlinks cannot be planned"],
    ["--fuzzy", "--fuzzy cannot be planned"],
    ["--link-dest=../other", "--link-dest cannot be planned"],
    ["--del", "--delete-during cannot be planned"],
    [`--backup-dir=${root}/old`, "a plan cannot carry a backup directory outside the destination"],
    ["--max-transfer=1M", "--max-transfer does not go into a plan: give it to omnisync apply"],
    ["--stop-after=5", "--max-duration (--stop-after, --stop-at) does not go into a plan"],
    ["--max-errors=1", "--max-errors does not go"],
    ["--hook-before=true", "--hook-before does not go"],
    ["--bwlimit=1M", "--bwlimit does not go"],
    ["-W", "--whole-file does not go"],
    ["--no-whole-file", "--no-whole-file does not go"],
    ["--sidecar", "--sidecar does not go"],
    ["--no-sidecar", "--no-sidecar does not go"],
    ["--no-resume", "--no-resume does not go"],
    ["--stats", "--stats does not go"],
    ["--progress", "--progress does not go"],
    ["--order=largest", "--order says nothing about a plan: leave it out"],
    ["--priority=x", "--priority says nothing"],
    ["--log-file=x", "--log-file says nothing"],
    ["-rlptgoD", "-rlptgoD: -o is short for --output here: write it by itself"],
    ["-rlptgo", "-rlptgo: -o is short for --output here"],
  ];
  for (const [flag, why] of refused) {
    const made = await inside("plan", flag, "src/", "dst/src/", "-o", "b.plan");
    expect(made, flag).toMatchObject({ code: 2, stderr: expect.stringContaining(why) });
  }
  expect(treeOf(root)["dst/src/new.txt"]).toBeUndefined();
});

test("[SY-329] a price table of one's own, and one that is wrong", async () => {
  const root = createTree({ ...TREE, "bad.json": '{"name":"x"}' });
  const table = { name: "mine", asOf: "2026-11-01", currency: "EUR", entries: [] };
  writeFileSync(join(root, "prices.json"), JSON.stringify(table));
  const inside = (...argv: readonly string[]) =>
    runCli(["plan", "src/", "dst/", "--json", "-q", "-o", "a.plan", ...argv], { cwd: root });
  const made = await inside("--prices", "prices.json");
  expect(JSON.parse(lines(made.stdout).at(-1)!)).toMatchObject({
    kind: "summary",
    cost: { currency: "EUR", table: { name: "mine" } },
  });
  expect((await inside("--prices", "bad.json")).stderr).toContain("asOf: is missing");
  rmSync(join(root, "prices.json"));
  expect(await inside("--prices", "prices.json")).toMatchObject({ code: 2 });
});
