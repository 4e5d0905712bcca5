/**
 * A download over several connections: ranges of one pinned version are written into a staged file as
 * they arrive, the file is hashed as it lies on the disk, and only then takes its name.
 */
import { type Entry, type Stage, StorageError, createHasher } from "@omnisync/storage";
import { PART_SIZE, type Piece, cut } from "../plan/choose-strategy.ts";
import { inParallel } from "./in-parallel.ts";
import { type Outcome, type Transfer, metered, refuseChanged, writeOptions } from "./transfer.ts";

/** Connections per object. */
const RANGES_AT_ONCE = 4;
/** Bytes gathered before they are written. */
const WRITE_SIZE = 1024 * 1024;

export async function transferByRanges(transfer: Transfer): Promise<Outcome> {
  const { from, to, fromPath, toPath, context } = transfer;
  const source = await from.stat(fromPath, { signal: context.signal });
  if (source === undefined) throw new StorageError("not-found", { path: fromPath });
  refuseChanged(transfer, source);
  const stage = await to.stage!(toPath, source.size, { signal: context.signal });
  try {
    // By parts only if there is nothing better: MD5 costs five times what BLAKE3 does.
    const byParts = source.hashes?.blake3 === undefined ? source.parts : undefined;
    const pieceSize = byParts?.size ?? PART_SIZE;
    const digests: string[] = [];
    await inParallel(
      cut(source.size, pieceSize),
      RANGES_AT_ONCE,
      context.signal,
      async (piece, signal) => {
        await fetchPiece(transfer, source, stage, piece, signal);
        if (byParts !== undefined)
          digests[piece.number - 1] = await stage.hash("md5", piece, { signal });
      },
    );
    await verify(transfer, source, stage, digests);
    const destination = await stage.commit(writeOptions(transfer, source));
    return { source, destination, bytes: source.size, strategy: "ranges" };
  } catch (error) {
    await stage.abort();
    throw error;
  }
}

async function fetchPiece(
  transfer: Transfer,
  source: Entry,
  stage: Stage,
  piece: Piece,
  signal: AbortSignal,
): Promise<void> {
  const { offset, length } = piece;
  const options = { range: { offset, length }, ifMatch: source.etag, signal };
  const { body } = await transfer.from.read(transfer.fromPath, options);
  let at = offset;
  for await (const bytes of gathered(metered(transfer, body))) {
    await stage.write(at, bytes, { signal });
    at += bytes.byteLength;
  }
  if (at === offset + length) return;
  throw new StorageError("corrupt", { path: transfer.fromPath, message: "a range ended early" });
}

/**
 * The same bytes in pieces that are worth a write each. All pieces use one memory: whoever takes one
 * must be done with it before asking for the next.
 */
async function* gathered(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const memory = new Uint8Array(WRITE_SIZE);
  let size = 0;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.byteLength;) {
      const taken = chunk.subarray(at, at + WRITE_SIZE - size);
      memory.set(taken, size);
      size += taken.byteLength;
      at += taken.byteLength;
      if (size < WRITE_SIZE) continue;
      yield memory;
      size = 0;
    }
  }
  if (size > 0) yield memory.subarray(0, size);
}

/** Compares what lies on the disk with the strongest thing the source's store knows of its content. */
async function verify(
  transfer: Transfer,
  source: Entry,
  stage: Stage,
  digests: readonly string[],
): Promise<void> {
  const { signal } = transfer.context;
  const all = { offset: 0, length: source.size };
  if (digests.length > 0 && source.parts !== undefined) {
    const hasher = createHasher("md5");
    for (const digest of digests) hasher.update(Buffer.from(digest, "hex"));
    return expectEqual(transfer, hasher.digest(), source.parts.md5);
  }
  const name = (["blake3", "sha256", "md5"] as const).find(
    (known) => source.hashes?.[known] !== undefined,
  );
  if (name !== undefined)
    expectEqual(transfer, await stage.hash(name, all, { signal }), source.hashes![name]!);
}

function expectEqual(transfer: Transfer, actual: string, expected: string): void {
  if (actual === expected) return;
  throw new StorageError("corrupt", {
    path: transfer.fromPath,
    message: "what arrived is not what the store holds",
  });
}
