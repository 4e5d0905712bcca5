/** What a search for duplicates found, and what can be done about it. */
import type { StorageError } from "@omnisync/storage";
import { setMaxListeners } from "node:events";
import {
  type Check,
  type Checks,
  FLAG,
  FUNCTION,
  OBJECT,
  checkFields,
  oneOf,
} from "../check-options/checks.ts";
import type { Place } from "../options.ts";
import type { Failure } from "../report.ts";
import { JobGate } from "../run/gate.ts";
import { lockRun } from "../run-lock.ts";
import {
  type Copy,
  type CopyRow,
  type CopyTable,
  KEEP_POLICIES,
  type KeepPolicy,
} from "./copy-table.ts";
import { refuseWithoutLinks } from "./hard-link.ts";
import { settleSet } from "./settle-set.ts";

/** Files of one content. */
export interface DuplicateSet {
  /** Bytes of each. */
  readonly size: number;
  /** BLAKE3 of the content, lower-case hex. */
  readonly hash: string;
  /** Names of it, hard links included. */
  readonly count: number;
  /** Bytes that one copy alone would not take: hard links of a file take nothing. */
  readonly reclaimable: number;
  readonly keep: Copy;
  /** The others, in the order of the policy; read them before going on to the next set. */
  readonly duplicates: Iterable<Copy>;
}

export interface SettleOptions {
  /** Which copy of each set stays. Default `first`: the first in byte order of the paths. */
  readonly keep?: KeepPolicy | undefined;
  /** Say what would be done, change nothing. Default false. */
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of each duplicate. Must not throw. */
  readonly onEvent?: ((event: DuplicateEvent) => void) | undefined;
}

/**
 * - `removed`, `linked`: done, or with `dryRun` to be done.
 * - `hard-link`: another name of the kept file, which frees nothing; it stays.
 * - `differs`: it has another mode, owner, group, access list or other extended attributes than the copy of which it was
 *   to become a hard link; see `error`; it stays.
 * - `changed`: it, or the copy that was to be kept, is not any more what was compared; it stays.
 * - `failed`: see `error`; it stays.
 */
export interface DuplicateEvent {
  readonly kind: "removed" | "linked" | "hard-link" | "differs" | "changed" | "failed";
  readonly path: string;
  /** The copy that stays for it. */
  readonly kept: string;
  readonly size: number;
  readonly error?: StorageError | undefined;
}

export interface SettleReport {
  readonly removed: number;
  readonly linked: number;
  readonly hardLinks: number;
  readonly differing: number;
  readonly changed: number;
  readonly failed: number;
  /** Bytes of what was removed or linked. */
  readonly bytes: number;
  readonly dryRun: boolean;
}

/** Holds a temporary file until it is closed. */
export class Duplicates implements Disposable {
  /** Files that were looked at. */
  readonly files: number;
  /** Contents that lie here more than once. */
  readonly sets: number;
  /** Names beyond one for each content, hard links of the same file included. */
  readonly duplicates: number;
  /** Bytes that would be free if each content lay here once. */
  readonly reclaimable: number;
  /** Files and parts of the listing that could not be read, and so were compared with nothing. */
  readonly failed: number;
  /** The first thousand of them. */
  readonly failures: readonly Failure[];
  readonly #place: Place;
  readonly #table: CopyTable;

  /** @internal See `findDuplicates`. */
  constructor(
    place: Place,
    table: CopyTable,
    seen: Pick<Duplicates, "files" | "failed" | "failures">,
  ) {
    this.#place = place;
    this.#table = table;
    this.files = seen.files;
    this.failed = seen.failed;
    this.failures = seen.failures;
    let [sets, duplicates, reclaimable] = [0, 0, 0];
    for (const set of table.sets()) {
      sets++;
      duplicates += set.count - 1;
      reclaimable += set.size * (set.distinct - 1);
    }
    this.sets = sets;
    this.duplicates = duplicates;
    this.reclaimable = reclaimable;
  }

  /** The sets, what frees most first. */
  *list(keep: KeepPolicy = "first"): Iterable<DuplicateSet> {
    KEEP(keep, "keep");
    for (const set of this.#table.sets()) {
      const copies = this.#table.copies(set, keep)[Symbol.iterator]();
      yield {
        size: set.size,
        hash: set.hash,
        count: set.count,
        reclaimable: set.size * (set.distinct - 1),
        keep: publicCopy(copies.next().value as CopyRow),
        duplicates: publicCopies(copies),
      };
    }
  }

  /**
   * Removes every duplicate but the copy that the policy keeps. Each is removed only if its content and
   * that of the kept copy were read and are equal, and neither changed since; where the store can tell,
   * as one step with the removal. Two runs at one place could each remove what the other keeps: the second is
   * refused. It does not see one at a directory above or below.
   * @throws StorageError `precondition-failed` that tells who is at it already.
   */
  remove(options: SettleOptions = {}): Promise<SettleReport> {
    return this.#settle("remove", options);
  }

  /**
   * Makes every duplicate a hard link of the copy that is kept, with the same care; it gets the time of that. One that
   * differs in anything else that it would lose stays (`differs`).
   * @throws StorageError `unsupported` where the store has no hard links; `precondition-failed`, as `remove`.
   */
  link(options: SettleOptions = {}): Promise<SettleReport> {
    return this.#settle("link", options);
  }

  /** Frees the temporary file. May be called twice. */
  close(): void {
    this.#table.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #settle(action: "remove" | "link", options: SettleOptions): Promise<SettleReport> {
    checkFields(options, CHECKS);
    const { keep = "first", dryRun = false, onEvent } = options;
    const { driver } = this.#place;
    const signal = options.signal ?? new AbortController().signal;
    setMaxListeners(0, signal);
    if (action === "link") refuseWithoutLinks(driver);
    if (!dryRun) await driver.probe?.({ write: true, signal });
    const lock =
      dryRun || this.sets === 0 ? undefined : await lockRun(this.#place, "dedupe", signal);
    const none = { removed: 0, linked: 0, hardLinks: 0, differing: 0, changed: 0, failed: 0 };
    const total = { ...none, bytes: 0 };
    const tell = (event: DuplicateEvent): void => {
      total[COUNTED[event.kind]]++;
      if (event.kind === "removed" || event.kind === "linked") total.bytes += event.size;
      onEvent?.(event);
    };
    const gate = new JobGate(driver.capabilities.concurrency);
    try {
      for (const set of this.#table.sets()) {
        signal.throwIfAborted();
        const copies = this.#table.copies(set, keep);
        const settling = { place: this.#place, action, dryRun, lock, signal, tell };
        const wait = gate.add(() => settleSet(settling, copies));
        if (wait !== undefined) await wait;
      }
    } finally {
      await gate.drain();
      await lock?.release();
    }
    return { ...total, dryRun };
  }
}

const KEEP: Check = oneOf(...KEEP_POLICIES);

const CHECKS: Checks<SettleOptions> = {
  keep: KEEP,
  dryRun: FLAG,
  signal: OBJECT,
  onEvent: FUNCTION,
};

const COUNTED = {
  removed: "removed",
  linked: "linked",
  "hard-link": "hardLinks",
  differs: "differing",
  changed: "changed",
  failed: "failed",
} as const;

function publicCopy({ path, size, mtime, etag, inode }: CopyRow): Copy {
  return { path, size, mtime, etag, inode };
}

function* publicCopies(rows: Iterator<CopyRow>): Iterable<Copy> {
  for (let next = rows.next(); !next.done; next = rows.next()) yield publicCopy(next.value);
}
