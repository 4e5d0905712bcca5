/** How many requests an action takes when it is applied. An estimate: retries and rare paths are not in it. Pure. */
import type { Capabilities } from "@omnisync/storage";
import type { Place } from "../options.ts";
import { PART_SIZE, choosePartSize } from "../plan/choose-strategy.ts";
import { type PlannedAction, type Preconditions, isDirectory } from "./planned-action.ts";

/** By what stores charge for. `post`: beginning and completing an upload in parts. */
export interface RequestCounts {
  readonly put: number;
  readonly part: number;
  readonly post: number;
  readonly copy: number;
  readonly get: number;
  readonly head: number;
  readonly list: number;
  readonly delete: number;
}

export const NO_REQUESTS: RequestCounts = {
  put: 0,
  part: 0,
  post: 0,
  copy: 0,
  get: 0,
  head: 0,
  list: 0,
  delete: 0,
};

type Counter = { -readonly [Name in keyof RequestCounts]: number };

export interface BothSides {
  readonly source: Counter;
  readonly destination: Counter;
}

/** What an action takes besides, by the options of its run. */
export interface Besides {
  /** What it replaces or removes is copied to where it is kept. */
  readonly keepsOld: boolean;
  /** What it writes is put beside first. */
  readonly delayed: boolean;
}

/** Adds what `action` takes to `counts`. */
export function countRequests(
  action: PlannedAction,
  source: Place,
  destination: Place,
  counts: BothSides,
  { keepsOld, delayed }: Besides,
): void {
  const from = hasRequests(source) ? counts.source : undefined;
  const to = hasRequests(destination) ? counts.destination : undefined;
  if (from !== undefined) countLook(from, action.preconditions.source);
  if (to !== undefined) {
    if (action.action !== "mkdir") countLook(to, action.preconditions.destination);
    countChange(to, action, destination.driver.capabilities);
    if (keepsOld) countCopy(to);
    if (delayed && action.action === "copy" && action.phase === "transfer") {
      // Looked at, copied into its place, and removed where it was put.
      to.head++;
      countCopy(to);
      to.delete++;
    }
  }
  if (from !== undefined) countRead(from, action, destination.driver.capabilities);
}

/** Whether what is done at the place goes over a network as requests. */
function hasRequests({ driver }: Pick<Place, "driver">): boolean {
  return !/^(?:file|memory):/.test(driver.id);
}

/** Before an action both sides are looked at; what is not there is looked for as a directory too. */
function countLook(counts: Counter, expected: Preconditions["source"]): void {
  if (expected === undefined) return;
  counts.head++;
  if (expected === "absent") counts.list++;
}

function countRead(counts: Counter, action: PlannedAction, destination: Capabilities): void {
  switch (action.strategy) {
    case "whole":
    case "stream":
      counts.get++;
      break;
    case "multipart":
      // Looked at before the first part and after the last, because all must be of one version.
      counts.head += 2;
      counts.get += Math.ceil(action.size / choosePartSize(action.size, destination.multipart!));
      break;
    case "ranges":
      counts.head++;
      counts.get += Math.ceil(action.size / PART_SIZE);
      break;
    case "server-copy":
    case undefined:
  }
  if (action.action === "remove-source") {
    counts.head++;
    counts.delete++;
  }
}

function countChange(counts: Counter, action: PlannedAction, capabilities: Capabilities): void {
  switch (action.action) {
    case "copy":
      return countWrite(counts, action, capabilities);
    case "link":
      counts.put++;
      return;
    case "mkdir":
      countMarker(counts);
      return;
    case "attributes":
      if (isDirectory(action.preconditions.destination)) return countMarker(counts);
      counts.head += 2;
      counts.copy++;
      return;
    case "remove":
      counts.delete++;
      return;
    case "remove-source":
  }
}

/** Looked at before, so that nothing in it is lost, and after, to be remembered. */
function countMarker(counts: Counter): void {
  counts.head += 2;
  counts.put++;
}

function countWrite(
  counts: Counter,
  { strategy, size }: PlannedAction,
  { multipart }: Capabilities,
): void {
  switch (strategy) {
    case "server-copy":
      countCopy(counts);
      break;
    case "multipart":
      counts.post += 2;
      counts.head++;
      counts.part += Math.ceil(size / choosePartSize(size, multipart!));
      break;
    case "whole":
    case "stream":
    case "ranges":
    case undefined:
      counts.put++;
  }
}

function countCopy(counts: Counter): void {
  counts.copy++;
  counts.head++;
}
