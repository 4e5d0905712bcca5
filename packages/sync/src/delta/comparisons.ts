/** Comparisons that were made to decide whether a file has to be sent, kept until it is. */
import { encodedLength } from "@omnisync/delta";
import type { Entry } from "@omnisync/storage";
import type { FileComparison } from "./upload-plan.ts";

/** Bytes that all of them may take, in memory or in a file. Beyond that all but the newest are dropped, the oldest first: their files are read again. */
const MOST_BYTES = 16 * 1024 ** 2;

interface Kept {
  /** What was compared. */
  readonly etags: readonly (string | undefined)[];
  readonly found: FileComparison;
}

export class Comparisons {
  readonly #kept: Map<string, Kept> = new Map();

  /** @param path Of the file, in its store. */
  keep(path: string, source: Entry, object: Entry, found: FileComparison): void {
    this.#drop(path);
    this.#kept.set(path, { etags: [source.etag, object.etag], found });
    let bytes = 0;
    for (const { found } of this.#kept.values()) bytes += bytesOf(found);
    for (const [oldest, { found }] of this.#kept) {
      if (bytes <= MOST_BYTES || oldest === path) return;
      this.#drop(oldest);
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
    if (isSame && ofObject === object?.etag) return kept.found;
    closeComparison(kept.found);
    return undefined;
  }

  /** At the end of the run. */
  clear(): void {
    for (const path of this.#kept.keys()) this.#drop(path);
  }

  #drop(path: string): void {
    const kept = this.#kept.get(path);
    if (kept !== undefined) closeComparison(kept.found);
    this.#kept.delete(path);
  }
}

/** A signature that lies in a file is closed by who has it last. */
export function closeComparison({ signature }: Pick<FileComparison, "signature">): void {
  signature?.spool?.close();
}

function bytesOf({ signature, ops }: FileComparison): number {
  const ofSignature = signature === undefined ? 0 : encodedLength(signature);
  return ofSignature + (ops?.packed.byteLength ?? 0);
}
