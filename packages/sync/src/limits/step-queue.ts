/**
 * Steps that are planned and not begun yet: as many as are needed to put transfers in an order, and to
 * let checks go on while all places for transfers are taken. Bounded: whoever plans waits when it is full.
 */
import type { Filter } from "../filter/filter.ts";
import type { Pair } from "../merge/merge-join.ts";
import type { TransferOrder } from "../options/limit-options.ts";
import type { Step } from "../plan/plan-pair.ts";
import type { JobGate } from "../run/gate.ts";

/** Steps held in the order of the listing; more would only cost memory. */
const LISTED_WINDOW = 2000;
/** Steps among which an order is made. */
const ORDERED_WINDOW = 10_000;

export interface Planned {
  readonly pair: Pair;
  readonly step: Step;
}

export interface QueueOptions {
  readonly order?: TransferOrder | undefined;
  readonly priority?: Filter | undefined;
  /** Default: 10,000, or 2,000 if nothing is to be put in order. */
  readonly window?: number | undefined;
}

export class StepQueue {
  readonly #gate: JobGate;
  readonly #begin: (planned: Planned) => Promise<void>;
  readonly #options: QueueOptions;
  readonly #window: number;
  readonly #heap: Ranked[] = [];
  #count = 0;
  #hasRoom = true;
  /** In an order nothing begins before there is something to choose from. */
  #flowing: boolean;
  #waiting: (() => void)[] = [];
  #failure: { readonly error: unknown } | undefined;
  #isStopped = false;

  constructor(gate: JobGate, options: QueueOptions, begin: (planned: Planned) => Promise<void>) {
    const listed = (options.order ?? "listed") === "listed" && options.priority === undefined;
    this.#gate = gate;
    this.#begin = begin;
    this.#options = options;
    this.#window = options.window ?? (listed ? LISTED_WINDOW : ORDERED_WINDOW);
    this.#flowing = listed;
  }

  /** Gives a promise where the queue is full: wait for it before the next step is pushed. */
  push(planned: Planned): Promise<void> | undefined {
    if (this.#isStopped) return undefined;
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#flowing && this.#hasRoom && this.#heap.length === 0) {
      this.#start(planned);
      return undefined;
    }
    add(this.#heap, this.#rank(planned));
    if (this.#heap.length < this.#window) return undefined;
    this.#flowing = true;
    this.#pump();
    return this.#heap.length < this.#window ? undefined : this.#wait();
  }

  /** All steps are planned: waits until the last has begun. */
  async flush(): Promise<void> {
    this.#flowing = true;
    this.#pump();
    while (this.#heap.length > 0 && this.#failure === undefined) await this.#wait();
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** The run ends: what has not begun never does. */
  stop(): void {
    this.#isStopped = true;
    this.#heap.length = 0;
    this.#pump();
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #pump(): void {
    while (this.#flowing && this.#hasRoom && this.#heap.length > 0) {
      this.#start(takeFirst(this.#heap).planned);
    }
    if (this.#heap.length > 0 && this.#heap.length >= this.#window) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  #start(planned: Planned): void {
    const full = this.#gate.add(() => this.#begin(planned));
    if (full === undefined) return;
    this.#hasRoom = false;
    void full.then(this.#goOn);
  }

  readonly #goOn = (): void => {
    this.#hasRoom = true;
    try {
      this.#pump();
    } catch (error) {
      // A job has thrown, which ends the run: whoever waits is told.
      this.#failure ??= { error };
      for (const resolve of this.#waiting) resolve();
    }
  };

  /** Whatever is no transfer goes first: it is short, and others may wait for it. */
  #rank(planned: Planned): Ranked {
    const { order, priority } = this.#options;
    const { step, pair } = planned;
    const number = this.#count++;
    if (step.kind !== "copy") return { planned, group: 0, key: 0, number };
    const isFirst = priority !== undefined && priority.decide(pair.path, false)?.include === true;
    return { planned, group: isFirst ? 1 : 2, key: keyOf(pair, order), number };
  }
}

interface Ranked {
  readonly planned: Planned;
  readonly group: number;
  readonly key: number;
  readonly number: number;
}

function keyOf({ source }: Pair, order: TransferOrder | undefined): number {
  switch (order) {
    case "smallest":
      return source?.size ?? 0;
    case "largest":
      return -(source?.size ?? 0);
    case "oldest":
      return source?.mtime ?? source?.storedAt ?? 0;
    case "newest":
      return -(source?.mtime ?? source?.storedAt ?? 0);
    case "listed":
    case undefined:
      return 0;
  }
}

function isBefore(a: Ranked, b: Ranked): boolean {
  if (a.group !== b.group) return a.group < b.group;
  return a.key === b.key ? a.number < b.number : a.key < b.key;
}

/** Into a binary heap: each is before its two children at `2i + 1` and `2i + 2`. */
function add(heap: Ranked[], item: Ranked): void {
  let at = heap.length;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(item, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = item;
}

function takeFirst(heap: Ranked[]): Ranked {
  const first = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
    if (child >= heap.length || !isBefore(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return first;
}
