/** When a large file is sent or fetched as what differs from the copy that is there. */

export interface DeltaOptions {
  /** Files above so many bytes, where the other side has a copy. Default 50 MiB. */
  readonly threshold?: number | undefined;
  /** Bytes per block of new signatures: a multiple of 64 KiB up to 5 MiB. Default: by the size of the file. */
  readonly blockSize?: number | undefined;
  /**
   * Where signatures are kept, always in the store of their object. `reserved`: under `.omnisync/` in its
   * directory. `sidecar`: beside it, with `.hssig` appended to its name. `none`: none is read or written,
   * and only what was appended to an object of a known part size is told apart. Default `reserved`.
   */
  readonly signatures?: SignaturePlacement | undefined;
  /**
   * An object without a signature is read to make one, if it is no longer than the file that would be
   * sent instead. Default false: reading from the store may cost more than sending.
   */
  readonly generate?: boolean | undefined;
}

export type SignaturePlacement = "reserved" | "sidecar" | "none";
