/** Removes extras before the first transfer: both places are gone through once for that alone. */
import type { Entry } from "@omnisync/storage";
import type { WalkPairsOptions } from "../walk/walk-pairs.ts";
import { walkPairs } from "../walk/walk-pairs.ts";
import type { SyncOptions } from "../options.ts";
import type { RunContext } from "./context.ts";
import { PlanInOrder } from "./plan-in-order.ts";
import { type Extra, extraOf } from "./remove-extras.ts";
import type { Removal } from "./removal.ts";
import { Spool } from "./spool.ts";

/** What lies at the two places themselves. */
export interface Roots {
  readonly source: Entry;
  readonly destination: Entry | undefined;
}

type Pages = AsyncIterable<readonly Entry[]>;

/** Problems of the listings are told by the walk that follows; here they forbid the removal. */
export async function removeBefore(
  context: RunContext,
  roots: Roots,
  removal: Removal,
  files: SyncOptions["files"],
): Promise<void> {
  const { source, destination, rules, signal, seenSignatures } = context;
  const plans = new PlanInOrder(rules);
  const extras = new Spool<Extra>();
  const note = async function* (pages: Pages): Pages {
    for await (const page of pages) {
      signal.throwIfAborted();
      removal.noteSource(page);
      yield page;
    }
  };
  try {
    await walkPairs(
      { place: source, root: roots.source, through: note },
      { place: destination, root: roots.destination, through: (pages) => pages },
      {
        ...walkOptions(context),
        files,
        onProblem: (_problem, path) => removal.noteUnseen(path),
        onReserved: (path) => seenSignatures.note(path),
      },
      (pair) => {
        const step = plans.plan(pair);
        const isExtra = step.kind === "remove" && step.when === "end";
        return isExtra ? extras.push(extraOf(pair.destination!)) : undefined;
      },
    );
    await removal.remove(extras);
  } finally {
    await extras.close();
  }
}

/** How both places are gone through, whatever is done with the pairs. */
export function walkOptions({
  source,
  destination,
  options,
  signal,
}: RunContext): Omit<WalkPairsOptions, "onProblem"> {
  return {
    ...options,
    judgeExtras: options.delete === true || options.force === true,
    signal,
    merging: {
      fileAndDirectory: destination.driver.capabilities.fileAndDirectory,
      twinsAtSource: source.driver.capabilities.fileAndDirectory,
    },
  };
}

/** Paths that can be gone through more than once, until they are closed. */
export class KeptPaths implements AsyncIterable<string> {
  readonly #paths: Spool<string> = new Spool();

  async fill(paths: Iterable<string> | AsyncIterable<string>): Promise<void> {
    for await (const path of paths) await this.#paths.push(path);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<string> {
    for await (const page of this.#paths.forward()) yield* page;
  }

  close(): Promise<void> {
    return this.#paths.close();
  }
}
