/** Trees whose names differ in case only, brought to disks that do not tell them apart: shared by their fake and the real ones. */
import { type Driver, FileDriver } from "@omnisync/storage";
import { type Report, type SyncOptions, sync } from "@omnisync/sync";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { place } from "./stores.ts";

const T = 1_700_000_000;

export type Files = Readonly<Record<string, string>>;

export function makeRoot(): string {
  const root = mkdtempSync(join(tmpdir(), "omnisync-names-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

function fill(root: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
    utimesSync(join(root, path), T, T);
  }
}

function contents(root: string, at = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(join(root, at))) {
    if (name.startsWith(".omnisync")) continue;
    const path = join(at, name);
    if (statSync(join(root, path)).isDirectory()) Object.assign(found, contents(root, path));
    else found[path] = readFileSync(join(root, path), "utf8");
  }
  return found;
}

function opened<T extends Driver>(driver: T): T {
  onTestFinished(() => driver.close());
  return driver;
}

export interface Scene {
  readonly source: Driver;
  readonly destination: Driver;
  readonly here: () => Record<string, string>;
  readonly there: () => Record<string, string>;
}

export type MakeScene = (source: Files, destination?: Files) => Scene;

/** A source on a disk like any other, and what `open` makes of a directory. */
export function makeScene(
  open: (root: string) => Driver,
  source: Files,
  destination: Files,
): Scene {
  const [from, to] = [makeRoot(), makeRoot()];
  const there = opened(open(to));
  fill(from, source);
  fill(to, destination);
  return {
    source: opened(openDisk(from)),
    destination: there,
    here: () => contents(from),
    there: () => contents(to),
  };
}

export function openDisk(root: string): Driver {
  return new FileDriver({ root, calls: "few" });
}

export const run = ({ source, destination }: Scene, options: SyncOptions): Promise<Report> =>
  sync(place(source), place(destination), options);

export const codes = ({ failures }: Report): string[] =>
  failures.map(({ path, error }) => `${path}: ${error.code}`).sort();

export function addTwins(make: MakeScene): void {
  const twins = { A: "upper", a: "lower", b: "b" };
  const ways: readonly [string, SyncOptions][] = [
    ["copy", {}],
    ["move", { move: true }],
    ["one by one", { move: true, jobs: 1 }],
    ["delayUpdates", { move: true, delayUpdates: true }],
    ["tempDirectory", { move: true, tempDirectory: "" }],
    ["inplace", { move: true, inplace: true }],
    ["partial", { move: true, partial: true }],
  ];
  it.each(ways)(
    "[SY-46] of two twins one is written and the other fails: %s",
    async (_, options) => {
      const scene = make(twins);
      const report = await run(scene, options);
      expect(report.failed).toBe(1);
      const there = Object.values(scene.there()).sort();
      expect([
        ["b", "lower"],
        ["b", "upper"],
      ]).toContainEqual(there);
      const left = Object.values(scene.here());
      // Each content is still to be found.
      expect(new Set([...there, ...left])).toEqual(new Set(["upper", "lower", "b"]));
      expect(report.failures[0]?.error.message).toMatch(/does not tell/);
    },
  );

  it.each([
    ["partial", { partial: true }],
    ["partial in a directory", { partial: { directory: ".part" } }],
  ])("[SY-46] nor are large ones mixed where their parts wait: %s", async (_, options) => {
    const [upper, lower] = ["upper", "LOWER"].map((word) => word.repeat(600_000));
    const scene = make({ A: upper!, a: lower! });
    const report = await run(scene, { move: true, ...options });
    expect(report.failed).toBe(1);
    const [there] = Object.entries(scene.there()).filter(([path]) => !path.startsWith(".part"));
    const all = [there![1], ...Object.values(scene.here())];
    expect(all.map((content) => content.slice(0, 5)).sort()).toEqual(["LOWER", "upper"]);
    expect(all.every((content) => content === upper || content === lower)).toBe(true);
  });

  it("[SY-46] nor is one lost in directories that are twins", async () => {
    const scene = make({ "D/x": "upper", "d/x": "lower" });
    const report = await run(scene, { move: true });
    expect(report.failed).toBeGreaterThan(0);
    const all = [...Object.values(scene.there()), ...Object.values(scene.here())];
    expect(all.sort()).toEqual(["lower", "upper"]);
  });
}
