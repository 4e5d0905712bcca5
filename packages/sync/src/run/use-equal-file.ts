/** Makes a new path of an equal file that was found, instead of transferring its content. */
import { type Entry, joinPath } from "@omnisync/storage";
import type { SyncEvent } from "../events.ts";
import type { Pair } from "../merge/merge-join.ts";
import { wantedAttributes } from "../plan/wanted-attributes.ts";
import type { RunContext } from "./context.ts";
import { type Duplication, duplicate, tryHardLink } from "./duplicate.ts";
import type { EqualFile } from "./equal-files.ts";

/** @returns what to tell of it. In a dry run nothing is done. */
export async function useEqualFile(
  context: RunContext,
  { path, source }: Pair,
  found: EqualFile,
): Promise<SyncEvent> {
  const { destination, options, signal } = context;
  const event = { path, source, destination: undefined, bytes: 0 } as const;
  if (found.use === "compare") return { ...event, kind: "unchanged", reason: "same" };
  const { driver, path: root } = destination;
  const { create } = driver.capabilities.conditions;
  const { durable, move, storageClass } = options;
  const ifNoneMatch = create ? ("*" as const) : undefined;
  const wish: Duplication = {
    from: found.place.driver,
    fromPath: joinPath(found.place.path, found.path),
    entry: found.entry,
    to: driver,
    toPath: joinPath(root, path),
    mayLink: found.use === "link" && found.hasAttributes,
    options: { durable: durable === true || move === true, signal, storageClass, ifNoneMatch },
  };
  const mayLink = wish.mayLink && driver.hardLink !== undefined;
  const linkedTo = found.path;
  if (options.dryRun) {
    if (mayLink) return { ...event, kind: "link", reason: "new", linkedTo };
    return { ...event, kind: "copy", reason: "new", strategy: "server-copy" };
  }
  const linked = mayLink ? await tryHardLink(wish) : undefined;
  if (linked !== undefined) {
    context.cache?.remember(destination, linked);
    return { ...event, kind: "link", reason: "new", linkedTo };
  }
  const copied = await duplicate({ ...wish, mayLink: false });
  await settleAttributes(context, source!, wish.toPath, copied);
  return { ...event, kind: "copy", reason: "new", strategy: "server-copy" };
}

/** A copy has the attributes of what it was made of; the source's may be others. */
async function settleAttributes(
  { rules, destination, cache, signal }: RunContext,
  source: Entry,
  path: string,
  copied: Entry,
): Promise<void> {
  const { driver } = destination;
  const attributes = wantedAttributes(source, undefined, rules.attributes);
  const entry = (await driver.setAttributes?.(path, attributes, { signal })) ?? copied;
  cache?.remember(destination, entry);
}
