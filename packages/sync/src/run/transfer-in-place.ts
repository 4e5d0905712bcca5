/**
 * Writes into the file that is there: all of it, or what it lacks at its end. Nothing of this is
 * atomic, which is what was asked for: a transfer that is cut short leaves what was written until then.
 */
import { type Driver, type Entry, type Patch, StorageError, createHasher } from "@omnisync/storage";
import { writtenAttributes } from "../plan/wanted-attributes.ts";
import { type Outcome, type Transfer, conditions, metered, refuseChanged } from "./transfer.ts";

/** Which bytes that lie there already stay: none, all, or all if they are those of the source. */
export type Keeping = "nothing" | "all" | "equal";

/** @returns nothing, having done nothing, if the file has other names, which would change as well. */
export async function transferInPlace(
  transfer: Transfer,
  keeping: Keeping,
): Promise<Outcome | undefined> {
  const { to, toPath, context } = transfer;
  const patch = await to.patch!(toPath, { ...conditions(transfer), signal: context.signal });
  if (patch.entry.hardLink !== undefined) {
    await patch.leave();
    return undefined;
  }
  try {
    const offset = await keptBytes(transfer, patch, keeping);
    const source = await writeFrom(transfer, patch, offset);
    const { durable, move } = context.options;
    const closed = await patch.close(source.size, { durable: durable === true || move === true });
    const destination = await setAttributes(transfer, source, closed);
    const { matched } = transfer.progress;
    const bytes = source.size - offset - matched;
    const resumed = keeping === "equal" && offset > 0 ? offset : undefined;
    return { source, destination, bytes, resumed, matched, strategy: "stream" };
  } catch (error) {
    // What went wrong first is what there is to tell.
    await markUnfinished(transfer, patch).catch(() => {});
    throw error;
  } finally {
    await patch.leave();
  }
}

/** As in rsync: what is half old, half new must not pass for a file that is newer than its source. */
async function markUnfinished(
  { to, toPath, context, isStaged }: Transfer,
  patch: Patch,
): Promise<void> {
  if (isStaged || !context.options.update) return;
  await patch.leave();
  const now = await to.stat(toPath);
  const isTouched = now !== undefined && now.etag !== patch.entry.etag;
  if (isTouched) await to.setAttributes?.(toPath, { mtime: 0 });
}

async function keptBytes(transfer: Transfer, patch: Patch, keeping: Keeping): Promise<number> {
  const { size, etag } = patch.entry;
  if (keeping === "nothing" || size > transfer.source.size) return 0;
  if (keeping === "all" || size === 0) return size;
  const { from, fromPath, to, toPath, source, context } = transfer;
  const [there, here] = await Promise.all([
    hashStart(to, toPath, { size, etag }, context.signal),
    hashStart(from, fromPath, { size, etag: source.etag }, context.signal),
  ]);
  return there === here ? size : 0;
}

async function writeFrom(transfer: Transfer, patch: Patch, offset: number): Promise<Entry> {
  const { from, fromPath, source, context, progress } = transfer;
  const { signal } = context;
  const read = await from.read(fromPath, { range: { offset }, ifMatch: source.etag, signal });
  refuseChanged(transfer, read.entry);
  progress.add(offset);
  let at = offset;
  const isCompared = context.options.wholeFile === false && transfer.to.readBlock !== undefined;
  for await (const chunk of metered(transfer, read.body)) {
    if (isCompared && (await liesThere(transfer, at, chunk))) progress.keep(chunk.byteLength);
    else await patch.write(at, chunk, { signal });
    at += chunk.byteLength;
  }
  if (at === read.entry.size) return read.entry;
  throw new StorageError("changed", { path: fromPath, message: "changed while it was read" });
}

/** Whether these bytes lie there already: reading them spares the disk, and whoever shares its blocks, a write. */
async function liesThere(
  { to, toPath, context }: Transfer,
  offset: number,
  bytes: Uint8Array,
): Promise<boolean> {
  const block = { offset, length: bytes.byteLength, signal: context.signal };
  const there = await to.readBlock!(toPath, block);
  return Buffer.compare(there.bytes, bytes) === 0;
}

/**
 * Only of what was written: a file that somebody put in its place meanwhile, and that got our time, would pass
 * for the source's copy.
 */
async function setAttributes(transfer: Transfer, read: Entry, closed: Entry): Promise<Entry> {
  const { to, toPath, context, source, previous } = transfer;
  const attributes = writtenAttributes({ ...source, ...read }, previous, context.rules.attributes);
  const { signal } = context;
  const ifMatch = to.capabilities.conditions.replace ? closed.etag : undefined;
  if (to.setAttributes === undefined) return (await to.stat(toPath, { signal }))!;
  return to.setAttributes(toPath, attributes, { ifMatch, signal });
}

/** BLAKE3 of the first bytes of a file, computed where it lies if its store can. */
export async function hashStart(
  driver: Driver,
  path: string,
  { size, etag: ifMatch }: { readonly size: number; readonly etag: string | undefined },
  signal: AbortSignal,
): Promise<string> {
  const range = { offset: 0, length: size };
  if (driver.readBlock !== undefined) {
    const options = { ...range, hashes: ["blake3"], hashOnly: true, ifMatch, signal } as const;
    return (await driver.readBlock(path, options)).hashes.blake3!;
  }
  const hasher = createHasher("blake3");
  const { body } = await driver.read(path, { range, ifMatch, signal });
  for await (const chunk of body) hasher.update(chunk);
  return hasher.digest();
}
