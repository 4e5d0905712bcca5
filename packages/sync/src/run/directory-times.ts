/**
 * Directories, the root of the transfer among them, get their attributes last: writing into one changes its mtime, and a mode without
 * write permission would keep its content out. While the run goes through a directory it is on a
 * stack; when it is left, it is noted if anything in it was touched or it differs itself.
 */
import {
  type Attributes,
  type Entry,
  isStorageError,
  isWithin,
  joinPath,
  parentPath,
  toStorageError,
} from "@omnisync/storage";
import type { Pair } from "../merge/merge-join.ts";
import type { Change } from "../events.ts";
import { reasonOf } from "../plan/compare.ts";
import { changedAttributes, wantedAttributes } from "../plan/wanted-attributes.ts";
import type { RunContext } from "./context.ts";
import { Spool } from "./spool.ts";

interface Noted {
  readonly path: string;
  readonly attributes: Attributes;
  /** What differed by itself, so that setting it is news. */
  readonly changes: readonly Change[];
  readonly destination: Entry | undefined;
}

interface Open {
  readonly path: string;
  readonly source: Entry;
  readonly destination: Entry | undefined;
  readonly changes: readonly Change[];
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
      const { attributes } = this.#context.rules;
      const there = destination?.kind === "directory" ? destination : undefined;
      const changes = there === undefined ? [] : changedAttributes(source, there, attributes);
      const touched = there === undefined;
      this.#open.push({ path, source, destination: there, changes, touched });
    }
    return pending;
  }

  /** Called first, with what was found at the two places themselves. */
  visitRoot(source: Entry, destination: Entry | undefined): Promise<void> | undefined {
    if (source.kind !== "directory" || !source.complete) return undefined;
    return this.visit({ path: "", source, destination }, "left");
  }

  /** After the last pair and the removals: sets what was noted, inner directories first. */
  async apply(): Promise<void> {
    await this.#leaveUpTo(undefined);
    for await (const page of this.#noted.forward()) {
      for (const noted of page) {
        if (this.#context.limits.end.isStoreLost) return;
        await this.#set(noted);
      }
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
      const { path: directory, source, destination, changes, touched } = top;
      if (!touched && changes.length === 0) continue;
      const wanted = wantedAttributes(source, destination, this.#context.rules.attributes);
      const isNew = destination === undefined;
      // A directory that was only written into has a wrong time, no more.
      const attributes = isNew || changes.length > 0 ? wanted : { mtime: wanted.mtime };
      if (Object.values(attributes).every((value) => value === undefined)) continue;
      pending = this.#noted.push({ path: directory, attributes, changes, destination }) ?? pending;
    }
    return pending;
  }

  async #set({ path, attributes, changes, destination: there }: Noted): Promise<void> {
    const { destination, options, signal, emit, observer } = this.#context;
    // The root is the place itself: what becomes of it is no news of a path.
    const isNews = changes.length > 0 && path !== "";
    if (path !== "") observer.onDirectory?.(path, attributes, isNews);
    try {
      const full = joinPath(destination.path, path);
      // The root may have got nothing that would have made it.
      if (path === "" && there === undefined && !options.dryRun)
        await destination.driver.mkdir?.(full, { signal });
      if (!options.dryRun) await destination.driver.setAttributes?.(full, attributes, { signal });
      if (!isNews) return;
      const reason = reasonOf(changes[0] as Change);
      emit({ kind: "attributes", path, reason, changes, destination: there, bytes: 0 });
    } catch (error) {
      signal.throwIfAborted();
      // It could not be made, which was told of.
      if (there === undefined && isStorageError(error, "not-found")) return;
      emit({ kind: "failed", path, bytes: 0, error: toStorageError(error, { path }) });
    }
  }
}
