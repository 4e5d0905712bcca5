import { signedPath } from "./signature-path.ts";

/** Some 200 bytes each. */
const MOST = 100_000;

/** Objects of whose signatures a listing has told, so that the store need not be asked about each. */
export class SeenSignatures {
  readonly #objects: Set<string> = new Set();

  /** @param path Of whatever is ours. */
  note(path: string): void {
    const object = signedPath(path);
    if (object !== undefined && this.#objects.size < MOST) this.#objects.add(object);
  }

  /** `undefined` if there were too many to remember. */
  has(path: string): boolean | undefined {
    if (this.#objects.has(path)) return true;
    return this.#objects.size < MOST ? false : undefined;
  }
}
