/** The bytes of an object or part: a list of chunks that is sliced and joined without copying. */
export interface Content {
  readonly size: number;
  /** `undefined` if the server was told to discard bodies. */
  readonly chunks: readonly Uint8Array[] | undefined;
}

/** The bytes from `start` (inclusive) to `end` (exclusive), both within the content. */
export function sliceContent(content: Content, start: number, end: number): Content {
  if (content.chunks === undefined) return { size: end - start, chunks: undefined };
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (const chunk of content.chunks) {
    const from = Math.max(start - offset, 0);
    const to = Math.min(end - offset, chunk.byteLength);
    if (from < to) chunks.push(chunk.subarray(from, to));
    offset += chunk.byteLength;
    if (offset >= end) break;
  }
  return { size: end - start, chunks };
}

export function joinContent(contents: readonly Content[]): Content {
  const size = contents.reduce((sum, content) => sum + content.size, 0);
  const discarded = contents.some((content) => content.chunks === undefined);
  return {
    size,
    chunks: discarded ? undefined : contents.flatMap((content) => content.chunks ?? []),
  };
}
