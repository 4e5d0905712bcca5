/** Decides, whenever extras are to go, whether they may: the guards of a run, whatever its timing. */
import type { Entry } from "@omnisync/storage";
import type { ReportBuilder, Withheld } from "../report.ts";
import { Unlisted } from "../walk/unlisted.ts";
import type { RunContext } from "./context.ts";
import { type Extra, removeExtras, whyWithheld, withholdExtras } from "./remove-extras.ts";
import type { Spool } from "./spool.ts";

export class Removal {
  readonly #context: RunContext;
  readonly #report: ReportBuilder;
  /** Parts of either side that could not be seen: nothing in them is known to be an extra. */
  readonly #unseen: Unlisted = new Unlisted();
  /** Extras that were let go or withheld so far. */
  #met = 0;
  /** Whether the source was seen to hold anything that speaks for it. */
  #holdsSomething = false;

  constructor(context: RunContext, report: ReportBuilder) {
    this.#context = context;
    this.#report = report;
  }

  noteUnseen(path: string): void {
    this.#unseen.add(path);
  }

  /**
   * Entries of the source. Directories alone say nothing in a move: they are what the last one left,
   * and all that it brought over would be extras.
   */
  noteSource(page: readonly Entry[]): void {
    if (this.#holdsSomething) return;
    const { move } = this.#context.options;
    this.#holdsSomething = page.some(({ kind }) => !move || kind !== "directory");
  }

  /** Removes extras, or tells of each that stays, and why in the report. */
  async remove(extras: Spool<Extra>): Promise<void> {
    const endedEarly = this.#context.limits.end.reason !== undefined;
    const withheld = whyWithheld(this.#context, extras.count, {
      endedEarly,
      failures: this.#report.counts.failed,
      otherSpellings: this.#context.spellings.met,
      incompleteListing: !this.#unseen.isEmpty,
      emptySource: !this.#holdsSomething,
    });
    if (withheld === undefined) return removeExtras(this.#context, extras, this.#whyKept);
    this.#report.withheld ??= withheld;
    await withholdExtras(this.#context, extras);
  }

  readonly #whyKept = ({ path }: Extra): boolean => {
    const why = this.#whyStays(path);
    if (why !== undefined) this.#report.withheld ??= why;
    return why !== undefined;
  };

  #whyStays(path: string): Withheld | undefined {
    if (this.#context.limits.end.isStoreLost) return "ended-early";
    return this.#unseen.holding(path) === undefined ? this.#isTooMany() : "incomplete-listing";
  }

  #isTooMany(): Withheld | undefined {
    const { maxDelete = Infinity, maxDeleteMode } = this.#context.options;
    if (maxDeleteMode !== "stop") return undefined;
    return ++this.#met > maxDelete ? "too-many-deletes" : undefined;
  }
}
