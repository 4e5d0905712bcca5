/** The parts of a place that could not be listed: of what lies there nothing is known, not even that it is missing. */
import { StorageError, isWithin } from "@omnisync/storage";

export class Unlisted {
  readonly #paths: Set<string> = new Set();

  add(path: string): void {
    this.#paths.add(path);
  }

  /** Why nothing can be said of a path that was not met; `undefined` if it would have been met. */
  problemAt(path: string): StorageError | undefined {
    for (const unlisted of this.#paths) {
      if (!isWithin(unlisted, path)) continue;
      const where = unlisted === "" ? "the place" : `"${unlisted}"`;
      return new StorageError("permission-denied", {
        path,
        message: `may be there or not: ${where} could not be listed`,
      });
    }
    return undefined;
  }
}
