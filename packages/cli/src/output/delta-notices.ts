/** What is said of large files that went over whole, or will the next time, though less would have done. */
import { type Driver, printable } from "@omnisync/storage";
import type { DeltaUse, SyncEvent } from "@omnisync/sync";
import { failureText } from "./error-text.ts";

/** Said of each file: whoever wrote there will do so again. */
const IGNORED: Readonly<Partial<Record<DeltaUse, string>>> = {
  "stale-signature":
    "its signature is of what was there before: it was ignored, and the whole was transferred",
  "bad-signature":
    "its signature is none, or damaged: it was ignored, and the whole was transferred",
  "foreign-signature":
    "its signature is not of the file's owner, or others may write it: it was ignored, and the whole was transferred",
};

export class DeltaNotices {
  readonly #destination: Driver | undefined;
  #isRefusalTold = false;

  /** @param destination Where content goes. */
  constructor(destination: Driver | undefined) {
    this.#destination = destination;
  }

  /** Lines about an event; mostly none. */
  *of(event: SyncEvent, path: string): Iterable<string> {
    const { delta, signatureError } = event;
    const ignored = delta && IGNORED[delta];
    if (ignored !== undefined) yield `${printable(path)}: ${ignored}`;
    if (delta === "refused" && !this.#isRefusalTold) {
      this.#isRefusalTold = true;
      yield this.#refusal(path);
    }
    if (signatureError !== undefined) {
      yield `${failureText(path, signatureError)}: no signature could be kept, so that the next change of it is sent whole`;
    }
  }

  /** Once for the store: it is not going to change. */
  #refusal(path: string): string {
    const { copyPart, stage } = this.#destination?.capabilities ?? {};
    if (copyPart === false && !stage) {
      return `${printable(this.#destination!.id)}: the store copies no parts: large files are sent whole`;
    }
    return `${printable(path)}: what is there could not be used, or not relied on: the whole was transferred`;
  }
}
