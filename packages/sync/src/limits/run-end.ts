/** Whether a run may go on to the next transfer: by bytes, time and failures, and by whether its stores are still there. */
import { type StorageError, isStorageError } from "@omnisync/storage";
import type { SyncEvent } from "../events.ts";
import type { LimitOptions } from "../options/limit-options.ts";
import type { Step } from "../plan/plan-pair.ts";

/**
 * Why a run ended before everything was done: a limit, or a store that was lost. `unauthenticated`: it does not accept
 * the credentials. `unavailable`: it gives no answer.
 */
export type EndReason =
  | "max-transfer"
  | "max-duration"
  | "max-errors"
  | "unauthenticated"
  | "unavailable";

/** Paths in a row that got no answer, after all retries, before their store counts as lost. */
const MOST_UNANSWERED = 10;

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
  #unanswered = 0;

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

  /** Without the store nothing can be done any more, not even what is to follow the transfers. */
  get isStoreLost(): boolean {
    return this.reason === "unauthenticated" || this.reason === "unavailable";
  }

  note({ kind, error }: Pick<SyncEvent, "kind" | "error">): void {
    if (kind === "failed") this.failed(error);
    else if (ANSWERS.has(kind)) this.answered();
  }

  answered(): void {
    this.#unanswered = 0;
  }

  failed(error?: StorageError): void {
    this.#failures++;
    const { maxErrors } = this.#options;
    if (maxErrors !== undefined && this.#failures > maxErrors) this.reason ??= "max-errors";
    if (isUnanswered(error)) this.#unanswered++;
    if (this.isStoreLost) return;
    if (isStorageError(error, "unauthenticated")) this.reason = "unauthenticated";
    else if (this.#unanswered >= MOST_UNANSWERED) this.reason = "unavailable";
  }

  /** @throws RunEnded */
  throwIfOver(): void {
    if (this.isOver()) throw new RunEnded();
  }

  /** @throws RunEnded */
  throwIfStoreLost(): void {
    if (this.isStoreLost) throw new RunEnded();
  }
}

/** Events of what a store has done. */
const ANSWERS: ReadonlySet<SyncEvent["kind"]> = new Set<SyncEvent["kind"]>([
  "copy",
  "link",
  "mkdir",
  "attributes",
  "remove",
  "remove-source",
]);

function isUnanswered(error: StorageError | undefined): boolean {
  return isStorageError(error, "unavailable", "timeout", "throttled") && !isInUse(error);
}

/** A file of a disk that somebody else has open says nothing about the others. */
function isInUse({ cause }: StorageError): boolean {
  const isOfSystem = cause instanceof Error && "code" in cause;
  return isOfSystem && (cause.code === "EBUSY" || cause.code === "ETXTBSY");
}
