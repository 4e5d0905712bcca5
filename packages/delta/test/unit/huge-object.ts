/** A process that matches against an object of 5 TiB, and prints how many bytes that took at most. */
import { randomFillSync } from "node:crypto";
import {
  chooseBlockSize,
  type DeltaOp,
  DeltaOps,
  matchInThread,
  planFetch,
  type Signature,
} from "../../src/index.ts";
import { strongColumn, weakColumn } from "../../src/block-list.ts";

// Node itself, and what it needs to run from source.
const before = process.memoryUsage.rss();
const size = 5 * 1024 ** 4;
const blockSize = chooseBlockSize(size);
const blocks = size / blockSize;
const strong = strongColumn(blocks);
const weak = weakColumn(blocks);
const sums = new Uint8Array(weak.buffer);
for (const column of [strong, sums]) {
  for (let at = 0; at < column.length; at += 65_536) randomFillSync(column, at, 65_536);
}
// The second half is one block over and over.
strong.fill(0, strong.length / 2);
const old: Signature = {
  blockSize,
  size,
  contentHash: new Uint8Array(32),
  identity: {},
  strong,
  weak,
};

// Enough for the window to be full.
const thread = matchInThread(old, { size, signWith: blockSize });
let memory = new ArrayBuffer(2 * 1024 ** 2);
for (let piece = 0; piece < 32; piece++) memory = await thread.take(new Uint8Array(memory));
await thread.finish();

// Of the first half, every other block is there: as many operations as there can be.
function* everyOther(): Generator<DeltaOp> {
  for (let at = 0; at < size / 2; at += 2 * blockSize) {
    yield { kind: "copy", offset: at, length: blockSize, oldOffset: at };
    yield { kind: "insert", offset: at + blockSize, length: blockSize };
  }
}
const ops = DeltaOps.from(everyOther());
const lengths = { fetch: 0, reuse: 0, repeat: 0 };
for (const { kind, length } of planFetch(old, ops).steps()) lengths[kind] += length;
const { fetch, reuse, repeat } = lengths;
if (fetch + reuse + repeat !== size || repeat !== size / 2 - blockSize || reuse < 0.24 * size) {
  throw new Error(`planned wrongly: ${JSON.stringify(lengths)}`);
}
// The new signature is as long as the old one, but little of it was written.
console.log(process.resourceUsage().maxRSS * 1024 - before + blocks * 40);
