/** Trees of files to copy, the same ones every time. */
import {
  closeSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** `count` files of `size` bytes (or of mixed sizes), a hundred to a folder; contents all differ. */
export function makeTree(
  root: string,
  count: number,
  size: number | ((i: number) => number),
): string {
  const random = xorshift(42);
  for (let i = 0; i < count; i++) {
    const folder = join(root, `d${String(Math.floor(i / 100)).padStart(5, "0")}`);
    if (i % 100 === 0) mkdirSync(folder, { recursive: true });
    const bytes = Buffer.alloc(typeof size === "number" ? size : size(i), random() & 0xff);
    if (bytes.length >= 8) bytes.writeDoubleLE(i + random(), 0);
    writeFileSync(join(folder, `file-${String(i).padStart(7, "0")}.dat`), bytes);
  }
  return root;
}

/** One file of random bytes. */
export function makeFile(path: string, size: number): string {
  const random = xorshift(7);
  const block = Buffer.alloc(1024 * 1024);
  const file = openSync(path, "w");
  for (let at = 0; at < size; at += block.length) {
    for (let i = 0; i < block.length; i += 4) block.writeInt32LE(random() | 0, i);
    writeSync(file, block, 0, Math.min(block.length, size - at));
  }
  closeSync(file);
  return path;
}

/** Into the page cache, a file or all files below a folder: rclone tells the system to forget what it has read. */
export function warm(path: string): void {
  const memory = Buffer.allocUnsafeSlow(1024 * 1024);
  for (const file of filesBelow(path)) {
    const descriptor = openSync(file, "r");
    while (readSync(descriptor, memory) > 0);
    closeSync(descriptor);
  }
}

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  };
}
