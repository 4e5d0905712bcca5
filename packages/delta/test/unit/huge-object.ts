/** A process that matches against an object of 5 TiB, and prints how many bytes that took at most. */
import { randomFillSync } from "node:crypto";
import {
  chooseBlockSize,
  type DeltaOp,
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

// Each thousandth block is new.
const stretch = 500 * blockSize;
const ops = Array.from({ length: Math.floor(size / stretch) }, (_, i): DeltaOp => {
  const offset = i * stretch;
  return i % 2 === 0
    ? { kind: "copy", offset, length: stretch, oldOffset: offset }
    : { kind: "insert", offset, length: stretch };
});
if (planFetch(old, ops).length < ops.length) throw new Error("no plan");
// The new signature is as long as the old one, but little of it was written.
console.log(process.resourceUsage().maxRSS * 1024 - before + blocks * 40);
