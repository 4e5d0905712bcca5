/**
 * Lines and bytes for stdout. Lines of one turn of the event loop go out in one write: a run over a
 * million paths would otherwise make a million system calls.
 */
import type { OutputStream } from "../io.ts";
import { type OutputError, outputError } from "../output-error.ts";

const FULL = 64 * 1024;

export class LineWriter {
  readonly #stream: OutputStream;
  readonly #before: () => void;
  #text = "";
  #failure: OutputError | undefined;
  #scheduled: NodeJS.Immediate | undefined;

  constructor(stream: OutputStream, before: () => void) {
    this.#stream = stream;
    this.#before = before;
  }

  /** Why the stream takes nothing any more. */
  get failure(): OutputError | undefined {
    return this.#failure;
  }

  /** @throws OutputError if something that was written did not arrive. */
  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
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

  /** Waits until everything so far is out. @throws OutputError if it does not get there. */
  async flush(): Promise<void> {
    if (this.#text !== "") await this.#write(this.#take());
  }

  #writeText(): void {
    const text = this.#take();
    if (text === "") return;
    this.#before();
    // A failure comes as an event of the stream as well, and ends the run through the signal.
    this.#stream.write(text, (error) => this.#remember(error));
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
        this.#remember(error);
        if (this.#failure === undefined) resolve();
        else reject(this.#failure);
      });
    });
  }

  /** Only the first says why: after it the stream is closed. */
  #remember(error: Error | null | undefined): void {
    if (error !== undefined && error !== null) this.#failure ??= outputError(error);
  }
}
