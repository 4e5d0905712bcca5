/** One check, from two listings to a report. */
import { type Entry, StorageError, joinPath, toStorageError } from "@omnisync/storage";
import { setMaxListeners } from "node:events";
import {
  COUNT,
  type Checks,
  FLAG,
  FUNCTION,
  NUMBER,
  OBJECT,
  checkFields,
  oneOf,
} from "../check-options/checks.ts";
import type { CheckEvent, CheckOptions, CheckReport } from "../check.ts";
import { EntryCursor } from "../merge/entry-cursor.ts";
import { type Pair, mergeJoin } from "../merge/merge-join.ts";
import { isWithinLimits } from "../filter/limits.ts";
import { RunEnd } from "../limits/run-end.ts";
import type { Place } from "../options.ts";
import { type CompareRules, type Comparison, compareFiles } from "../plan/compare.ts";
import { mayBeLink } from "../plan/hidden-link.ts";
import { resolveCompareRules } from "../plan/resolve-rules.ts";
import { FAILURES_KEPT, type Failure } from "../report.ts";
import { listPlace } from "../walk/list-place.ts";
import { ofSide } from "../walk/of-side.ts";
import { Unlisted } from "../walk/unlisted.ts";
import { CacheUse } from "./context.ts";
import { JobGate } from "./gate.ts";
import { ProgressTracker } from "./progress-tracker.ts";
import { resolveQuestion } from "./resolve-question.ts";

