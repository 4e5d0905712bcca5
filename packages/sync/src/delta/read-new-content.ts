/** One pass over a file that is going to be sent: its hash, its signature, and what of it the store has already. */
import { type DeltaOp, type Signature, matchInThread, signInThread } from "@omnisync/delta";
import type { Deltas } from "./deltas.ts";
import { type Content, FEED_MEMORY, feed } from "./feed.ts";
import type { Budget } from "../run/gate.ts";

export interface NewContent {
  readonly signature: Signature;
  /** All of it, in order; present if it was matched. */
  readonly ops?: readonly DeltaOp[] | undefined;
}

/** @param old The signature of what the store has; without one the content is only signed. */
export async function readNewContent(
  content: Content,
  old: Signature | undefined,
  { deltas, memory }: { readonly deltas: Deltas; readonly memory: Budget },
): Promise<NewContent> {
  const { size } = content.entry;
  const { signal } = content;
  return deltas.threads.with(1, () =>
    memory.with(FEED_MEMORY, async () => {
      if (old === undefined) {
        const blockSize = deltas.blockSizeFor(size);
        return { signature: await feed(content, signInThread({ blockSize, size, signal })) };
      }
      const signWith = deltas.blockSizeFor(size, old.blockSize);
      const thread = matchInThread(old, { size, signWith, signal });
      const { ops, signature } = await feed(content, thread);
      return { ops, signature: signature! };
    }),
  );
}
