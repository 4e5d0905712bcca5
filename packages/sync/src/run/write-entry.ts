/** Writes what is no file's content: links, special files, directories and attributes. One request each, nothing decided. */
import { StorageError, joinPath } from "@omnisync/storage";
import type { Pair } from "../merge/merge-join.ts";
import { wantedAttributes } from "../plan/wanted-attributes.ts";
import type { RunContext } from "./context.ts";
import { lookAt } from "./resolve-question.ts";
import { conditionsFor } from "./transfer.ts";

export async function writeLink(
  context: RunContext,
  { path, source, destination }: Pair,
): Promise<void> {
  if (source!.special !== undefined) return writeSpecial(context, { path, source, destination });
  const target = source!.linkTarget ?? (await lookAt(context, context.source, path))?.linkTarget;
  if (target === undefined)
    throw new StorageError("changed", { path, message: "is not a link any more" });
  const { driver, path: root } = context.destination;
  const entry = await driver.writeLink!(joinPath(root, path), target, {
    ...wantedAttributes(source!, undefined, context.rules.attributes),
    signal: context.signal,
    ...conditionsFor(driver, destination),
  });
  context.cache?.remember(context.destination, entry);
}

async function writeSpecial(
  context: RunContext,
  { path, source, destination }: Pair,
): Promise<void> {
  const { driver, path: root } = context.destination;
  const entry = await driver.makeSpecial!(joinPath(root, path), source!.special!, {
    ...wantedAttributes(source!, destination, context.rules.attributes),
    signal: context.signal,
    ...conditionsFor(driver, destination),
  });
  context.cache?.remember(context.destination, entry);
}

export async function makeDirectory(context: RunContext, { path, source }: Pair): Promise<void> {
  const { driver, path: root } = context.destination;
  const { capabilities } = driver;
  // Real directories get their attributes last, when nothing more is written into them.
  const options = capabilities.directories
    ? {}
    : wantedAttributes(source!, undefined, context.rules.attributes);
  const { signal } = context;
  const durable = context.options.durable === true || context.options.move === true;
  await driver.mkdir?.(joinPath(root, path), { ...options, durable, signal });
}

export async function setAttributes(context: RunContext, pair: Pair): Promise<void> {
  const { driver, path: root } = context.destination;
  const attributes = wantedAttributes(pair.source!, pair.destination, context.rules.attributes);
  const ifMatch = driver.capabilities.conditions.replace ? pair.destination?.etag : undefined;
  const options = { ifMatch, signal: context.signal };
  const entry = await driver.setAttributes!(joinPath(root, pair.path), attributes, options);
  context.cache?.remember(context.destination, entry);
}

/** A file that stands where a directory is to be. */
export async function removeObstacle(
  context: RunContext,
  { path, destination }: Pair,
): Promise<void> {
  const { driver, path: root } = context.destination;
  // Gone already: it could only be kept by moving it away.
  if (destination === undefined) return;
  const ifMatch = driver.capabilities.conditions.remove ? destination.etag : undefined;
  await driver.remove(joinPath(root, path), { ifMatch, signal: context.signal });
}
