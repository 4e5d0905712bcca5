/** The command line was wrong: one sentence that names what, and says what to do. Exit code 2. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}
