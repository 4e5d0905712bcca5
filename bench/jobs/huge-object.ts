import { type Signature, chooseBlockSize, encodeSignature } from "@omnisync/delta";
import { hashBytes } from "@omnisync/storage";
import { execFileSync } from "node:child_process";
import { randomBytes, randomFillSync } from "node:crypto";
import { closeSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type Job, type JobResult, type Row, compete, freshFolder, ratio, rowOf } from "../job.ts";
import type { Command } from "../measure.ts";
import { omnisync } from "../peers.ts";
import { type RecipeBucket, startRecipeBucket } from "../recipe-bucket.ts";
import { makeFile } from "../trees.ts";

const MIB = 1024 ** 2;
const GIB = 1024 * MIB;
const SIZE = 20 * GIB;
const SPARSE_SIZE = 200 * GIB;
/** The largest object there is on S3. */
const LARGEST = 5 * 1024 * GIB;
/** As many blocks as that has, of the least size. */
const MANY_BLOCKS = { size: 64 * GIB, blockSize: 64 * 1024 };
/** Where a file changes, as shares of its size; what changes there lies on no boundary. */
const CLUSTERS = [0.17, 0.5, 0.97];
const EDIT = 3 * MIB;
const LEAST_PART = 5 * MIB;
const MOST_MIB = 250e6 / MIB;

export const hugeObject: Job = {
  name: "huge-object",
  title:
    "3 edits of 3 MiB in a file of 20 GiB that is in no cache, and in a sparse one of 200 GiB (a server that copies parts at once and tells no MD5)",
  mark: "wall ≤ 1.3 × reading the file once; bytes sent ≤ 1.02 × the optimum under the 5 MiB rule (15 MiB); peak ≤ 250 MB at both sizes",
  async run({ scratch, runs }) {
    const bucket = await startRecipeBucket();
    try {
      const { rows, most } = await onDisk(scratch, bucket, runs);
      const sparse = await sparseFile(scratch, bucket, { size: SPARSE_SIZE });
      const [once, ours] = ["cat > /dev/null", "omnisync sync, delta"].map((name) =>
        rowOf(rows, name),
      );
      const peaks = [ours!, ...sparse.rows].map(({ memory }) => memory);
      const sent = Math.max(most, sparse.sent);
      return {
        rows: [...rows, ...sparse.rows],
        reached: `wall ${ratio(ours!.wall, once!.wall)} reading it once; ${(sent / MIB).toFixed(2)} MiB sent, ${ratio(sent, optimum(SIZE))} the optimum, besides the signature; peak ${peaks.map((peak) => peak.toFixed(0)).join(" and ")} MiB`,
        met:
          ours!.wall <= 1.3 * once!.wall &&
          sent <= 1.02 * optimum(SIZE) &&
          Math.max(...peaks) <= MOST_MIB,
      };
    } finally {
      bucket.stop();
    }
  },
};

/** What grows with an object's size is its signature: so this tells in a minute how much memory the largest one takes. */
export const manyBlocks: Job = {
  name: "many-blocks",
  title:
    "3 edits of 3 MiB in a sparse file of 64 GiB in blocks of 64 KiB, up and down: as many as the largest object has, 5 TiB in blocks of 5 MiB (the same server)",
  mark: "bytes sent ≤ 1.02 × the optimum under the 5 MiB rule (15 MiB); peak ≤ 250 MB, both ways",
  run: ({ scratch }) => editSparse(scratch, { ...MANY_BLOCKS, down: true }),
};

/** Not among those that run unless named: reading takes up to an hour. */
export const largestObject: Job = {
  name: "largest-object",
  title:
    "3 edits of 3 MiB in a sparse file of 5 TiB, the largest object there is (the same server)",
  mark: "bytes sent ≤ 1.02 × the optimum of its blocks, which are of 5 MiB: the five that the edits touch, 25 MiB; peak ≤ 250 MB",
  isLong: true,
  run: ({ scratch }) => editSparse(scratch, { size: LARGEST }),
};

async function editSparse(scratch: string, sparse: Sparse): Promise<JobResult> {
  const bucket = await startRecipeBucket();
  try {
    const { rows, sent } = await sparseFile(scratch, bucket, sparse);
    const least = optimum(sparse.size, sparse.blockSize);
    const peaks = rows.map(({ memory }) => memory);
    return {
      rows,
      reached: `${(sent / MIB).toFixed(2)} MiB sent, ${ratio(sent, least)} the optimum, besides the signature; peak ${peaks.map((peak) => peak.toFixed(0)).join(" and ")} MiB`,
      met: sent <= 1.02 * least && Math.max(...peaks) <= MOST_MIB,
    };
  } finally {
    bucket.stop();
  }
}

interface OnDisk {
  readonly rows: readonly Row[];
  /** Bytes of the run that sent the most. */
  readonly most: number;
}

