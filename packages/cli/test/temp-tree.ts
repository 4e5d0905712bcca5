/** Local directories for tests: made of a table, removed at the end of the test. */
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** A path ending in "/" is a directory, a content beginning with "-> " a link. */
export type Tree = Readonly<Record<string, string>>;

const TIME = new Date("2026-01-02T03:04:05Z");

export function createTree(tree: Tree = {}): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "omnisync-cli-")));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(tree)) addTo(root, path, content);
  return root;
}

export function addTo(root: string, path: string, content: string): void {
  const full = join(root, path);
  if (path.endsWith("/")) return void mkdirSync(full, { recursive: true });
  mkdirSync(dirname(full), { recursive: true });
  if (content.startsWith("-> ")) return symlinkSync(content.slice(3), full);
  writeFileSync(full, content);
  utimesSync(full, TIME, TIME);
}

/** The tree under a directory in the form that `createTree` takes. */
export function treeOf(root: string, below = ""): Tree {
  const found: Record<string, string> = {};
  for (const name of readdirSync(join(root, below)).sort()) {
    const path = below === "" ? name : `${below}/${name}`;
    const stat = lstatSync(join(root, path));
    if (stat.isSymbolicLink()) found[path] = `-> ${readlinkSync(join(root, path))}`;
    else if (stat.isDirectory()) {
      const inside = treeOf(root, path);
      Object.assign(found, Object.keys(inside).length === 0 ? { [`${path}/`]: "" } : inside);
    } else found[path] = readFileSync(join(root, path), "utf8");
  }
  return found;
}
