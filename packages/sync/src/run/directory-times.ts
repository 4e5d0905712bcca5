/**
 * Directories get their mtime and mode last: writing into one changes its mtime, and a mode without
 * write permission would keep its content out. While the run goes through a directory it is on a
 * stack; when it is left, it is noted if anything in it was touched or it differs itself.
 */
import { type Entry, isWithin, joinPath, parentPath, toStorageError } from "@omnisync/storage";
import type { Pair } from "../merge/merge-join.ts";
import type { RunContext } from "./context.ts";
import { Spool } from "./spool.ts";

interface Noted {
  readonly path: string;
  readonly mtime: number | undefined;
  readonly mode: number | undefined;
  /** Whether it differed by itself, so that setting it is news. */
  readonly report: boolean;
}

interface Open {
  readonly path: string;
  readonly source: Entry;
  readonly differs: boolean;
  touched: boolean;
}

export class DirectoryTimes {
  readonly #context: RunContext;
  readonly #open: Open[] = [];
  readonly #noted: Spool<Noted> = new Spool();

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** Called for each pair in order, with what becomes of its path. */
  visit(pair: Pair, fate: "touched" | "left" | "skipped"): Promise<void> | undefined {
    const pending = this.#leaveUpTo(pair.path);
    const { source, destination, path } = pair;
    const top = this.#open.at(-1);
    if (fate === "touched" && top !== undefined && top.path === parentPath(path))
      top.touched = true;
    if (source?.kind === "directory" && fate !== "skipped") {
      const differs = destination !== undefined && this.#differs(source, destination);
      this.#open.push({ path, source, differs, touched: destination === undefined });
    }
    return pending;
  }

  /** After the last pair and the removals: sets what was noted, inner directories first. */
  async apply(): Promise<void> {
    await this.#leaveUpTo(undefined);
    for await (const page of this.#noted.forward()) {
      for (const noted of page) await this.#set(noted);
    }
  }

  close(): Promise<void> {
    return this.#noted.close();
  }

  #leaveUpTo(path: string | undefined): Promise<void> | undefined {
    let pending: Promise<void> | undefined;
    for (let top = this.#open.at(-1); top !== undefined; top = this.#open.at(-1)) {
      if (path !== undefined && isWithin(top.path, path)) break;
      this.#open.pop();
      if (!top.touched && !top.differs) continue;
      const { mtime, mode } = top.source;
      const keepMode = this.#context.rules.compareMode;
      pending =
        this.#noted.push({
          path: top.path,
          mtime,
          mode: keepMode ? mode : undefined,
          report: top.differs,
        }) ?? pending;
    }
    return pending;
  }

  #differs(source: Entry, destination: Entry): boolean {
    const { compareMode, mtimeWindow } = this.#context.rules;
    if (compareMode && source.mode !== undefined && destination.mode !== source.mode) return true;
    if (mtimeWindow === undefined || source.mtime === undefined || destination.mtime === undefined)
      return false;
    return Math.abs(source.mtime - destination.mtime) > mtimeWindow;
  }

  async #set({ path, mtime, mode, report }: Noted): Promise<void> {
    const { destination, options, signal, emit } = this.#context;
    if (mtime === undefined && mode === undefined) return;
    try {
      const full = joinPath(destination.path, path);
      if (!options.dryRun)
        await destination.driver.setAttributes?.(full, { mtime, mode }, { signal });
      if (report) emit({ kind: "attributes", path, reason: "mtime", bytes: 0 });
    } catch (error) {
      signal.throwIfAborted();
      emit({ kind: "failed", path, bytes: 0, error: toStorageError(error, { path }) });
    }
  }
}
