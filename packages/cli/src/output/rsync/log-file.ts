/** `--log-file`: each line with the time and the process. Written in pieces, and whole when it is closed. */
import { closeSync, openSync, writeSync } from "node:fs";
import { timeString } from "./numbers.ts";
import { RsyncError } from "../../rsync/rsync-error.ts";

const FULL = 64 * 1024;

export class LogFile {
  readonly #descriptor: number;
  #text = "";

  /** Opens for appending. @throws RsyncError if that cannot be. */
  constructor(path: string) {
    try {
      this.#descriptor = openSync(path, "a", 0o644);
    } catch (cause) {
      throw new RsyncError(
        "message-io",
        `failed to open log-file ${path}: ${(cause as Error).message}`,
        {
          cause,
        },
      );
    }
  }

  line(text: string): void {
    this.#text += `${timeString(Date.now())} [${process.pid}] ${text}\n`;
    if (this.#text.length >= FULL) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#descriptor);
  }

  #flush(): void {
    if (this.#text !== "") writeSync(this.#descriptor, this.#text);
    this.#text = "";
  }
}
