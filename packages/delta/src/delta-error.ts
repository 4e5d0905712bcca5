export type DeltaErrorCode =
  /** The bytes are no signature: cut short, damaged, of another version, or of an impossible size. */
  | "bad-signature"
  /** An argument that cannot be: a block size out of bounds, rules that contradict each other. */
  | "invalid-argument"
  /** The object cannot be made of parts under the store's rules. */
  | "too-large"
  /** The file changed while it was read. */
  | "changed"
  /** The thread was stopped, or is done. */
  | "stopped";

/** The one error of this package. */
export class DeltaError extends Error {
  override readonly name = "DeltaError";
  readonly code: DeltaErrorCode;

  constructor(code: DeltaErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
