/** One pass over a file that is going to be sent: its hash, its signature, and what of it the store has already. */
import type { DeltaOps, Signature } from "@omnisync/delta";
import type { Deltas } from "./deltas.ts";
import { type Content, FEED_MEMORY } from "./feed.ts";
import { matchContent, signContent } from "./read-content.ts";
import type { Budget } from "../run/gate.ts";

export interface NewContent {
  readonly signature: Signature;
  /** All of it, in order; present if it was matched. */
  readonly ops?: DeltaOps | undefined;
}

export interface ReadingOptions {
  readonly deltas: Deltas;
  readonly memory: Budget;
  /** Parts that the store takes: no more copies are of use. */
  readonly maxParts?: number | undefined;
}

/** @param old The signature of what the store has; without one the content is only signed. */
export async function readNewContent(
  content: Content,
  old: Signature | undefined,
  { deltas, memory, maxParts: mostCopies }: ReadingOptions,
): Promise<NewContent> {
  const { size } = content.entry;
  return deltas.threads.with(1, () =>
    memory.with(FEED_MEMORY, async () => {
      if (old === undefined) {
        const blockSize = deltas.blockSizeFor(size);
        return { signature: await signContent(content, blockSize) };
      }
      const signWith = deltas.blockSizeFor(size, old.blockSize);
      const { ops, signature } = await matchContent(content, old, { signWith, mostCopies });
      return { ops, signature: signature! };
    }),
  );
}