async function onDisk(scratch: string, bucket: RecipeBucket, runs: number): Promise<OnDisk> {
  const folder = freshFolder(scratch, "huge");
  const cache = freshFolder(scratch, "cache-huge");
  const file = makeFile(join(folder, "disk.img"), SIZE);
  const sync = (): Command => omnisync(["sync", `${folder}/`, "s3://bench/", "-q"], bucket, cache);
  try {
    const first = await compete(
      [{ name: "omnisync sync, all of it", prepare: () => evict(file), command: sync }],
      1,
    );
    await bucket.verify("disk.img", file);
    let before = await bucket.sent();
    let most = 0;
    const check = async (): Promise<void> => {
      const sent = await bucket.sent();
      if (sent === before) return;
      await bucket.verify("disk.img", file);
      most = Math.max(most, sent - before - signatureBytes(SIZE));
      before = sent;
    };
    const rows = await compete(
      [
        {
          name: "cat > /dev/null",
          prepare: () => evict(file),
          command: () => ({ program: "sh", args: ["-c", 'cat "$0" > /dev/null', file] }),
        },
        {
          name: "BLAKE3 in a thread",
          prepare: () => evict(file),
          command: () => ({ program: process.execPath, args: [HASH, "hash", file] }),
        },
        {
          name: "omnisync sync, delta",
          prepare: async () => {
            await check();
            edit(file, SIZE);
            evict(file);
          },
          command: sync,
        },
      ],
      runs,
    );
    await check();
    return { rows: [...first, ...rows], most };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Sparse {
  readonly size: number;
  readonly blockSize?: number;
  /** Edit it once more, and fetch what was sent. */
  readonly down?: boolean;
}

/** Its old content are zeros, which nobody has to send. */
async function sparseFile(
  scratch: string,
  bucket: RecipeBucket,
  { size, blockSize = chooseBlockSize(size), down = false }: Sparse,
): Promise<{ readonly rows: readonly Row[]; readonly sent: number }> {
  const folder = freshFolder(scratch, "sparse");
  const cache = freshFolder(scratch, "cache-sparse");
  const file = join(folder, "sparse.img");
  writeFileSync(file, "");
  truncateSync(file, size);
  const etag = await bucket.makeZeros("sparse.img", size);
  const signature = { ...signatureOfZeros(size, blockSize), identity: { etag } };
  const path = ".omnisync/signatures/sparse.img.hssig";
  await bucket.put(path, Buffer.concat([...encodeSignature(signature)]));
  const before = await bucket.sent();
  edit(file, size);
  const flags = ["--ignore-times", "-q", "--block-size", `${blockSize / 1024}K`];
  const ends = [file, "s3://bench/sparse.img"];
  const sync = async (way: string): Promise<readonly Row[]> => {
    const [from, to] = way === "up" ? ends : ends.toReversed();
    const command = (): Command =>
      omnisync(
        ["sync", from!, to!, ...flags, ...(way === "down" ? ["--sparse"] : [])],
        bucket,
        cache,
      );
    const name = `omnisync sync, delta, ${size / GIB} GiB ${way}`;
    const rows = await compete([{ name, command }], 1);
    await bucket.verify("sparse.img", file);
    return rows;
  };
  const rows = [...(await sync("up"))];
  const sent = (await bucket.sent()) - before - signatureBytes(size, blockSize);
  if (down) {
    edit(file, size);
    rows.push(...(await sync("down")));
  }
  rmSync(folder, { recursive: true });
  return { rows, sent };
}

const HASH: string = join(import.meta.dirname, "../delta-process.ts");

/**
 * The hash of the whole is left out: nothing of an upload asks for that of the old content. The sums are those of other
 * blocks, all different, so that the table of them takes as much memory as that of any content: only who rolls looks at them.
 */
function signatureOfZeros(size: number, blockSize: number): Signature {
  const blocks = size / blockSize;
  const hash = Buffer.from(hashBytes("blake3", Buffer.alloc(blockSize)), "hex");
  const strong = new Uint8Array(blocks * hash.length);
  for (let at = 0; at < strong.length; at += hash.length) strong.set(hash, at);
  const contentHash = new Uint8Array(hash.length);
  const weak = new Uint32Array(blocks * 2);
  const sums = new Uint8Array(weak.buffer);
  for (let at = 0; at < sums.length; at += MIB) randomFillSync(sums.subarray(at, at + MIB));
  return { blockSize, size, contentHash, identity: {}, strong, weak };
}

function signatureBytes(size: number, blockSize: number = chooseBlockSize(size)): number {
  return 40 * Math.ceil(size / blockSize);
}

/** What cannot be copied: the blocks that an edit touches, at least a part of the least size. */
function optimum(size: number, blockSize: number = chooseBlockSize(size)): number {
  const bytes = editsOf(size).map((start) => {
    const first = Math.floor(start / blockSize);
    const last = Math.floor((start + EDIT - 1) / blockSize);
    return Math.max(LEAST_PART, (last - first + 1) * blockSize);
  });
  return bytes.reduce((sum, of) => sum + of, 0);
}

/** Where they start. */
function editsOf(size: number): number[] {
  return CLUSTERS.map((share) => Math.floor(size * share) + 12_345);
}

function edit(path: string, size: number): void {
  const file = openSync(path, "r+");
  for (const start of editsOf(size)) writeSync(file, randomBytes(EDIT), 0, EDIT, start);
  closeSync(file);
}

/** Out of the page cache, so that reading it means the disk. */
function evict(file: string): void {
  execFileSync("sync", [file]);
  execFileSync("dd", [`if=${file}`, "iflag=nocache", "count=0"], { stdio: "ignore" });
}
