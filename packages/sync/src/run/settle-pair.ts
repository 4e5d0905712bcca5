/**
 * Brings one path to its end: asks what planning asks, performs the step, and plans again when source
 * or destination turn out to be others than they were.
 */
import {
  type Entry,
  StorageError,
  isStorageError,
  joinPath,
  toStorageError,
} from "@omnisync/storage";
import type { Change, Reason, SyncEvent } from "../events.ts";
import { callAfter, callBefore } from "../limits/file-hooks.ts";
import { RunEnded } from "../limits/run-end.ts";
import type { Pair } from "../merge/merge-join.ts";
import { changedInMarker } from "../plan/directory-markers.ts";
import { type Step, planPair } from "../plan/plan-pair.ts";
import type { Question } from "../plan/compare.ts";
import { changedAttributes } from "../plan/wanted-attributes.ts";
import { answerQuestion } from "./answer-question.ts";
import type { RunContext } from "./context.ts";
import { flushFound } from "./flush-found.ts";
import { isLinkedTo, linkTo } from "./hard-links.ts";
import { lookAgain } from "./resolve-question.ts";
import type { DelayedUpdate } from "./delayed-updates.ts";
import type { EqualFiles } from "./equal-files.ts";
import { isSame } from "./old-content.ts";
import type { TransferProgress } from "./progress-tracker.ts";
import { removeSource } from "./remove-source.ts";
import { fail } from "./tell-failure.ts";
import type { Outcome } from "./transfer.ts";
import { createTransfer } from "./transfer-file.ts";
import { useEqualFile } from "./use-equal-file.ts";
import { transferInMode } from "./transfer-in-mode.ts";
import { makeDirectory, removeObstacle, setAttributes, writeLink } from "./write-entry.ts";

const DEFAULT_ATTEMPTS = 3;

/** Never throws, except when the run is interrupted: a failure is an event. What the end of the run finds waiting is left. */
export function settlePair(context: RunContext, pair: Pair, step: Step): Promise<void> {
  const settled = settle(context, pair, step);
  const { old } = context;
  return old === undefined ? settled : settled.finally(() => old.forget(pair.path));
}

/** As `settlePair`, for a path that is to be another name of `leader`; without one it stands for itself. */
export async function settleHardLink(
  context: RunContext,
  pair: Pair,
  leader: Entry | undefined,
): Promise<void> {
  if (leader === undefined) return settlePair(context, pair, planPair(pair, context.rules));
  if (context.limits.end.isStoreLost) return;
  const { path, source, destination } = pair;
  try {
    const event = { path, source, destination, bytes: 0 } as const;
    if (isLinkedTo(pair, leader)) {
      await flushFound(context, path);
      context.emit({ ...event, kind: "unchanged", reason: "same" });
    } else {
      await context.lanes.with(1, async () => {
        const current = await keepOld(context, pair);
        if (!context.options.dryRun) await linkTo(context, current, leader);
      });
      const reason = destination === undefined ? "new" : "hard-link";
      const backup = backupOf(context, pair);
      context.emit({ ...event, kind: "link", reason, linkedTo: leader.path, backup });
    }
    await removeSource(context, pair, source!);
  } catch (error) {
    await failInPlace(context, pair, error);
  } finally {
    context.old?.forget(path);
  }
}

async function settle(context: RunContext, pair: Pair, step: Step): Promise<void> {
  const attempts = context.options.attempts ?? DEFAULT_ATTEMPTS;
  let current = pair;
  let next = step;
  for (let attempt = 1; ; attempt++) {
    try {
      while (next.kind === "ask") {
        current = await ask(context, current, next.what);
        // Planned anew it would be an extra, and go without anybody having counted it.
        if (current.source === undefined && pair.source !== undefined)
          return tellVanished(context, pair);
        next = planPair(current, context.rules);
        if (next.kind !== "copy") continue;
        // What a question was asked about has not been counted.
        if (!context.limits.end.admits(current, next)) return;
        context.progress.expect(current.source!.size);
      }
      return await performStep(context, current, next);
    } catch (error) {
      context.signal.throwIfAborted();
      if (error instanceof RunEnded) return;
      const failure = toStorageError(error, { path: joinPath(context.source.path, pair.path) });
      if (attempt >= attempts || !isWorthAnotherLook(failure))
        return fail(context, current, failure);
      try {
        current = await lookAgain(context, current);
        if (current.source === undefined && pair.source !== undefined)
          return tellVanished(context, pair);
        if (pair.destination === undefined && current.destination !== undefined)
          await context.spellings.confirm(pair.path);
      } catch (lookError) {
        context.signal.throwIfAborted();
        return fail(context, current, toStorageError(lookError, { path: pair.path }));
      }
      if (context.options.failOnConflict && !isAsListed(pair.destination, current.destination))
        return fail(context, pair, conflict(pair));
      next = planPair(current, context.rules);
    }
  }
}

