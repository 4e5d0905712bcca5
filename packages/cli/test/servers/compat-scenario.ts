/** Trees that rsync and omnisync are let loose on, and what they look like afterwards. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  lutimesSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** Seconds since 1970. What the programs touch is later than all of them. */
export const OLD = 1_700_000_000;

/** Makes things below one directory; paths are relative to it. */
export class Scene {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  file(path: string, content: string, { time = OLD, mode = 0o644 } = {}): this {
    const full = this.#make(path);
    writeFileSync(full, content);
    chmodSync(full, mode);
    utimesSync(full, time, time);
    return this;
  }

  directory(path: string, { time = OLD, mode = 0o755 } = {}): this {
    const full = this.#make(path);
    mkdirSync(full, { recursive: true });
    chmodSync(full, mode);
    utimesSync(full, time, time);
    return this;
  }

  link(path: string, target: string, time: number = OLD): this {
    const full = this.#make(path);
    symlinkSync(target, full);
    lutimesSync(full, time, time);
    return this;
  }

  hardLink(path: string, to: string): this {
    linkSync(join(this.root, to), this.#make(path));
    return this;
  }

  /** Super-user only. */
  owner(path: string, uid: number, gid: number): this {
    lchownSync(join(this.root, path), uid, gid);
    return this;
  }

  mode(path: string, mode: number): this {
    chmodSync(join(this.root, path), mode);
    return this;
  }

  fifo(path: string): this {
    execFileSync("mkfifo", [this.#make(path)]);
    utimesSync(join(this.root, path), OLD, OLD);
    return this;
  }

  remove(path: string): this {
    rmSync(join(this.root, path), { recursive: true });
    return this;
  }

  /** Directories were changed by what was made in them: gives all of them the old time. */
  settle(): void {
    const visit = (directory: string): void => {
      for (const entry of readdirSync(directory, { withFileTypes: true })) {
        if (entry.isDirectory()) visit(join(directory, entry.name));
      }
      utimesSync(directory, OLD, OLD);
    };
    visit(this.root);
  }

  #make(path: string): string {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    return join(this.root, path);
  }
}

/** A tree as lines that can be compared: kind, mode, owner, time if it is an old one, links, content. */
export function snapshot(root: string, below = ""): readonly string[] {
  const inodes = new Map<number, string>();
  return describe(root, below, inodes);
}

function describe(root: string, below: string, inodes: Map<number, string>): readonly string[] {
  const lines: string[] = [];
  for (const name of readdirSync(join(root, below)).sort()) {
    const path = below === "" ? name : `${below}/${name}`;
    const full = join(root, path);
    const stat = lstatSync(full);
    const seconds = Math.floor(stat.mtimeMs / 1000);
    const facts = [
      path,
      (stat.mode & 0o7777).toString(8),
      `${stat.uid}:${stat.gid}`,
      // What was written now is never equal: that it was is what counts.
      seconds > OLD + 10_000_000 ? "now" : String(seconds - OLD),
    ];
    if (stat.isSymbolicLink()) lines.push([...facts, `-> ${readlinkSync(full)}`].join(" "));
    else if (stat.isDirectory()) {
      lines.push([...facts, "directory"].join(" "), ...describe(root, path, inodes));
    } else if (stat.isFile()) {
      const first = inodes.get(stat.ino) ?? path;
      inodes.set(stat.ino, first);
      const holes = stat.size > 100_000 && stat.blocks * 512 < stat.size / 2 ? " sparse" : "";
      const content = stat.size > 200 ? `${stat.size} bytes` : readFileSync(full, "utf8");
      lines.push([...facts, `=${first}${holes}`, content].join(" "));
    } else lines.push([...facts, stat.isFIFO() ? "fifo" : "other"].join(" "));
  }
  return lines;
}
