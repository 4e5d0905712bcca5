/** A driver's way to the worker threads: its root, its pool, and whether it is still open. */
import type { FollowOptions } from "../../driver.ts";
import { StorageError } from "../../errors.ts";
import type { CallsExpected } from "../../registry.ts";
import { CALLS_HERE } from "./call-here.ts";
import type { RootSpec } from "./confined-tree.ts";
import {
  type CallLane,
  type FilePool,
  type Lane,
  type PoolCallOptions,
  acquirePool,
  releasePool,
} from "./file-pool.ts";
import type { OperationArguments, OperationName, OperationResult } from "./operations.ts";

/** Calls that succeed, with a result, only if the root is there. */
const SEES_ROOT: ReadonlySet<OperationName> = new Set<OperationName>([
  "look",
  "openRead",
  "copySmall",
  "writeBytes",
  "beginWrite",
  "makeDirectories",
  "hardLink",
  "makeSpecial",
  "openPatch",
  "writeLink",
]);

/** Over in a moment, and with nothing to be handed over: a thread that runs already would not be slower. */
const MADE_HERE: Readonly<Record<CallsExpected, ReadonlySet<OperationName>>> = {
  few: new Set<OperationName>(["look", "identify", "openRead", "readLink"]),
  many: new Set<OperationName>(["look"]),
};

interface Conditional {
  readonly ifMatch?: string | undefined;
}

export class FileCaller {
  /** As of now: until the root was seen it may be created. */
  root: RootSpec;
  readonly #pool: FilePool;
  readonly #expected: CallsExpected | undefined;
  readonly #views: Set<FileCaller> = new Set();
  #closed = false;

  /** `expected`: as `OpenOptions.calls`. */
  constructor(root: string, follow: boolean, expected?: CallsExpected | undefined) {
    this.root = { root, follow, create: true };
    this.#expected = expected;
    this.#pool = acquirePool(expected !== "few");
  }

  /** The same root and threads, seen through links; closed with the driver. */
  following(see: FollowOptions): FileCaller {
    const caller = new FileCaller(this.root.root, true, this.#expected);
    caller.root = { ...caller.root, create: false, see };
    this.#views.add(caller);
    return caller;
  }

  call<K extends OperationName>(
    name: K,
    args: OperationArguments<K>,
    options?: PoolCallOptions,
  ): Promise<OperationResult<K>> {
    if (this.#closed) return Promise.reject(new StorageError("closed"));
    const isMadeHere = this.#expected !== undefined && MADE_HERE[this.#expected].has(name);
    const lane = isMadeHere ? CALLS_HERE : this.#pool;
    const answer = lane.call(this.root, name, args, options);
    return this.root.create && SEES_ROOT.has(name) ? this.seen(answer) : answer;
  }

  /**
   * A call that looks at a condition before it changes `path`: such calls go to one thread by path,
   * as between the look of one and its change another must not change the file.
   */
  callOn<K extends OperationName>(
    path: string,
    condition: Conditional,
    name: K,
    args: OperationArguments<K>,
    options?: PoolCallOptions,
  ): Promise<OperationResult<K>> {
    if (condition.ifMatch === undefined) return this.call(name, args, options);
    this.checkOpen(path);
    const lane = this.#pool.laneOf(`${this.root.root}/${path}`);
    return lane.call(this.root, name, args, options);
  }

  /** Remembers that the root exists once a call has succeeded that could not have without it. */
  async seen<T>(answer: Promise<T>): Promise<T> {
    const result = await answer;
    if (result !== undefined && this.root.create) this.root = { ...this.root, create: false };
    return result;
  }

  /** @throws StorageError `closed` */
  checkOpen(path?: string): void {
    if (this.#closed) throw new StorageError("closed", { path });
  }

  /** A call that must be made even though the driver was closed meanwhile. */
  cleanUp<K extends OperationName>(
    name: K,
    args: OperationArguments<K>,
  ): Promise<OperationResult<K>> {
    return this.#pool.call(this.root, name, args);
  }

  /** A thread for calls that belong together. */
  lane(): Lane {
    this.checkOpen();
    return this.#pool.idlestLane();
  }

  /** Where a walk is made. */
  walkLane(recursive: boolean): CallLane {
    this.checkOpen();
    return this.#expected === "few" && !recursive ? CALLS_HERE : this.lane();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const view of this.#views) await view.close();
    await releasePool();
  }
}
