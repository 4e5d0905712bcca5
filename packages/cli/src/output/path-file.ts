/** Lines written to a file that the user named, or to stdout for `-`. */
import { closeSync, openSync, writeSync } from "node:fs";
import type { Session } from "../session.ts";
import { UsageError } from "../usage-error.ts";

const FULL = 64 * 1024;

export class PathFile {
  readonly #session: Session;
  readonly #file: number | undefined;
  #text = "";

  /** Empties a file that is there. @throws UsageError if it cannot be written. */
  constructor(session: Session, flag: string, path: string) {
    this.#session = session;
    if (path === "-") return;
    try {
      this.#file = openSync(session.absolute(path), "w");
    } catch (cause) {
      throw new UsageError(`${flag}: ${(cause as Error).message}`, { cause });
    }
  }

  line(text: string): void {
    if (this.#file === undefined) return this.#session.out.line(text);
    this.#text += `${text}\n`;
    if (this.#text.length >= FULL) this.#write();
  }

  close(): void {
    if (this.#file === undefined) return;
    try {
      this.#write();
    } finally {
      closeSync(this.#file);
    }
  }

  #write(): void {
    const bytes = Buffer.from(this.#text);
    this.#text = "";
    for (let at = 0; at < bytes.byteLength;) at += writeSync(this.#file as number, bytes, at);
  }
}
