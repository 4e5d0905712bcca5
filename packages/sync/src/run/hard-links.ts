/**
 * Files that are one at the source and become one at the destination. The first name that comes up leads: its
 * content is brought over as any file's. The others wait, on disk if they are many, until all transfers are
 * over, and are then made names of what the leader has become. A leader is forgotten once all names were seen.
 */
import { type Entry, joinPath } from "@omnisync/storage";
import type { SyncEvent } from "../events.ts";
import type { Pair } from "../merge/merge-join.ts";
import type { Step } from "../plan/plan-pair.ts";
import { changedAttributes } from "../plan/wanted-attributes.ts";
import type { RunContext } from "./context.ts";
import { lookAt } from "./resolve-question.ts";
import { Spool } from "./spool.ts";

/** A name that waits for the one that leads. */
interface Follower {
  readonly pair: Pair;
  readonly leader: Pair;
}

interface Leader {
  readonly pair: Pair;
  /** Names that have not come up yet. */
  left: number;
}

export class HardLinks {
  readonly #context: RunContext;
  readonly #leaders: Map<string, Leader> = new Map();
  readonly #followers: Spool<Follower> = new Spool(1000);

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** Whether this path is to wait for another; the promise is to be awaited. */
  follow(pair: Pair, step: Step): { readonly pending: Promise<void> | undefined } | undefined {
    const { options, destination } = this.#context;
    const { source } = pair;
    if (!options.preserveHardLinks || destination.driver.hardLink === undefined) return undefined;
    if (source?.kind !== "file" || source.hardLink === undefined || !LINKED.has(step.kind)) {
      return undefined;
    }
    const { id, count } = source.hardLink;
    const leader = this.#leaders.get(id);
    if (leader === undefined) {
      this.#leaders.set(id, { pair, left: count - 1 });
      return undefined;
    }
    leader.left--;
    if (leader.left === 0) this.#leaders.delete(id);
    return { pending: this.#followers.push({ pair, leader: leader.pair }) };
  }

  /** Gives each that waited to `settle`, one by one, as each changes the etags of the others; with what its leader has become; `undefined` if that failed. */
  async perform(settle: (pair: Pair, leader: Entry | undefined) => Promise<void>): Promise<void> {
    for await (const page of this.#followers.forward()) {
      for (const { pair, leader } of page) await settle(pair, await this.#leading(leader));
    }
  }

  close(): Promise<void> {
    return this.#followers.close();
  }

  /** The leader at the destination, if it holds the source's content now. In a dry run, what it would be. */
  async #leading({ path, source, destination }: Pair): Promise<Entry | undefined> {
    const { options } = this.#context;
    if (options.dryRun) return destination ?? { ...source!, hardLink: undefined, path };
    // It may have failed, or been left alone after a closer look: what lies there is then something else.
    if (this.#context.notLed.has(source!.hardLink!.id)) return undefined;
    const now = await lookAt(this.#context, this.#context.destination, path);
    if (now?.kind !== "file" || now.size !== source!.size) return undefined;
    const changes = changedAttributes(source!, now, this.#context.rules.attributes);
    return changes.includes("mtime") ? undefined : now;
  }
}

/** Steps after which the destination has the file. */
const LINKED: ReadonlySet<Step["kind"]> = new Set<Step["kind"]>([
  "copy",
  "attributes",
  "unchanged",
  "ask",
]);

/** Which files are one shows only to who looks, where a listing does not tell. */
export async function withHardLinks(
  context: RunContext,
  entries: readonly Entry[],
): Promise<readonly Entry[]> {
  const { options, source, destination } = context;
  const isWanted = options.preserveHardLinks && destination.driver.hardLink !== undefined;
  if (!isWanted || entries.every((entry) => entry.complete)) return entries;
  const looked: Entry[] = [];
  for (let at = 0; at < entries.length; at += context.jobs) {
    const some = entries.slice(at, at + context.jobs).map(async (entry) => {
      if (entry.complete || entry.kind !== "file") return entry;
      return (await lookAt(context, source, entry.path)) ?? entry;
    });
    looked.push(...(await Promise.all(some)));
  }
  return looked;
}

/** Whether an event says that its file is not at the destination as it is at the source. */
export function leadsNobody({ kind, source }: SyncEvent): boolean {
  return source?.hardLink !== undefined && !LEADING.has(kind);
}

const LEADING: ReadonlySet<SyncEvent["kind"]> = new Set<SyncEvent["kind"]>([
  "copy",
  "attributes",
  "unchanged",
  "link",
  "remove-source",
]);

/** Whether the pair's path at the destination is another name of `leader` already. */
export function isLinkedTo({ destination }: Pair, leader: Entry): boolean {
  return destination?.hardLink !== undefined && destination.hardLink.id === leader.hardLink?.id;
}

/** Makes `pair` another name of `leader`. */
export async function linkTo(context: RunContext, pair: Pair, leader: Entry): Promise<void> {
  const { driver, path: root } = context.destination;
  const { path, destination } = pair;
  const { durable, move } = context.options;
  const { create, replace } = driver.capabilities.conditions;
  const there = destination && (await lookThere(context, destination));
  await driver.hardLink!(joinPath(root, leader.path), joinPath(root, path), {
    durable: durable === true || move === true,
    signal: context.signal,
    ...(there === undefined && create ? { ifNoneMatch: "*" } : {}),
    ...(there?.etag !== undefined && replace ? { ifMatch: there.etag } : {}),
  });
}

/** What was listed there, as it is called now: when one name of a file goes, the etag of the others changes. */
async function lookThere(context: RunContext, listed: Entry): Promise<Entry | undefined> {
  const now = await lookAt(context, context.destination, listed.path);
  return now?.size === listed.size && now.mtime === listed.mtime ? now : listed;
}
