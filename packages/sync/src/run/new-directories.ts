/**
 * Directories that are to be made, where something else may be found in their place: one of another spelling, whose
 * content is listed under that. What was put into it would be listed too, perhaps later, and be taken for an extra.
 */
import { type ErrorCode, isWithin, toStorageError } from "@omnisync/storage";
import type { Pair } from "../merge/merge-join.ts";
import type { Step } from "../plan/plan-pair.ts";
import type { RunContext } from "./context.ts";
import { lookAt } from "./resolve-question.ts";

export class NewDirectories {
  readonly #context: RunContext;
  /** The new directory that the walk is in: what is in it is new as well. */
  #made: string | undefined;
  /** One that could not be made, and why. */
  #refused: { readonly path: string; readonly step: Step } | undefined;

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** What is in a directory that cannot be made has no place. */
  plan({ path }: Pair): Step | undefined {
    if (this.#refused === undefined || !isWithin(this.#refused.path, path)) return undefined;
    return this.#refused.step;
  }

  /** Looks at a directory that is to be made. @returns what is to be done instead, if anything. */
  confirm({ path }: Pair, { kind }: Step): Promise<Step | undefined> | undefined {
    if (kind !== "mkdir" || !this.#context.rules.directories) return undefined;
    if (this.#made !== undefined && isWithin(this.#made, path)) return undefined;
    this.#made = path;
    return this.#look(path);
  }

  async #look(path: string): Promise<Step | undefined> {
    const { destination, spellings, signal } = this.#context;
    try {
      if ((await lookAt(this.#context, destination, path, true)) === undefined) return undefined;
      const message = await spellings.problemOf(path);
      return message === undefined ? undefined : this.#refuse(path, "already-exists", message);
    } catch (error) {
      signal.throwIfAborted();
      const { code, message } = toStorageError(error, { path });
      return this.#refuse(path, code, message);
    }
  }

  #refuse(path: string, code: ErrorCode, message: string): Step {
    const step = { kind: "fail", code, message } as const;
    this.#refused = { path, step };
    return step;
  }
}
