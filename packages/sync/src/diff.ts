/** What `sync` would have to do to make the destination equal: a check, told as a list of changes. */
import type { EntryKind, StorageError } from "@omnisync/storage";
import type { CheckEvent, CheckOptions } from "./check.ts";
import type { Reason } from "./events.ts";
import type { Place } from "./options.ts";
import { CheckRun } from "./run/check-run.ts";

/** Changes that wait to be taken before the comparison pauses. */
const AHEAD = 1000;

export type DiffOptions = Omit<CheckOptions, "onEvent">;

/**
 * - `new`: only the source has it; `sync` would create it.
 * - `modified`: both have it, and it differs (`reason`).
 * - `deleted`: only the destination has it; `sync` with `delete` would remove it.
 * - `error`: it could not be compared, which is never "the same" (`error`).
 */
export interface DiffEntry {
  readonly path: string;
  readonly status: "new" | "modified" | "deleted" | "error";
  /** What it is, at the source where that has it. Not known for an `error`. */
  readonly type?: EntryKind | undefined;
  readonly reason?: Reason | undefined;
  readonly error?: StorageError | undefined;
}

/**
 * Whatever differs between two places, as it is found; nothing for what is the same. Memory is bounded:
 * the comparison waits for whoever takes the entries. May be left early, which ends it.
 * @example for await (const { path, status } of diff(source, destination)) console.log(status, path);
 * @throws StorageError as `check` does, at the first entry or in between.
 */
export async function* diff(
  source: Place,
  destination: Place,
  options: DiffOptions = {},
): AsyncGenerator<DiffEntry, void, undefined> {
  const left = new AbortController();
  const signal = AbortSignal.any(options.signal ? [options.signal, left.signal] : [left.signal]);
  const found = new Handover();
  const onEvent = (event: CheckEvent): void => {
    if (event.kind !== "match") found.push(entryOf(event));
  };
  const run = new CheckRun(source, destination, { ...options, signal, onEvent }, () =>
    found.room(),
  );
  const done = run.report().then(
    () => found.end(),
    (error: unknown) => found.end({ error }),
  );
  try {
    yield* found.entries();
  } finally {
    left.abort();
    found.giveUp();
    await done;
  }
}

const STATUS: Readonly<Record<Exclude<CheckEvent["kind"], "match">, DiffEntry["status"]>> = {
  "source-only": "new",
  "destination-only": "deleted",
  differ: "modified",
  error: "error",
};

function entryOf(event: CheckEvent): DiffEntry {
  const { path, kind, reason, error } = event;
  const type = (event.source ?? event.destination)?.kind;
  return {
    path,
    status: STATUS[kind as keyof typeof STATUS],
    ...(type === undefined ? {} : { type }),
    ...(reason === undefined ? {} : { reason }),
    ...(error === undefined ? {} : { error }),
  };
}

/** Entries on their way from the comparison to whoever takes them. */
class Handover {
  #waiting: DiffEntry[] = [];
  #ended: { readonly error?: unknown } | undefined;
  #news: (() => void) | undefined;
  #room: (() => void) | undefined;
  #left = false;

  push(entry: DiffEntry): void {
    this.#waiting.push(entry);
    this.#news?.();
  }

  end(failure: { readonly error?: unknown } = {}): void {
    this.#ended = failure;
    this.#news?.();
  }

  /** A promise to wait for while too many entries lie here. */
  room(): Promise<void> | undefined {
    if (this.#left || this.#waiting.length < AHEAD) return undefined;
    return new Promise((resolve) => {
      this.#room = resolve;
    });
  }

  /** Nobody takes entries any more: nobody shall wait. */
  giveUp(): void {
    this.#left = true;
    this.#waiting = [];
    this.#room?.();
  }

  async *entries(): AsyncGenerator<DiffEntry, void, undefined> {
    for (;;) {
      const batch = this.#waiting;
      this.#waiting = [];
      this.#room?.();
      yield* batch;
      if (this.#waiting.length > 0) continue;
      if (this.#ended !== undefined) {
        if ("error" in this.#ended) throw this.#ended.error;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#news = resolve;
      });
      this.#news = undefined;
    }
  }
}
