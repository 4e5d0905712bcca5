/** Finds out what planning asked for: attributes that a listing did not give, or hashes in common. */
import {
  type Driver,
  type Entry,
  type HashName,
  StorageError,
  createHasher,
  joinPath,
} from "@omnisync/storage";
import type { Pair } from "../merge/merge-join.ts";
import type { Place } from "../options.ts";
import { type Question, commonHash } from "../plan/compare.ts";
import type { RunContext } from "./context.ts";

/** Bytes hashed per call to the store. */
const BLOCK = 4 * 1024 * 1024;

type Looking = Pick<RunContext, "source" | "destination" | "signal" | "cache">;

/** The pair with what was missing. */
export async function resolveQuestion(
  context: Looking,
  pair: Pair,
  question: Question,
): Promise<Pair> {
  switch (question) {
    case "source":
      return { ...pair, source: await lookAt(context, context.source, pair.path) };
    case "destination":
      return { ...pair, destination: await lookAt(context, context.destination, pair.path) };
    case "hashes":
      return hashBoth(context, pair);
  }
}

/** Both sides as they are now. */
export async function lookAgain(context: Looking, pair: Pair): Promise<Pair> {
  const [source, destination] = await Promise.all([
    lookAt(context, context.source, pair.path),
    lookAt(context, context.destination, pair.path),
  ]);
  return {
    ...pair,
    source,
    destination: destination?.kind === "directory" ? undefined : destination,
  };
}

/** What lies at a path of a place now, complete, with the target of a link; its path stays relative. */
export async function lookAt(
  context: Looking,
  place: Place,
  path: string,
): Promise<Entry | undefined> {
  const { driver } = place;
  const full = joinPath(place.path, path);
  const entry = await driver.stat(full, { signal: context.signal });
  if (entry === undefined) return undefined;
  const target =
    entry.kind === "symlink"
      ? (entry.linkTarget ?? (await driver.readLink?.(full, { signal: context.signal })))
      : undefined;
  const found = target === undefined ? entry : { ...entry, linkTarget: target };
  context.cache?.remember(place, found);
  return { ...found, path };
}

async function hashBoth(context: Looking, pair: Pair): Promise<Pair> {
  const { source, destination, path } = pair;
  const name = commonHash(source!, destination!);
  const [a, b] = await Promise.all([
    withHash(context, context.source, path, source!, name),
    withHash(context, context.destination, path, destination!, name),
  ]);
  return { ...pair, source: a, destination: b };
}

async function withHash(
  context: Looking,
  place: Place,
  path: string,
  entry: Entry,
  name: HashName,
): Promise<Entry> {
  if (entry.hashes?.[name] !== undefined) return entry;
  const digest = await hashFile(
    place.driver,
    joinPath(place.path, path),
    entry,
    name,
    context.signal,
  );
  return { ...entry, hashes: { ...entry.hashes, [name]: digest } };
}

/**
 * The hash of a whole file, block by block.
 * @throws StorageError `changed` or `precondition-failed` if it is not the listed one any more.
 */
async function hashFile(
  driver: Driver,
  path: string,
  entry: Entry,
  name: HashName,
  signal: AbortSignal,
): Promise<string> {
  const ifMatch = entry.etag;
  if (driver.readBlock !== undefined && entry.size <= BLOCK) {
    const block = await driver.readBlock(path, {
      offset: 0,
      length: entry.size,
      hashes: [name],
      ifMatch,
      signal,
    });
    if (block.entry.size !== entry.size) throw new StorageError("changed", { path });
    return block.hashes[name]!;
  }
  const hasher = createHasher(name);
  const { body } = await driver.read(path, { ifMatch, signal });
  for await (const chunk of body) hasher.update(chunk);
  return hasher.digest();
}