export class CheckRun {
  readonly source: Place;
  readonly destination: Place;
  readonly signal: AbortSignal;
  readonly cache: CacheUse | undefined;
  readonly progress: ProgressTracker = new ProgressTracker();
  /** Its report, once it has ended, also by an error. */
  ended: CheckReport | undefined;
  readonly #options: CheckOptions;
  readonly #rules: CompareRules;
  readonly #mayGoOn: () => Promise<void> | undefined;
  readonly #unlisted: { readonly source: Unlisted; readonly destination: Unlisted } = {
    source: new Unlisted(),
    destination: new Unlisted(),
  };
  readonly #end: RunEnd = new RunEnd({});
  readonly #failures: Failure[] = [];
  readonly #counts: Record<CheckEvent["kind"], number> = {
    match: 0,
    differ: 0,
    "source-only": 0,
    "destination-only": 0,
    error: 0,
  };

  /** `mayGoOn` is asked before each pair, and waited for: how whoever takes the events holds them up. */
  constructor(
    source: Place,
    destination: Place,
    options: CheckOptions,
    mayGoOn: () => Promise<void> | undefined = () => undefined,
  ) {
    this.source = source;
    this.destination = destination;
    this.signal = options.signal ?? new AbortController().signal;
    setMaxListeners(0, this.signal);
    this.cache =
      options.attributeCache === undefined ? undefined : new CacheUse(options.attributeCache);
    this.#options = options;
    this.#mayGoOn = mayGoOn;
    this.#rules = resolveCompareRules(
      options,
      source.driver.capabilities,
      destination.driver.capabilities,
    );
  }

  async report(): Promise<CheckReport> {
    checkFields(this.#options, CHECKS);
    refuseContradictions(this.#options);
    const cursors = [await this.#open("source"), await this.#open("destination")] as const;
    const gate = new JobGate(
      this.#options.jobs ??
        Math.min(
          this.source.driver.capabilities.concurrency,
          this.destination.driver.capabilities.concurrency,
        ),
    );
    try {
      await mergeJoin(...cursors, { fileAndDirectory: true, twinsAtSource: false }, (pair) => {
        const wait = this.#mayGoOn();
        return wait === undefined
          ? this.#handle(pair, gate)
          : wait.then(() => this.#handle(pair, gate));
      });
      this.progress.listed = true;
      await gate.drain();
    } finally {
      // What failed there has ended the check already.
      await gate.drain().catch(() => {});
      await Promise.allSettled(cursors.map((cursor) => cursor.close()));
      this.cache?.flush();
      this.ended = this.#total();
    }
    return this.ended;
  }

  #total(): CheckReport {
    const { match, differ, error: errors } = this.#counts;
    const sourceOnly = this.#counts["source-only"];
    const destinationOnly = this.#counts["destination-only"];
    return {
      match,
      differ,
      sourceOnly,
      destinationOnly,
      errors,
      failures: this.#failures,
      inSync: this.progress.listed && differ + sourceOnly + destinationOnly + errors === 0,
      duration: this.progress.elapsed,
    };
  }

  async #open(side: "source" | "destination"): Promise<EntryCursor> {
    const place = this[side];
    const root = await place.driver.stat(place.path, { signal: this.signal });
    if (root === undefined)
      throw new StorageError("not-found", { path: joinPath(place.driver.id, place.path) });
    const pages = listPlace(place, root, {
      filter: this.#options.filter,
      signal: this.signal,
      onProblem: (error, path) => {
        this.#unlisted[side].add(path);
        this.#fail(path, error);
      },
    });
    return new EntryCursor(this.#completed(place, ofSide(side, pages)));
  }

  async *#completed(
    place: Place,
    pages: AsyncIterable<readonly Entry[]>,
  ): AsyncIterable<readonly Entry[]> {
    for await (const page of pages) {
      this.signal.throwIfAborted();
      yield place.driver.capabilities.completeList
        ? page
        : (this.cache?.complete(place, page) ?? page);
    }
  }

  #handle(pair: Pair, gate: JobGate): Promise<void> | undefined {
    const { path, source, destination } = pair;
    const within = this.#isWithinLimits(source ?? destination!);
    if (within === "unknown" || this.#maySkip(source, destination))
      return gate.add(() => this.#completeAndHandle(pair, gate));
    if (!within || !(this.#takesPart(source) || this.#takesPart(destination))) return undefined;
    this.progress.expect(0);
    if (source === undefined) {
      if (!this.#options.oneWay)
        this.#tellMissing("source", { kind: "destination-only", path, destination });
    } else if (destination === undefined)
      this.#tellMissing("destination", { kind: "source-only", path, source });
    else {
      const comparison = this.#compare(source, destination);
      if (comparison.kind === "ask" || comparison.kind === "read")
        return gate.add(() => this.#settle(pair, comparison));
      this.#conclude(pair, comparison);
    }
    return undefined;
  }

  #tellMissing(side: "source" | "destination", event: CheckEvent): void {
    const problem = this.#unlisted[side].problemAt(event.path);
    if (problem === undefined) this.#tell(event);
    else this.#fail(event.path, problem);
  }

  /** A listing without times does not tell whether a file is of the age that was asked for. */
  async #completeAndHandle(pair: Pair, gate: JobGate): Promise<void> {
    const side = pair.source === undefined ? "destination" : "source";
    try {
      const complete = await resolveQuestion(this, pair, side);
      this.#end.answered();
      if (complete[side] !== undefined) void this.#handle(complete, gate);
      else this.#fail(pair.path, vanished(pair.path));
    } catch (error) {
      this.signal.throwIfAborted();
      this.#fail(pair.path, toStorageError(error, { path: pair.path }));
    }
  }

  #isWithinLimits(entry: Entry): boolean | "unknown" {
    const limits = this.#options.filter?.limits;
    return limits === undefined || isWithinLimits(entry, limits);
  }

  #takesPart(entry: Entry | undefined): boolean {
    return entry?.kind === "file" || (entry?.kind === "symlink" && this.#options.links !== "skip");
  }

  /** Whether one side alone decides, and may be a link that is left out. */
  #maySkip(source: Entry | undefined, destination: Entry | undefined): boolean {
    if (this.#options.links !== "skip") return false;
    const side = source === undefined ? this.destination : this.source;
    return side.driver.capabilities.symlinks === "marked" && mayBeLink((source ?? destination)!);
  }

  #compare(source: Entry, destination: Entry): Verdict {
    if (source.kind === "other" || destination.kind === "other")
      return { kind: "different", reason: "type" };
    if (source.kind === "symlink" || destination.kind === "symlink")
      return compareLinks(source, destination);
    return this.#options.download
      ? compareByReading(source, destination)
      : compareFiles(source, destination, this.#rules);
  }

  async #settle(pair: Pair, first: Verdict): Promise<void> {
    let current = pair;
    let verdict = first;
    try {
      while (verdict.kind === "ask") {
        const { what } = verdict;
        current =
          what === "hashes"
            ? await this.#hash(current)
            : await resolveQuestion(this, current, what);
        this.#end.answered();
        if (current.source === undefined || current.destination === undefined) {
          throw vanished(pair.path);
        }
        verdict = this.#compare(current.source, current.destination);
      }
      this.#conclude(current, verdict.kind === "read" ? await this.#read(current) : verdict);
    } catch (error) {
      this.signal.throwIfAborted();
      this.#fail(pair.path, toStorageError(error, { path: pair.path }));
    }
  }

  /** What is stored as hashes counts for nothing: both sides are read. */
  async #read({ path, source, destination }: Pair): Promise<Comparison> {
    const bare = {
      path,
      source: { ...source!, hashes: undefined },
      destination: { ...destination!, hashes: undefined },
    };
    const read = await this.#hash(bare);
    return read.source!.hashes!.blake3 === read.destination!.hashes!.blake3
      ? { kind: "same" }
      : { kind: "different", reason: "checksum" };
  }

  async #hash(pair: Pair): Promise<Pair> {
    const size = pair.source!.size + pair.destination!.size;
    this.progress.bytesTotal += size;
    const transfer = this.progress.start(pair.path, size);
    try {
      const hashed = await resolveQuestion(this, pair, "hashes");
      transfer.add(size);
      return hashed;
    } finally {
      transfer.end();
    }
  }

  #conclude({ path, source, destination }: Pair, comparison: Comparison): void {
    // With `checksum` content is what is asked for: attributes that differ are no difference.
    const same =
      comparison.kind === "same" || (comparison.kind === "attributes" && this.#options.checksum);
    if (same) this.#tell({ kind: "match", path, source, destination });
    else if (comparison.kind !== "ask") {
      this.#tell({ kind: "differ", path, reason: comparison.reason, source, destination });
    }
  }

  /** @throws StorageError the error itself, if a store is lost by it. */
  #fail(path: string, error: StorageError): void {
    this.#end.failed(error);
    if (this.#end.isStoreLost) throw error;
    if (this.#failures.length < FAILURES_KEPT) this.#failures.push({ path, error });
    this.progress.failed++;
    this.#tell({ kind: "error", path, error });
  }

  #tell(event: CheckEvent): void {
    this.#counts[event.kind]++;
    this.progress.checked++;
    this.progress.filesDone++;
    this.#options.onEvent?.(event);
  }
}

