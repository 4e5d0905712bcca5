/** Comparisons that were made to decide whether a file has to be sent, kept until it is. */
import type { Entry } from "@omnisync/storage";
import type { FileComparison } from "./upload-plan.ts";

/** Bytes that all of them may take. Beyond that all but the newest are dropped, the oldest first: their files are read again. */
const MOST_BYTES = 16 * 1024 ** 2;

/** What an operation takes in memory, about. */
const OP_BYTES = 64;

interface Kept {
  /** What was compared. */
  readonly etags: readonly (string | undefined)[];
  readonly found: FileComparison;
}

export class Comparisons {
  readonly #kept: Map<string, Kept> = new Map();

  /** @param path Of the file, in its store. */
  keep(path: string, source: Entry, object: Entry, found: FileComparison): void {
    this.#kept.set(path, { etags: [source.etag, object.etag], found });
    let bytes = 0;
    for (const { found } of this.#kept.values()) bytes += bytesOf(found);
    for (const [oldest, { found }] of this.#kept) {
      if (bytes <= MOST_BYTES || oldest === path) return;
      this.#kept.delete(oldest);
      bytes -= bytesOf(found);
    }
  }

  /** Once, and only of this very file with this very object. */
  take(path: string, source: Entry, object: Entry | undefined): FileComparison | undefined {
    const kept = this.#kept.get(path);
    if (kept === undefined) return undefined;
    this.#kept.delete(path);
    const [ofSource, ofObject] = kept.etags;
    const isSame = source.etag !== undefined && ofSource === source.etag;
    return isSame && ofObject === object?.etag ? kept.found : undefined;
  }
}

function bytesOf({ signature, ops = [] }: FileComparison): number {
  const hashes =
    signature === undefined ? 0 : signature.strong.byteLength + signature.weak.byteLength;
  return hashes + ops.length * OP_BYTES;
}
