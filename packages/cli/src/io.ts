/** What a run of the command line is given from outside, so that tests can be its outside. */

/** The part of a writable stream that the command line needs. */
export interface OutputStream {
  write(chunk: string | Uint8Array, done?: (error?: Error | null) => void): boolean;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface Io {
  /** Results, and nothing else. */
  readonly stdout: OutputStream;
  /** Errors, warnings, progress and the closing line. */
  readonly stderr: OutputStream;
  /** For `--files-from -` and its like. Default: there is nothing. */
  readonly stdin?: AsyncIterable<Uint8Array | string> | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Puts a question to the user and waits for a line. Absent where there is no terminal to ask at. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
  /** Directory that relative locations start from, without links; absent if it has been removed. */
  readonly cwd: string | undefined;
  /** Fires when the user interrupts; or when stdout fails, with an `OutputError` as its reason. */
  readonly signal: AbortSignal;
}
