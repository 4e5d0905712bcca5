/**
 * `npm run bench -w packages/delta [-- <MiB> [<block KiB>]]`: what signatures and deltas cost, from the page
 * cache, in one thread. Rates by the wall clock and by CPU time: on a busy machine only the second means something.
 */
import { randomFillSync } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseBlockSize } from "../src/block-size.ts";
import { runFileJob } from "../src/file-jobs.ts";
import type { Delta, Signature } from "../src/index.ts";

const MIB = 1024 ** 2;
const size = Number(process.argv[2] ?? 1024) * MIB;
const blockSize =
  process.argv[3] === undefined ? chooseBlockSize(size) : Number(process.argv[3]) * 1024;
const folder = mkdtempSync(join(process.env["OMNISYNC_BENCH_DIR"] ?? tmpdir(), "omnisync-delta-"));

interface Content {
  readonly path: string;
  readonly signature: Signature;
}

try {
  console.log(`${size / MIB} MiB, blocks of ${blockSize / 1024} KiB`);
  const random = write("random", (piece) => randomFillSync(piece));
  // The first run compiles.
  signatureOf(random);
  const signature = rate("signature", () => signatureOf(random));
  const old = { path: random, signature };
  delta("unchanged", old, random);
  // One percent of the bytes, in stretches of 256 KiB.
  const scattered = copyOf("scattered", random, (piece, index) => {
    if (index % 25 === 0) randomFillSync(piece, 300_000, 256 * 1024);
    return piece;
  });
  delta("1 % scattered", old, scattered);
  rmSync(scattered);
  const shifted = copyOf("shifted", random, (piece, index) =>
    index === 0 ? Buffer.concat([Buffer.from([1]), piece]) : piece,
  );
  delta("a byte in front", old, shifted);
  rmSync(shifted);
  const other = write("other", (piece) => randomFillSync(piece));
  delta("all different", old, other);
  rmSync(other);
  rmSync(random);

  const zeros = write("zeros", (piece) => piece.fill(0));
  const zero = { path: zeros, signature: signatureOf(zeros) };
  delta("zeros, unchanged", zero, zeros);
  const ones = write("ones", (piece) => piece.fill(1));
  delta("ones on zeros", zero, ones);
  rmSync(zeros);
  // Each block has the sums of all ones, and is not.
  const colliding = write("colliding", (piece) => {
    piece.fill(1);
    // +1, -1, -1, +1: both sums stay.
    for (let at = 10; at < piece.length; at += 64 * 1024) piece.set([2, 0, 0, 2], at);
    return piece;
  });
  const collided = { path: colliding, signature: signatureOf(colliding) };
  delta("colliding sums", collided, ones);
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`);

function signatureOf(path: string): Signature {
  return runFileJob({ kind: "sign", path, blockSize }, () => undefined) as Signature;
}

function delta(name: string, { signature }: Content, path: string): void {
  const { ops } = rate(name, () => {
    const job = { kind: "match", path, old: signature, sign: true } as const;
    return runFileJob(job, () => undefined) as Delta;
  });
  const sent = ops.reduce((sum, op) => (op.kind === "insert" ? sum + op.length : sum), 0);
  console.log(`    ${(sent / MIB).toFixed(2)} MiB new, ${ops.length} operations`);
}

function rate<T>(name: string, work: () => T): T {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const result = work();
  const wall = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (user + system) / 1e6;
  const gigabytes = size / 1e9;
  const rates = `${(gigabytes / wall).toFixed(2)} GB/s, ${(gigabytes / seconds).toFixed(2)} GB per CPU second`;
  console.log(`${name.padEnd(18)} ${rates}`);
  return result;
}

function write(name: string, fill: (piece: Buffer) => Uint8Array): string {
  const path = join(folder, name);
  const file = openSync(path, "w");
  const piece = Buffer.alloc(MIB);
  for (let done = 0; done < size; done += MIB) {
    const bytes = fill(piece);
    if (writeSync(file, bytes) !== bytes.length) throw new Error(`${path}: not all was written`);
  }
  closeSync(file);
  return path;
}

function copyOf(
  name: string,
  source: string,
  change: (piece: Buffer, index: number) => Uint8Array,
): string {
  const input = openSync(source, "r");
  let index = 0;
  const path = write(name, (piece) => {
    readSync(input, piece, 0, MIB, null);
    return change(piece, index++);
  });
  closeSync(input);
  return path;
}
