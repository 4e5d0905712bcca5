/** Hashes of a long range without its bytes: piece by piece on one worker thread. */
import type { Block, ReadBlockOptions } from "../../driver.ts";
import type { FileCaller } from "./file-caller.ts";
import type { Lane } from "./file-pool.ts";
import type { Hashes } from "./hash-operations.ts";
import { rowEntry } from "./stat-row.ts";

/** Bytes hashed by one call: some 20 ms. */
const STEP = 64 * 1024 * 1024;
/** By the first call, so that a small file takes no other, and calls sent with it need not wait long. */
const FIRST = 1024 * 1024;

export async function hashBlock(
  caller: FileCaller,
  path: string,
  options: ReadBlockOptions,
): Promise<Block> {
  const { offset, length, ifMatch, signal } = options;
  const lane = caller.lane();
  const request = { offset, length, ifMatch, inline: 0 };
  const args = [path, request, options.hashes ?? [], FIRST] as const;
  const bytes = Math.min(length, FIRST);
  const first = await lane.call(caller.root, "startHash", [...args], { signal, bytes });
  const hashes = first.hashes ?? (await goOn(caller, lane, first.id!, signal));
  return { entry: rowEntry(path, first.row), bytes: new Uint8Array(0), hashes };
}

async function goOn(
  caller: FileCaller,
  lane: Lane,
  id: number,
  signal: AbortSignal | undefined,
): Promise<Hashes> {
  try {
    let hashes: Hashes | undefined;
    while (hashes === undefined) {
      hashes = await lane.call(caller.root, "continueHash", [id, STEP], { signal, bytes: STEP });
    }
    return hashes;
  } finally {
    await lane.call(caller.root, "endHash", [id]);
  }
}
