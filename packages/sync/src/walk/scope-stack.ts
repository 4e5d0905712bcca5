/**
 * The directories above the current path of an ordered walk, each with the rules that hold in it. What
 * is remembered is as deep as the path; a directory's rule files are read when it is first entered.
 */
import { type StorageError, toStorageError } from "@omnisync/storage";
import type { FilterRule } from "../filter/filter-rule.ts";
import type { FilterScope } from "../filter/filter-scope.ts";

interface Frame {
  readonly path: string;
  /** The rules inside it. */
  readonly scope: FilterScope;
  /** Whether the directory itself is to be removed: then perishable rules do not count in it. */
  readonly removed: boolean;
  /** Why nothing in it takes part: a rule, or its rule file that could not be read. */
  readonly left: LeftOut | undefined;
}

export type LeftOut = { readonly rule: FilterRule; readonly path: string } | "unreadable";

/** What becomes of a directory of the destination: only one that goes is held against the rules. */
export type Fate = "stays" | "goes" | "is-replaced";

export class ScopeStack {
  readonly #frames: Frame[] = [];
  readonly #above: FilterScope;
  readonly #onProblem: (problem: StorageError, path: string) => void;
  readonly #fateOf: ((path: string) => Fate) | undefined;
  #current: string | undefined;

  /** `fateOf`: at the destination. Default: every directory is held against the rules, as at the source. */
  constructor(
    above: FilterScope,
    onProblem: (problem: StorageError, path: string) => void,
    fateOf?: (path: string) => Fate,
  ) {
    this.#above = above;
    this.#onProblem = onProblem;
    this.#fateOf = fateOf;
  }

  /** Goes to a directory of the place. A promise only where rule files may have to be read. */
  enter(directory: string): Promise<void> | undefined {
    if (directory === this.#current) return undefined;
    this.#current = directory;
    const frames = this.#frames;
    while (frames.length > 0 && !isAbove(frames.at(-1)!.path, directory)) frames.pop();
    return this.#descend(directory);
  }

  /** What leaves out a path directly in the current directory, or the directory itself. */
  leaves(path: string, isDirectory: boolean): LeftOut | undefined {
    const { left, scope, removed } = this.#frames.at(-1)!;
    if (left !== undefined) return left;
    const rule = scope.find(path, isDirectory, !removed);
    return rule === undefined || rule.include ? undefined : { rule, path };
  }

  /** The rule that decides for a path directly in the current directory, whatever it says. */
  decides(path: string, isDirectory: boolean): FilterRule | undefined {
    const { scope, removed } = this.#frames.at(-1)!;
    return scope.find(path, isDirectory, !removed);
  }

  /** Whether a directory above the current one, or it, is to be removed. */
  isRemoved(directory: string): boolean {
    return this.#frames.some(({ path, removed }) => removed && path === directory);
  }

  #descend(directory: string): Promise<void> | undefined {
    const frames = this.#frames;
    while (frames.length === 0 || frames.at(-1)!.path !== directory) {
      const path = nextBelow(frames.at(-1)?.path, directory);
      const pending = this.#push(path);
      if (pending !== undefined) return pending.then(() => this.#descend(directory));
    }
    return undefined;
  }

  #push(path: string): Promise<void> | undefined {
    const parent = this.#frames.at(-1);
    const outer = parent?.scope ?? this.#above;
    const fate = this.#fateOf === undefined || path === "" ? undefined : this.#fateOf(path);
    const removed = fate === "goes" || fate === "is-replaced";
    const judged = this.#fateOf === undefined || fate === "goes";
    const left =
      parent?.left ?? (judged ? judge(outer, path, parent?.removed ?? false) : undefined);
    if (left !== undefined || !outer.readsFiles) {
      this.#frames.push({ path, scope: outer, left, removed });
      return undefined;
    }
    return outer.enter(path).then(
      (scope) => void this.#frames.push({ path, scope, left: undefined, removed }),
      (error: unknown) => {
        const problem = toStorageError(error, { path });
        if (!isOfThisDirectory(problem)) throw problem;
        this.#onProblem(problem, path);
        this.#frames.push({ path, scope: outer, left: "unreadable", removed });
      },
    );
  }
}

function judge(scope: FilterScope, path: string, inRemoved: boolean): LeftOut | undefined {
  const rule = path === "" ? scope.findRoot() : scope.find(path, true, !inRemoved);
  return rule === undefined || rule.include ? undefined : { rule, path };
}

/** A file that cannot be read shuts its directory; a bad rule or a store that is away ends the run. */
function isOfThisDirectory(problem: StorageError): boolean {
  return ["permission-denied", "unsupported", "too-large"].includes(problem.code);
}

function isAbove(directory: string, path: string): boolean {
  return (
    directory === "" ||
    path === directory ||
    (path.startsWith(directory) && path.charCodeAt(directory.length) === 0x2f)
  );
}

/** The directory one level below `above` on the way to `directory`; the root without `above`. */
function nextBelow(above: string | undefined, directory: string): string {
  if (above === undefined) return "";
  const slash = directory.indexOf("/", above === "" ? 0 : above.length + 1);
  return slash < 0 ? directory : directory.slice(0, slash);
}
