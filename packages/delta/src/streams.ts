/** The same for content that comes as a stream, in the calling thread. */
import { type Delta, DeltaMatcher, type MatcherOptions } from "./delta-matcher.ts";
import { checkBlockSize } from "./block-size.ts";
import { SignatureBuilder } from "./signature-builder.ts";
import type { Signature } from "./signature.ts";

type Content = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * The signature of a stream, bound to no object yet.
 * @throws DeltaError `invalid-argument` for a block size out of bounds; and whatever the stream throws.
 */
export async function signStream(content: Content, blockSize: number): Promise<Signature> {
  const builder = new SignatureBuilder(checkBlockSize(blockSize));
  for await (const bytes of content) builder.take(bytes);
  return builder.finish();
}

/**
 * What of the object with the signature `old` is in a stream.
 * @throws as `signStream`
 */
export async function deltaOfStream(
  content: Content,
  old: Signature,
  options: MatcherOptions = {},
): Promise<Delta> {
  if (options.signWith !== undefined) checkBlockSize(options.signWith);
  const matcher = new DeltaMatcher(old, options);
  for await (const bytes of content) matcher.take(bytes);
  return matcher.finish();
}
