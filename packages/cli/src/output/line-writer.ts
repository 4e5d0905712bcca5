/**
 * Lines and bytes for stdout. Lines of one turn of the event loop go out in one write: a run over a
 * million paths would otherwise make a million system calls.
 */
import { BrokenPipe, type OutputStream } from "../io.ts";

const FULL = 64 * 1024;

export class LineWriter {
  readonly #stream: OutputStream;
  readonly #before: () => void;
  #text = "";
  #scheduled: NodeJS.Immediate | undefined;

  constructor(stream: OutputStream, before: () => void) {
    this.#stream = stream;
    this.#before = before;
  }

  /** Adds a line, to be written at the end of this turn at the latest. */
  line(text: string): void {
    this.#text += `${text}\n`;
    if (this.#text.length >= FULL) this.#writeText();
    else this.#scheduled ??= setImmediate(() => this.#writeText());
  }

  /** Adds a value as one line of JSON. */
  json(value: unknown): void {
    this.line(JSON.stringify(value));
  }

  /** Writes bytes as they are, and waits until whoever reads them has taken them. */
  async bytes(chunk: Uint8Array): Promise<void> {
    await this.flush();
    await this.#write(chunk);
  }

  /** Waits until everything so far is out. @throws BrokenPipe if nobody reads any more. */
  async flush(): Promise<void> {
    if (this.#text !== "") await this.#write(this.#take());
  }

  #writeText(): void {
    const text = this.#take();
    if (text === "") return;
    this.#before();
    // A broken pipe comes as an event of the stream as well, and ends the run through the signal.
    this.#stream.write(text, () => {});
  }

  #take(): string {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    const text = this.#text;
    this.#text = "";
    return text;
  }

  #write(chunk: string | Uint8Array): Promise<void> {
    this.#before();
    return new Promise((resolve, reject) => {
      this.#stream.write(chunk, (error) => {
        if (error === undefined || error === null) resolve();
        else reject((error as NodeJS.ErrnoException).code === "EPIPE" ? new BrokenPipe() : error);
      });
    });
  }
}
