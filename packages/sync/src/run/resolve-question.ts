/** Finds out what planning asked for: attributes that a listing did not give, or hashes in common. */
import { type Entry, type HashName, joinPath } from "@omnisync/storage";
import type { Pair } from "../merge/merge-join.ts";
import type { Place } from "../options.ts";
import { type Question, commonHash } from "../plan/compare.ts";
import type { RunContext } from "./context.ts";
import { hashFile } from "./hash-file.ts";

type Looking = Pick<RunContext, "source" | "destination" | "signal" | "cache">;

/** The pair with what was missing. */
export async function resolveQuestion(
  context: Looking,
  pair: Pair,
  question: Question,
): Promise<Pair> {
  switch (question) {
    case "source":
    case "destination": {
      const isDirectory = pair[question]?.kind === "directory";
      const found = await lookAt(context, context[question], pair.path, isDirectory);
      return { ...pair, [question]: found };
    }
    case "hashes":
      return hashBoth(context, pair);
    case "md5":
      return {
        ...pair,
        source: await withHash(context, context.source, pair.path, pair.source!, "md5"),
      };
  }
}

/** Both sides as they are now. */
export async function lookAgain(context: Looking, pair: Pair): Promise<Pair> {
  const isDirectory = pair.source?.kind === "directory";
  const [source, destination] = await Promise.all([
    lookAt(context, context.source, pair.path, isDirectory),
    lookAt(context, context.destination, pair.path, isDirectory),
  ]);
  return {
    ...pair,
    source,
    destination: destination?.kind === "directory" ? undefined : destination,
  };
}

/**
 * What lies at a path of a place now, complete, with the target of a link; its path stays relative.
 * @param directory of a file and a directory of this name, the directory is meant.
 */
export async function lookAt(
  context: Looking,
  place: Place,
  path: string,
  directory: boolean = false,
): Promise<Entry | undefined> {
  const { driver } = place;
  const full = joinPath(place.path, path);
  const entry = await driver.stat(full, { directory, signal: context.signal });
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
