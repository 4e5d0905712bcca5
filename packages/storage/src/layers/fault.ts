/**
 * Failures on order, for tests. A plan sees every call, with its number, and says what goes wrong with
 * it; so a test can first count the calls of some work, then repeat it with a fault at each of them.
 */
import type { Body, Driver, ReadResult } from "../driver.ts";
import { StorageError, type StorageErrorContext } from "../errors.ts";
import { openBody } from "../lib/body.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { leaveStream, releaseStream } from "../lib/release-stream.ts";
import { type Call, type Operation, intercept } from "./intercept.ts";

export type Fault =
  /** Nothing is done. */
  | { readonly kind: "fail-before"; readonly error: StorageError }
  /** All is done and the answer is lost. */
  | { readonly kind: "fail-after"; readonly error: StorageError }
  | { readonly kind: "delay"; readonly ms: number }
  | BodyFault;

/** Of `read` and `write` only. `at` is an offset in the bytes of this call. */
export type BodyFault =
  /** The body ends after `at` bytes as if that were all. */
  | { readonly kind: "truncate"; readonly at: number }
  /** The body fails after `at` bytes, also when it has no more. Default error: a reset connection. */
  | { readonly kind: "reset"; readonly at: number; readonly error?: StorageError | undefined }
  /** All bits of the byte at `at` are flipped. */
  | { readonly kind: "corrupt"; readonly at: number };

export interface FaultCall {
  readonly operation: Operation;
  readonly path: string;
  /** Which call of this operation, from 1. Each page of a listing, and its end, is a call. */
  readonly n: number;
  /** Which call of all, from 1. */
  readonly total: number;
}

export type FaultPlan = (call: FaultCall) => Fault | undefined;

/** What went through a driver with faults, and what is to go wrong. */
export class Faults {
  /** May be replaced at any time. */
  plan: FaultPlan;
  readonly #calls: FaultCall[] = [];
  readonly #counts: Map<Operation, number> = new Map();

  constructor(plan: FaultPlan = () => undefined) {
    this.plan = plan;
  }

  /** All calls until now, in order. `close` is not one. */
  get calls(): readonly FaultCall[] {
    return this.#calls;
  }

  /** Counts a call; gives what is to go wrong with it. */
  next(operation: Operation, path: string): Fault | undefined {
    const n = (this.#counts.get(operation) ?? 0) + 1;
    this.#counts.set(operation, n);
    const call = { operation, path, n, total: this.#calls.length + 1 };
    this.#calls.push(call);
    return this.plan(call);
  }
}

/** The fault at the `n`-th call, from 1: of `operation`, or of all. */
export function onCall(n: number, fault: Fault, operation?: Operation): FaultPlan {
  return (call) => {
    if (operation === undefined) return call.total === n ? fault : undefined;
    return call.operation === operation && call.n === n ? fault : undefined;
  };
}

/** A fault at about `rate` (0 to 1) of all calls; the same seed gives the same faults. */
export function atRate(
  rate: number,
  seed: number,
  fault: (call: FaultCall) => Fault | undefined,
): FaultPlan {
  const random = seededRandom(seed);
  return (call) => (random() < rate ? fault(call) : undefined);
}

/** A failure that a retry may cure: `unavailable`, to be tried again at once. */
export function transientError(context: StorageErrorContext = {}): StorageError {
  return new StorageError("unavailable", {
    message: "the connection was reset",
    retry: "now",
    ...context,
  });
}

/** `driver` with `faults`. */
export function fault(driver: Driver, faults: Faults, clock: Clock = systemClock): Driver {
  const perform = async <T>(call: Call, run: () => Promise<T>): Promise<T> => {
    const found = faults.next(call.operation, call.path);
    if (isBodyFault(found)) throw noBody(call.operation, found);
    return suffer(found, run, clock, call.options?.signal);
  };
  return intercept(driver, {
    rewrap: (view) => fault(view, faults, clock),
    around: perform,
    page: perform,
    methods: {
      async read(path, options) {
        const found = faults.next("read", path);
        const open = async (): Promise<ReadResult> => {
          const result = await driver.read(path, options);
          if (found?.kind === "fail-after") await leaveStream(result.body);
          return result;
        };
        const result = await suffer(found, open, clock, options?.signal);
        return isBodyFault(found) ? { ...result, body: damage(result.body, found) } : result;
      },
      async write(path, body, options) {
        const found = faults.next("write", path);
        const sent: Body = isBodyFault(found) ? damage(openBody(body), found) : body;
        return suffer(found, () => driver.write(path, sent, options), clock, options?.signal);
      },
    },
  });
}

async function suffer<T>(
  fault: Fault | undefined,
  run: () => Promise<T>,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (fault?.kind === "fail-before") throw fault.error;
  if (fault?.kind === "delay") await clock.sleep(fault.ms, signal);
  const result = await run();
  if (fault?.kind === "fail-after") throw fault.error;
  return result;
}

function isBodyFault(fault: Fault | undefined): fault is BodyFault {
  return fault !== undefined && "at" in fault;
}

/** A fault that cannot happen would make a test pass that has tested nothing. */
function noBody(operation: Operation, fault: BodyFault): StorageError {
  return new StorageError("invalid-argument", {
    message: `the plan has a "${fault.kind}" for ${operation}, which has no body`,
  });
}

function damage(stream: AsyncIterable<Uint8Array>, fault: BodyFault): AsyncIterable<Uint8Array> {
  async function* damaged(): AsyncGenerator<Uint8Array> {
    let offset = 0;
    for await (const chunk of stream) {
      const at = fault.at - offset;
      offset += chunk.byteLength;
      if (at >= chunk.byteLength) yield chunk;
      else if (fault.kind === "corrupt") yield flip(chunk, at);
      else {
        if (at > 0) yield chunk.subarray(0, at);
        break;
      }
    }
    if (fault.kind === "reset") throw fault.error ?? transientError();
  }
  return releaseStream(damaged(), () => leaveStream(stream));
}

function flip(chunk: Uint8Array, at: number): Uint8Array {
  if (at < 0) return chunk;
  const flipped = Uint8Array.from(chunk);
  flipped[at]! ^= 0xff;
  return flipped;
}

/** mulberry32: small, good enough, and the same everywhere. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
