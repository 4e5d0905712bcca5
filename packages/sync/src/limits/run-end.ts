/** Whether a run may go on to the next transfer, by bytes, time and failures. */
import type { LimitOptions } from "../options/limit-options.ts";
import type { Step } from "../plan/plan-pair.ts";

/** Why a run ended before everything was done. */
export type EndReason = "max-transfer" | "max-duration" | "max-errors";

type EndOptions = Pick<LimitOptions, "maxTransfer" | "maxDuration" | "maxErrors">;

/** A path that a step is about. */
interface Ahead {
  readonly source?: { readonly size: number } | undefined;
}

/** Ends the walk. Never leaves the engine. */
export class RunEnded extends Error {}

export class RunEnd {
  reason: EndReason | undefined;
  readonly #options: EndOptions;
  readonly #now: () => number;
  readonly #started: number;
  #bytes = 0;
  #failures = 0;

  /** `now`: milliseconds since some moment. */
  constructor(options: EndOptions, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#now = now;
    this.#started = now();
  }

  /** Whether this step may begin. Once one may not, none may. */
  admits({ source }: Ahead, { kind }: Pick<Step, "kind">): boolean {
    if (this.isOver()) return false;
    const { maxTransfer } = this.#options;
    if (maxTransfer === undefined || kind !== "copy") return true;
    const sum = this.#bytes + (source?.size ?? 0);
    if (sum > maxTransfer) this.reason = "max-transfer";
    else this.#bytes = sum;
    return this.reason === undefined;
  }

  isOver(): boolean {
    const { maxDuration } = this.#options;
    if (maxDuration !== undefined && this.#now() - this.#started >= maxDuration) {
      this.reason ??= "max-duration";
    }
    return this.reason !== undefined;
  }

  failed(): void {
    this.#failures++;
    const { maxErrors } = this.#options;
    if (maxErrors !== undefined && this.#failures > maxErrors) this.reason ??= "max-errors";
  }

  /** @throws RunEnded */
  throwIfOver(): void {
    if (this.isOver()) throw new RunEnded();
  }
}
