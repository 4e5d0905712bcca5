/**
 * Draws progress on stderr: on a terminal a few lines that are redrawn and cleared at the end,
 * elsewhere, and only if asked for, a line every few seconds.
 */
import type { Progress } from "@omnisync/sync";
import type { Session } from "../session.ts";
import { RateMeter, progressLines, progressText } from "./progress-lines.ts";

/** Milliseconds. */
const REDRAW = 100;
const LINE_EVERY = 5000;
/** A run that is over sooner shows no progress unless asked to. */
const GRACE = 1000;

export interface ProgressFlags {
  readonly progress?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly json?: boolean | undefined;
}

export class ProgressDisplay {
  readonly #session: Session;
  readonly #look: () => Progress;
  readonly #meter = new RateMeter();
  readonly #terminal: boolean;
  readonly #grace: number;
  #timer: NodeJS.Timeout | undefined;
  #drawn = 0;

  /** Starts a display if the flags and the terminal ask for one. */
  static start(
    session: Session,
    look: () => Progress,
    flags: ProgressFlags,
  ): ProgressDisplay | undefined {
    const terminal = session.io.stderr.isTTY === true && session.io.env["TERM"] !== "dumb";
    const wanted = flags.progress ?? (terminal && !flags.quiet && !flags.json);
    return wanted
      ? new ProgressDisplay(session, look, terminal, flags.progress === true)
      : undefined;
  }

  private constructor(session: Session, look: () => Progress, terminal: boolean, asked: boolean) {
    this.#session = session;
    this.#look = look;
    this.#terminal = terminal;
    this.#grace = asked ? 0 : GRACE;
    session.overlay = this;
    this.#timer = setInterval(() => this.#tick(), terminal ? REDRAW : LINE_EVERY);
    this.#timer.unref();
  }

  /** Takes the display off the screen, so that lines can be written; the next tick draws it again. */
  clear(): void {
    if (this.#drawn === 0) return;
    const up = this.#drawn > 1 ? `\u001b[${this.#drawn - 1}A` : "";
    this.#drawn = 0;
    this.#session.io.stderr.write(`\r${up}\u001b[J`);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.clear();
    if (this.#session.overlay === this) this.#session.overlay = undefined;
  }

  #tick(): void {
    const progress = this.#look();
    const { bytesDone, bytesResumed, bytesMatched, elapsed } = progress;
    const rate = this.#meter.update(bytesDone - bytesResumed - bytesMatched, elapsed);
    if (!this.#terminal) this.#session.note(progressText(progress, rate));
    else if (progress.elapsed >= this.#grace) this.#draw(progress, rate);
  }

  #draw(progress: Progress, rate: number): void {
    const { stderr } = this.#session.io;
    // A terminal that does not know its width says 0.
    const columns = stderr.columns || 80;
    const [head = "", ...active] = progressLines(progress, rate, columns);
    const { cyan, dim } = this.#session.palette(true);
    const up = this.#drawn > 1 ? `\u001b[${this.#drawn - 1}A` : "";
    const start = this.#drawn > 0 ? `\r${up}\u001b[J` : "";
    // One write for all of it, or the screen flickers.
    stderr.write(start + [cyan(head), ...active.map(dim)].join("\n"));
    this.#drawn = 1 + active.length;
  }
}
