import { execFileSync } from "node:child_process";
import { randomFillSync } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { type Contestant, type Job, type Row, compete, rowOf } from "../job.ts";
import type { Command } from "../measure.ts";
import { rsync } from "../peers.ts";
import { makeFile } from "../trees.ts";

const MIB = 1024 ** 2;
const SIZE = 4096 * MIB;
/** In the page cache a few files of 4 GiB have room; these are for rates alone. */
const SIZE_MADE_SLOW = 2048 * MIB;
const MOST_MIB = 250e6 / MIB;

export const deltaSignature: Job = {
  name: "delta-signature",
  title: "the signature of a file of 4 GiB, in the page cache",
  mark: "≥ 1.5 GB/s with one thread, ≥ 2.5 with two; peak ≤ 250 MB",
  async run({ scratch, runs }) {
    const file = oldFile(scratch);
    const target = (name: string): string => join(scratch, name);
    const rows = await compete(
      [
        { name: "omnisync, 1 thread", command: () => sign(file, target("one.hssig"), 1) },
        { name: "omnisync, 2 threads", command: () => sign(file, target("two.hssig"), 2) },
        { name: "rdiff signature", command: () => rdiff("signature", file, target("old.rdiff")) },
        {
          name: "zsyncmake",
          runs: 1,
          command: () => ({
            program: "zsyncmake",
            args: ["-u", "old", "-o", target("old.zsync"), file],
          }),
        },
      ],
      runs,
    );
    const [one, two] = ["1 thread", "2 threads"].map((name) => rowOf(rows, `omnisync, ${name}`));
    const rates = [one!, two!].map(({ wall }) => rate(SIZE, wall));
    const peak = Math.max(one!.memory, two!.memory);
    return {
      rows,
      reached: `${rates.map((gigabytes) => gigabytes.toFixed(2)).join(" and ")} GB/s; peak ${peak.toFixed(0)} MiB`,
      met: rates[0]! >= 1.5 && rates[1]! >= 2.5 && peak <= MOST_MIB,
    };
  },
};

export const deltaMatch: Job = {
  name: "delta-match",
  title: "what of a file of 4 GiB is in a newer one: 1 % edited in 164 places; a byte in front",
  mark: "1 % edited: ≥ 1 GB/s and ≥ 2 × rdiff's rate; a byte in front: ≥ 400 MB/s; content made to be slow: ≥ 0.3 × the rate of the first; peak ≤ 250 MB",
  async run({ scratch, runs }) {
    const edited = await against(scratch, "1 % edited", { runs, make: scatterEdits });
    const shifted = await against(scratch, "byte in front", { runs, make: putInFront });
    const slow = await madeToBeSlow(scratch, runs);
    const rows = [...edited, ...shifted, ...slow];
    const rateOf = (name: string): number => rate(SIZE, rowOf(rows, name).wall);
    const normal = rateOf("1 % edited: omnisync");
    const versus = normal / rateOf("1 % edited: rdiff delta");
    const front = rateOf("byte in front: omnisync");
    const slowest = Math.min(...slow.map(({ wall }) => rate(SIZE_MADE_SLOW, wall))) / normal;
    const peak = Math.max(
      ...rows.filter(({ name }) => name.includes("omnisync")).map(({ memory }) => memory),
    );
    return {
      rows,
      reached: `1 % edited ${normal.toFixed(2)} GB/s, ${versus.toFixed(1)} × rdiff's; byte in front ${front.toFixed(2)} GB/s; made to be slow ${slowest.toFixed(2)} ×; peak ${peak.toFixed(0)} MiB`,
      met: normal >= 1 && versus >= 2 && front >= 0.4 && slowest >= 0.3 && peak <= MOST_MIB,
    };
  },
};

