/**
 * Work that goes on although whoever began it has stopped waiting: mostly it clears up. A driver that is closed gives
 * it a little time, and then tells what stays in the store.
 */
import { StorageError } from "../../errors.ts";
import { untilAborted } from "./until-aborted.ts";

export class Unattended {
  readonly #work = new Map<Promise<unknown>, () => string | undefined>();
  #isEnding = false;

  /** @param left The path of an upload that stays open if nothing more is done; `undefined` if there is none. */
  add(work: Promise<unknown>, left: () => string | undefined): void {
    const ended = Promise.allSettled([work]).finally(() => {
      if (!this.#isEnding || left() === undefined) this.#work.delete(ended);
    });
    this.#work.set(ended, left);
  }

  /** Waits for all of it, but no longer than that. */
  async end(milliseconds: number): Promise<void> {
    this.#isEnding = true;
    const patience = AbortSignal.timeout(milliseconds);
    await untilAborted(Promise.all(this.#work.keys()), patience).catch(() => {});
  }

  /** What `end` has left behind. */
  left(): StorageError | undefined {
    const paths = [...this.#work.values()]
      .map((left) => left())
      .filter((path) => path !== undefined);
    const [path] = paths;
    if (path === undefined) return undefined;
    const others = paths.length > 1 ? ` (and ${paths.length - 1} more like it)` : "";
    return new StorageError("timeout", {
      path,
      operation: "close",
      message: `an upload in parts may stay open there${others}, for the store did not answer in time: it may charge for it until it is aborted`,
      retry: "never",
    });
  }
}
