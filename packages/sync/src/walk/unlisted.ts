/** The parts of a place that could not be listed: of what lies there nothing is known, not even that it is missing. */
import { StorageError, parentPath } from "@omnisync/storage";

export class Unlisted {
  readonly #paths: Set<string> = new Set();

  add(path: string): void {
    this.#paths.add(path);
  }

  get isEmpty(): boolean {
    return this.#paths.size === 0;
  }

  /** The part that a path lies in; `undefined` if it would have been met. */
  holding(path: string): string | undefined {
    if (this.isEmpty) return undefined;
    for (let at = path; at !== ""; at = parentPath(at)) if (this.#paths.has(at)) return at;
    return this.#paths.has("") ? "" : undefined;
  }

  /** Why nothing can be said of a path that was not met; `undefined` if it would have been met. */
  problemAt(path: string): StorageError | undefined {
    const unlisted = this.holding(path);
    if (unlisted === undefined) return undefined;
    const where = unlisted === "" ? "the place" : `"${unlisted}"`;
    return new StorageError("permission-denied", {
      path,
      message: `may be there or not: ${where} could not be listed`,
    });
  }
}
