/** Tells what a transfer of one large file would send, and why, without sending it. */
import type { FetchStep } from "@omnisync/delta";
import { type Entry, StorageError } from "@omnisync/storage";
import type { DeltaUse, Strategy } from "../events.ts";
import type { Place, SyncOptions } from "../options.ts";
import { ProgressTracker } from "../run/progress-tracker.ts";
import type { Transfer } from "../run/transfer.ts";
import { createTransfer, strategyOf, strategyOfWhole } from "../run/transfer-file.ts";
import { pieceSizeOf } from "../run/transfer-by-ranges.ts";
import { LONGEST_FETCH } from "../run/transfer-by-reuse.ts";
import { createContext } from "../sync.ts";
import { closeComparison } from "./comparisons.ts";
import { planDownload } from "./download-plan.ts";
import { planUpload } from "./upload-plan.ts";

/** A piece of the new content, in order; together they are all of it. */
export interface DeltaStep {
  /** `send` and `fetch` go over the wire; `copy` is done by the store, `reuse` and `repeat` on this machine. */
  readonly kind: "send" | "copy" | "fetch" | "reuse" | "repeat";
  readonly offset: number;
  readonly length: number;
  /** Where these bytes are in the old content; of `copy` and `reuse`. */
  readonly oldOffset?: number | undefined;
  /** Where in the new content they are as well, further to its front; of `repeat`. Of a row of equal blocks the two overlap. */
  readonly sourceOffset?: number | undefined;
}

/**
 * As `DeltaUse`, and where no delta was thought of:
 * - `nothing-there`: the destination has no file of that name.
 * - `no-file`: what it has of that name is none.
 * - `too-small`: one of the two is not above the threshold.
 * - `strategy`: content goes over in a way that has no deltas: see `strategy`.
 */
export type DeltaReason = DeltaUse | "nothing-there" | "no-file" | "too-small" | "strategy";

export interface DeltaExplanation {
  readonly source: Entry;
  readonly destination: Entry | undefined;
  readonly strategy: Strategy;
  readonly reason: DeltaReason;
  readonly steps: readonly DeltaStep[];
  /** Bytes of content over the wire, and bytes that are not. */
  readonly transferred: number;
  readonly matched: number;
  /** Bytes that come over the wire besides, first: of an old object that is read to be signed (`generate`). */
  readonly generated?: number | undefined;
  /** Requests that carry content or have the store copy some, and those that begin and end an upload; without that for `generated`. */
  readonly requests: number;
}

/**
 * @param source A file; `destination` is what it would become.
 * @throws StorageError `not-found` or `unsupported` if the source is no file; as `sync` else.
 */
export async function explainDelta(
  source: Place,
  destination: Place,
  options: SyncOptions = {},
): Promise<DeltaExplanation> {
  const parts = { source, destination, options: { ...options, dryRun: true } };
  const context = createContext({ ...parts, progress: new ProgressTracker() }, { add: () => {} });
  try {
    await context.destination.driver.probe?.({ signal: context.signal });
    const [from, to] = await Promise.all([
      source.driver.stat(source.path, { signal: context.signal }),
      destination.driver.stat(destination.path, { signal: context.signal }),
    ]);
    if (from?.kind !== "file") {
      const code = from === undefined ? "not-found" : "unsupported";
      throw new StorageError(code, { path: source.path, message: "is no file" });
    }
    const job = { path: "", source: from, destination: to };
    const progress = context.progress.start("", from.size);
    return await explain(createTransfer(context, job, progress));
  } finally {
    context.limits.close();
  }
}

async function explain(transfer: Transfer): Promise<DeltaExplanation> {
  const { source, previous } = transfer;
  const steps = await stepsOf(transfer, strategyOf(transfer));
  const { strategy } = steps;
  const sum = (kinds: readonly DeltaStep["kind"][]): number =>
    steps.list.reduce((total, { kind, length }) => total + (kinds.includes(kind) ? length : 0), 0);
  const reason = whyNot(transfer) ?? steps.use ?? "strategy";
  return {
    ...{ source, destination: previous, strategy, reason, steps: steps.list },
    transferred: strategy === "server-copy" ? 0 : sum(["send", "fetch"]),
    matched: sum(["copy", "reuse", "repeat"]),
    generated: steps.generated,
    requests: requestsOf(steps),
  };
}

/** Why no delta was thought of, if that is seen without a look at the content. */
function whyNot({ context, source, previous }: Transfer): DeltaReason | undefined {
  if (previous === undefined) return "nothing-there";
  if (previous.kind !== "file") return "no-file";
  const threshold = context.deltas?.threshold ?? Infinity;
  return Math.min(source.size, previous.size) <= threshold ? "too-small" : undefined;
}

function requestsOf({ strategy, list, longest = LONGEST_FETCH }: Steps): number {
  if (strategy === "multipart") return list.length + 2;
  if (strategy !== "ranges") return 1;
  const fetches = list.filter(({ kind }) => kind === "fetch");
  return fetches.reduce((sum, { length }) => sum + Math.ceil(length / longest), 0);
}

interface Steps {
  readonly strategy: Strategy;
  readonly list: readonly DeltaStep[];
  /** Bytes fetched by one request. */
  readonly longest?: number | undefined;
  readonly use?: DeltaUse | undefined;
  readonly generated?: number | undefined;
}

async function stepsOf(transfer: Transfer, strategy: Strategy): Promise<Steps> {
  const { source } = transfer;
  if (strategy === "multipart") {
    const plan = await planUpload(transfer, source);
    closeComparison(plan);
    const list = plan.parts.map(({ kind, ...part }): DeltaStep => ({
      kind: kind === "upload" ? "send" : kind,
      ...part,
    }));
    return { strategy, list, use: plan.use, generated: plan.generated };
  }
  if (strategy === "ranges") {
    const { fetch, use } = await planDownload(transfer, source);
    const whole = strategyOfWhole(transfer);
    if (fetch === undefined && whole !== strategy)
      return { ...(await stepsOf(transfer, whole)), use };
    if (fetch === undefined) {
      const all = { kind: "fetch", offset: 0, length: source.size } as const;
      return { strategy, list: [all], longest: pieceSizeOf(source), use };
    }
    return { strategy, list: Array.from(fetch.steps(), toDeltaStep), use };
  }
  const kind = strategy === "server-copy" ? "copy" : "send";
  return { strategy, list: [{ kind, offset: 0, length: source.size, oldOffset: 0 }] };
}

function toDeltaStep(step: FetchStep): DeltaStep {
  if (step.kind !== "reuse") return step;
  const { kind, offset, length, localOffset: oldOffset } = step;
  return { kind, offset, length, oldOffset };
}
