/** Plans the pairs of a walk, one after the other, with what one says about those that follow. */
import { isWithin } from "@omnisync/storage";
import type { Pair } from "../merge/merge-join.ts";
import { type PlanRules, type Step, planPair } from "../plan/plan-pair.ts";

export class PlanInOrder {
  readonly #rules: PlanRules;
  /** A directory that goes with all it holds, to make way for a file. */
  #replaced: string | undefined;
  /** A link that was listed as a directory which the source does not have: what is in it is none of ours. */
  #linked: string | undefined;

  constructor(rules: PlanRules) {
    this.#rules = rules;
  }

  plan(pair: Pair): Step {
    if (pair.obstacle === "link-at-destination") this.#linked = pair.path;
    if (pair.source === undefined) {
      if (this.#linked !== undefined && isWithin(this.#linked, pair.path)) return { kind: "keep" };
      if (pair.destination?.throughLink) this.#linked = pair.path;
    }
    const isInTheWay =
      pair.source === undefined &&
      this.#replaced !== undefined &&
      isWithin(this.#replaced, pair.path);
    const step = planPair(isInTheWay ? { ...pair, unwanted: true } : pair, this.#rules);
    if (step.kind === "copy" && step.when === "after-deletes") this.#replaced = pair.path;
    return step;
  }
}