const CHECKS: Checks<CheckOptions> = {
  checksum: FLAG,
  sizeOnly: FLAG,
  modifyWindow: NUMBER,
  preserveMode: FLAG,
  filter: OBJECT,
  links: oneOf("keep", "skip"),
  download: FLAG,
  oneWay: FLAG,
  jobs: COUNT,
  attributeCache: OBJECT,
  signal: OBJECT,
  onEvent: FUNCTION,
};

/** `read`: nothing less than the content of both can tell. */
type Verdict = Comparison | { readonly kind: "read" };

function refuseContradictions({ checksum, sizeOnly, download }: CheckOptions): void {
  const given = [checksum && "checksum", sizeOnly && "sizeOnly", download && "download"];
  const [one, other] = given.filter((name) => typeof name === "string");
  if (other === undefined) return;
  throw new StorageError("invalid-argument", {
    message: `${one} and ${other} contradict each other`,
  });
}

function compareLinks(source: Entry, destination: Entry): Comparison {
  if (!source.complete) return { kind: "ask", what: "source" };
  if (!destination.complete) return { kind: "ask", what: "destination" };
  if (source.kind !== destination.kind) return { kind: "different", reason: "type" };
  if (source.linkTarget === undefined) return { kind: "ask", what: "source" };
  if (destination.linkTarget === undefined) return { kind: "ask", what: "destination" };
  return source.linkTarget === destination.linkTarget
    ? { kind: "same" }
    : { kind: "different", reason: "target" };
}

function vanished(path: string): StorageError {
  return new StorageError("changed", { path, message: "vanished while it was compared" });
}

/** Not a byte is read where sizes or kinds tell already. */
function compareByReading(source: Entry, destination: Entry): Verdict {
  if (source.size !== destination.size) return { kind: "different", reason: "size" };
  // A listing shows a link of a store without real ones as a small file.
  if (!source.complete) return { kind: "ask", what: "source" };
  if (!destination.complete) return { kind: "ask", what: "destination" };
  return source.kind === destination.kind
    ? { kind: "read" }
    : { kind: "different", reason: "type" };
}