/** rsync also writes the new file, which the others leave to whoever has the bytes. */
async function against(
  scratch: string,
  what: string,
  { runs, make }: { readonly runs: number; make(old: string, target: string): void },
): Promise<Row[]> {
  const old = oldFile(scratch);
  const fresh = join(scratch, "fresh");
  const copy = join(scratch, "copy");
  const signatures = { ours: join(scratch, "old.hssig"), rdiff: join(scratch, "old.rdiff") };
  make(old, fresh);
  run(sign(old, signatures.ours, 2));
  run(rdiff("signature", old, signatures.rdiff));
  try {
    return await compete(
      [
        { name: `${what}: omnisync`, command: () => match(signatures.ours, fresh) },
        {
          name: `${what}: rdiff delta`,
          prepare: () => rmSync(join(scratch, "delta.rdiff"), { force: true }),
          command: () => rdiff("delta", signatures.rdiff, fresh, join(scratch, "delta.rdiff")),
        },
        {
          name: `${what}: rsync --no-whole-file`,
          runs: 1,
          prepare: () => copyFileSync(old, copy),
          command: () => rsync(["--no-whole-file", "--ignore-times", fresh, copy]),
        },
      ],
      runs,
    );
  } finally {
    for (const file of [fresh, copy, join(scratch, "delta.rdiff")]) rmSync(file, { force: true });
  }
}

/** Content without any difference between its places, and content whose sums are right everywhere and hashes nowhere. */
async function madeToBeSlow(scratch: string, runs: number): Promise<Row[]> {
  const zeros = fill(join(scratch, "zeros"), Buffer.alloc(MIB));
  const ones = Buffer.alloc(MIB, 1);
  const plain = fill(join(scratch, "ones"), ones);
  // Both sums of a block stay what they are.
  for (let at = 10; at < MIB; at += 64 * 1024) ones.set([2, 0, 0, 2], at);
  const colliding = fill(join(scratch, "colliding"), ones);
  const contest = (name: string, old: string, fresh: string): Contestant => {
    run(sign(old, `${old}.hssig`, 2));
    return { name: `${name}: omnisync`, command: () => match(`${old}.hssig`, fresh) };
  };
  try {
    return await compete(
      [
        contest("all zeros", zeros, zeros),
        contest("ones instead of zeros", zeros, plain),
        contest("equal sums", colliding, plain),
      ],
      runs,
    );
  } finally {
    for (const file of [zeros, plain, colliding]) rmSync(file);
  }
}

function oldFile(scratch: string): string {
  const file = join(scratch, "old-4g");
  return existsSync(file) ? file : makeFile(file, SIZE);
}

/** One percent of the bytes, in stretches of 256 KiB that lie on no boundary. */
function scatterEdits(old: string, target: string): void {
  copyFileSync(old, target);
  const file = openSync(target, "r+");
  const edit = Buffer.alloc(256 * 1024);
  for (let at = 300_001; at < SIZE - edit.length; at += 25 * MIB) {
    writeSync(file, randomFillSync(edit), 0, edit.length, at);
  }
  closeSync(file);
}

function putInFront(old: string, target: string): void {
  const [source, file] = [openSync(old, "r"), openSync(target, "w")];
  writeSync(file, Buffer.from([1]));
  const piece = Buffer.alloc(MIB);
  for (let at = 0; at < SIZE; at += MIB) {
    readSync(source, piece, 0, MIB, at);
    writeSync(file, piece);
  }
  closeSync(source);
  closeSync(file);
}

function fill(path: string, piece: Buffer): string {
  const file = openSync(path, "w");
  for (let at = 0; at < SIZE_MADE_SLOW; at += piece.length) writeSync(file, piece);
  closeSync(file);
  return path;
}

function sign(file: string, target: string, threads: 1 | 2): Command {
  return ours(["sign", file, target, String(threads)]);
}

function match(signature: string, file: string): Command {
  return ours(["match", signature, file]);
}

function ours(args: readonly string[]): Command {
  const script = join(import.meta.dirname, "../delta-process.ts");
  return { program: process.execPath, args: [script, ...args] };
}

function rdiff(...args: readonly string[]): Command {
  return { program: "rdiff", args: ["-f", ...args] };
}

/** Unmeasured. */
function run({ program, args }: Command): void {
  execFileSync(program, [...args]);
}

/** GB/s */
function rate(bytes: number, seconds: number): number {
  return bytes / 1e9 / seconds;
}