function ask(context: RunContext, pair: Pair, question: Question): Promise<Pair> {
  return context.lanes.with(1, () => answerQuestion(context, pair, question));
}

/** Carries out a step that needs no more questions. */
export function performStep(context: RunContext, pair: Pair, step: Step): Promise<void> {
  // Nearly all that takes time are copies: they do without what the other steps share.
  return step.kind === "copy" ? copyFile(context, pair, step) : performOther(context, pair, step);
}

async function performOther(
  context: RunContext,
  pair: Pair,
  step: Exclude<Step, { kind: "copy" }>,
): Promise<void> {
  const { path, source, destination } = pair;
  const event = (kind: SyncEvent["kind"], more: Partial<SyncEvent> = {}): void =>
    context.emit({ kind, path, source, destination, bytes: 0, ...more });
  /** One request to the destination, in its turn; in a dry run none. */
  const change = async (work: () => Promise<void>): Promise<void> => {
    if (context.options.dryRun) await keepOld(context, pair);
    else await context.lanes.with(1, work);
  };
  switch (step.kind) {
    case "link":
      if ((await context.equals?.find(pair))?.use === "compare")
        return event("unchanged", { reason: "same" });
      await change(async () => writeLink(context, await keepOld(context, pair)));
      event("link", {
        reason: step.reason,
        changes: changesOf(context, pair),
        backup: backupOf(context, pair),
      });
      return removeSource(context, pair, source!);
    case "mkdir":
      await change(() => makeDirectory(context, pair));
      return event("mkdir", { reason: step.reason });
    case "attributes":
      if (source!.kind !== "directory" && context.destination.driver.setAttributes === undefined) {
        return copyFile(context, pair, { kind: "copy", reason: step.reason, when: "now" });
      }
      await change(() => setAttributes(context, pair));
      event("attributes", { reason: step.reason, changes: changesOf(context, pair) });
      return removeFileSource(context, pair);
    case "unchanged":
      event("unchanged", { reason: "same" });
      return removeFileSource(context, pair);
    case "skip":
      return event("skip", { reason: step.reason });
    case "ignored":
      return event("ignored");
    case "remove":
      await change(async () => removeObstacle(context, await keepOld(context, pair)));
      return event("remove", { reason: "type", backup: backupOf(context, pair) });
    case "fail":
      throw new StorageError(step.code, {
        path: joinPath(context.destination.path, path),
        message: step.message,
      });
    case "keep":
    case "ask":
      return undefined;
  }
}

async function copyFile(
  context: RunContext,
  pair: Pair,
  step: Step & { kind: "copy" },
): Promise<void> {
  const { equals, old, options, progress } = context;
  if (equals !== undefined && (await makeOfEqual(context, equals, pair))) return;
  const { path, destination } = pair;
  const source = pair.source!;
  if (options.dryRun) {
    await keepOld(context, pair);
    context.emit({
      kind: "copy",
      path,
      reason: step.reason,
      source,
      destination,
      bytes: source.size,
      changes: changesOf(context, pair, step.reason),
      backup: backupOf(context, pair),
    });
    return removeSource(context, pair, source);
  }
  const { hooks } = options;
  const transfer = progress.start(path, source.size);
  try {
    if (hooks?.before) await callBefore(hooks, { path, source, destination }, context.signal);
    if (context.delayed?.isOver === false) return await delayCopy(context, pair, step, transfer);
    const current =
      old === undefined ? pair : await context.lanes.with(1, () => keepOld(context, pair));
    const job = { path, source, destination: current.destination };
    const outcome = await transferInMode(context, job, transfer);
    const following = finishCopy(context, pair, step.reason, outcome);
    if (following !== undefined) await following;
  } catch (error) {
    transfer.reset();
    throw error;
  } finally {
    transfer.end();
  }
}

/** Whether a new path was settled without a transfer. */
async function makeOfEqual(context: RunContext, equals: EqualFiles, pair: Pair): Promise<boolean> {
  const { lanes, progress } = context;
  const found = await lanes.with(1, () => equals.find(pair));
  if (found === undefined) return false;
  context.emit(await lanes.with(1, () => useEqualFile(context, pair, found)));
  progress.filesDone++;
  // Nothing was made of a file that is only compared with: the source stays.
  if (found.use !== "compare") await removeSource(context, pair, pair.source!);
  return true;
}

/** Brings the content near its place, which it gets at the end of the run. */
async function delayCopy(
  context: RunContext,
  { path, source, destination }: Pair,
  { reason }: Step & { kind: "copy" },
  progress: TransferProgress,
): Promise<void> {
  const job = { path, source: source!, destination };
  const outcome = await context.delayed!.bring(createTransfer(context, job, progress), path);
  await context.delayed!.wait({ ...job, reason, outcome });
}

