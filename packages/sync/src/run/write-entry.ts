/** Writes what is no file's content: links, special files, directories and attributes. Nothing is decided here. */
import { type Attributes, StorageError, isStorageError, joinPath } from "@omnisync/storage";
import { carrySignature } from "../delta/carry-signature.ts";
import type { Pair } from "../merge/merge-join.ts";
import { type AttributeRules, wantedAttributes } from "../plan/wanted-attributes.ts";
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
    durable: isDurable(context),
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
    durable: isDurable(context),
    signal: context.signal,
    ...conditionsFor(driver, destination),
  });
  context.cache?.remember(context.destination, entry);
}

export async function makeDirectory(context: RunContext, { path, source }: Pair): Promise<void> {
  const { driver, path: root } = context.destination;
  const { attributes: rules } = context.rules;
  const wanted = wantedAttributes(source!, undefined, rules);
  // Real directories get their attributes last, when nothing more is written into them.
  const { directories, completeList } = driver.capabilities;
  const options = directories ? { mode: firstMode(wanted, rules) } : wanted;
  const { signal } = context;
  const durable = isDurable(context);
  await driver.mkdir?.(joinPath(root, path), { ...options, durable, signal });
  if (context.cache !== undefined && !completeList) await rememberMarker(context, path);
}

/** What is moved has no source to go back to (decision 0006). */
function isDurable({ options: { durable, move } }: RunContext): boolean {
  return durable === true || move === true;
}

/** A write of a marker does not tell when it was stored; the next run would have to ask. */
async function rememberMarker(context: RunContext, path: string): Promise<void> {
  try {
    await lookAt(context, context.destination, path, true);
  } catch (error) {
    // Who may write only asks in vain, now and then.
    if (!isStorageError(error, "permission-denied")) throw error;
  }
}

/** What others may not look into in the end they may not look into meanwhile. */
function firstMode({ mode }: Attributes, { umask }: AttributeRules): number | undefined {
  if (mode === undefined || umask === undefined) return undefined;
  const usual = 0o777 & ~umask;
  return (mode & usual) === usual ? undefined : (mode & usual) | 0o700;
}

export async function setAttributes(context: RunContext, pair: Pair): Promise<void> {
  const { driver, path: root } = context.destination;
  const attributes = wantedAttributes(pair.source!, pair.destination, context.rules.attributes);
  if (pair.source!.kind === "directory") return makeDirectory(context, pair);
  const path = joinPath(root, pair.path);
  // An object store sets attributes by a copy of the object onto itself.
  const { replace, copySource } = driver.capabilities.conditions;
  const etag = pair.destination?.etag;
  const ifMatch = replace && copySource ? etag : undefined;
  if (ifMatch === undefined && etag !== undefined) await confirmEtag(context, path, etag);
  const entry = await driver.setAttributes!(path, attributes, { ifMatch, signal: context.signal });
  context.cache?.remember(context.destination, entry);
  const { deltas, signal } = context;
  const before = pair.destination;
  if (before !== undefined)
    await carrySignature({ driver, path, signal }, { before, after: entry }, deltas);
}

/** @throws StorageError `precondition-failed`; content that came since must not get attributes of what it replaced. */
async function confirmEtag(context: RunContext, path: string, etag: string): Promise<void> {
  const now = await context.destination.driver.stat(path, { signal: context.signal });
  if (now?.etag === etag) return;
  throw new StorageError("precondition-failed", {
    path,
    message: "is not what it was when it was listed",
  });
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
