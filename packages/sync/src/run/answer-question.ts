/** Answers what planning asks, in a run that goes on to do what it plans. */
import { joinPath } from "@omnisync/storage";
import { hashByComparing } from "../delta/upload-plan.ts";
import type { Pair } from "../merge/merge-join.ts";
import { type Question, commonHash, effectiveMtime } from "../plan/compare.ts";
import type { RunContext } from "./context.ts";
import { resolveQuestion } from "./resolve-question.ts";
import { strategyOf } from "./transfer-file.ts";

/** As `resolveQuestion`. */
export async function answerQuestion(
  context: RunContext,
  pair: Pair,
  question: Question,
): Promise<Pair> {
  const answered = await answer(context, pair, question);
  context.limits.end.answered();
  return answered;
}

async function answer(context: RunContext, pair: Pair, question: Question): Promise<Pair> {
  if (question === "source" || question === "destination")
    return resolveQuestion(context, pair, question);
  const compared = question === "hashes" ? await compareOnce(context, pair) : undefined;
  if (compared !== undefined) return compared;
  return context.limits.timings.hash(() => resolveQuestion(context, pair, question));
}

/**
 * A large file is hashed to know whether it is only its time that changed, and read to find what of it did. Mostly it is the
 * content, so both is done in one reading.
 */
async function compareOnce(context: RunContext, pair: Pair): Promise<Pair | undefined> {
  const { options, destination: to, source: from } = context;
  const { source, destination: previous, path } = pair;
  if (context.deltas === undefined || options.dryRun || !source || !previous) return undefined;
  if (source.hashes?.blake3 !== undefined || commonHash(source, previous) !== "blake3") {
    return undefined;
  }
  if (effectiveMtime(source) === previous.mtime) return undefined;
  const upload = {
    ...{ context, source, previous },
    ...{ from: from.driver, to: to.driver },
    fromPath: joinPath(from.path, path),
    previousPath: joinPath(to.path, path),
  };
  if (strategyOf(upload) !== "multipart") return undefined;
  const blake3 = await hashByComparing(upload, source);
  if (blake3 === undefined) return undefined;
  return { ...pair, source: { ...source, hashes: { ...source.hashes, blake3 } } };
}