/** Never throws, as `settlePair`. */
export async function settleDelayed(context: RunContext, update: DelayedUpdate): Promise<void> {
  if (context.limits.end.isStoreLost) return;
  const { source, destination, path, reason } = update;
  const pair = { path, source, destination };
  const { durable, move } = context.options;
  try {
    const outcome = await context.lanes.with(1, async () => {
      const { destination: previous } = await keepOld(context, pair);
      const { deltas, signal } = context;
      const options = { durable: durable === true || move === true, deltas, signal };
      return context.delayed!.put(update, previous, options);
    });
    await finishCopy(context, pair, reason, outcome);
  } catch (error) {
    await failInPlace(context, pair, error);
  } finally {
    context.old?.forget(path);
  }
}

/** Of a path that was to be free, and was not, it may have been another's. Throws only if the run is interrupted. */
async function failInPlace(context: RunContext, pair: Pair, error: unknown): Promise<void> {
  const { path, destination } = pair;
  context.signal.throwIfAborted();
  if (error instanceof RunEnded) return;
  const failure = toStorageError(error, { path });
  const isNew = destination === undefined;
  fail(context, pair, isNew ? await context.spellings.explain(path, failure) : failure);
}

/** Tells of a file that is in its place. A promise only where something follows: a hook, or the end of a move's source. */
function finishCopy(
  context: RunContext,
  pair: Pair,
  reason: Reason,
  outcome: Outcome,
): Promise<void> | undefined {
  const { cache, progress, options } = context;
  const { path, destination } = pair;
  cache?.remember(context.destination, outcome.destination);
  if (outcome.strategy !== "server-copy") cache?.remember(context.source, outcome.source);
  progress.filesDone++;
  const { strategy, bytes, resumed, matched, delta, signatureError } = outcome;
  const done: SyncEvent = {
    kind: "copy",
    path,
    reason,
    source: outcome.source,
    destination,
    bytes,
    resumed,
    matched,
    delta,
    signatureError,
    strategy,
    changes: destination && changesOf(context, asFound(pair, outcome), reason),
    backup: backupOf(context, pair),
  };
  context.emit(done);
  if (options.hooks?.after === undefined && !options.move) return undefined;
  return followCopy(context, pair, outcome, done);
}

/** A read tells less of the source than the listing, or more. */
function asFound(pair: Pair, { source }: Outcome): Pair {
  return { ...pair, source: { ...pair.source, ...source } };
}

async function followCopy(
  context: RunContext,
  pair: Pair,
  outcome: Outcome,
  done: SyncEvent,
): Promise<void> {
  await callAfter(context.options.hooks, done, context.signal);
  await removeSource(context, pair, outcome.source);
}

/** What differed, where the destination has one of the same kind. */
function changesOf(
  { rules }: RunContext,
  { source, destination }: Pair,
  reason?: Reason,
): readonly Change[] | undefined {
  if (destination === undefined || source?.kind !== destination.kind) return undefined;
  return [
    ...(reason === "checksum" ? (["content"] as const) : []),
    ...(source.kind === "file" && source.size !== destination.size ? (["size"] as const) : []),
    ...(source.kind === "directory" ? changedInMarker : changedAttributes)(
      source,
      destination,
      rules.attributes,
    ),
  ];
}

/** The pair as it is when what it replaces has been put aside, where that is wanted. In a dry run, only finds the name. */
async function keepOld(context: RunContext, pair: Pair): Promise<Pair> {
  const { old, options } = context;
  if (old === undefined || pair.destination === undefined) return pair;
  if (options.dryRun) {
    await old.findName(pair.path);
    return pair;
  }
  const { entry } = await old.keep(pair.path, pair.destination);
  return { ...pair, destination: entry };
}

function backupOf({ old }: RunContext, { path, destination }: Pair): string | undefined {
  return destination === undefined ? undefined : old?.nameOf(path);
}

async function removeFileSource(context: RunContext, pair: Pair): Promise<void> {
  const { source } = pair;
  const { dryRun, move } = context.options;
  if (!move || source === undefined || source.kind === "directory") return;
  // A plan takes what is told next for what follows: without a wait.
  if (!dryRun) await context.lanes.with(1, () => flushFound(context, pair.path));
  await removeSource(context, pair, source);
}

/** Failures after which the world may look different: not the store's troubles, which it has retried itself. */
function isWorthAnotherLook(error: StorageError): boolean {
  return isStorageError(error, "changed", "precondition-failed", "corrupt", "not-found");
}

function tellVanished(context: RunContext, { path, source, destination }: Pair): void {
  const event = { path, source, destination, reason: "vanished", bytes: 0 } as const;
  if (context.options.skipVanished) return context.emit({ ...event, kind: "skip" });
  context.progress.failed++;
  const message = "vanished before it could be read";
  context.emit({
    ...event,
    kind: "failed",
    error: new StorageError("not-found", { path, message }),
  });
}

function isAsListed(listed: Entry | undefined, now: Entry | undefined): boolean {
  return listed === undefined || now === undefined ? listed === now : isSame(listed, now);
}

function conflict({ path }: Pair): StorageError {
  return new StorageError("precondition-failed", {
    path,
    message: "changed at the destination since it was listed",
  });
}
