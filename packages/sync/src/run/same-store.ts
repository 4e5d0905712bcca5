/**
 * Whether the two stores of a move are one under two names, such as a bucket and its alias, or a server by its name and by its
 * address: then what is the same at both places is one object, and not its own copy. Stores that cannot tell are put to the
 * test: what is written to the one shows in the other.
 */
import { randomUUID } from "node:crypto";
import { RESERVED_NAME, baseName, isStorageError, joinPath, parentPath } from "@omnisync/storage";
import type { Place } from "../options.ts";
import type { RunContext } from "./context.ts";

type Places = Pick<RunContext, "source" | "destination" | "signal">;

/** Of each run, for if one path is one object, all are. */
const asked: WeakMap<Places, Promise<boolean>> = new WeakMap();

/**
 * Takes three requests, once in a run; none for stores of two kinds, nor in one bucket by one name, where paths say it all.
 * @param path Of what is to be removed from the source unless it is that of the destination.
 * @throws StorageError what the stores answer
 */
export function isOneStore(places: Places, path: string): Promise<boolean> | false {
  const [from, to] = [fullPath(places.source, path), fullPath(places.destination, path)];
  const [one, other] = [places.source.driver, places.destination.driver];
  if (one.name !== other.name || bucketOf(one.id) === bucketOf(other.id)) return false;
  if (baseName(from) !== baseName(to)) return false;
  const answer = asked.get(places) ?? ask(places, parentPath(from), parentPath(to));
  asked.set(places, answer);
  return answer;
}

async function ask(
  { source, destination, signal }: Places,
  from: string,
  to: string,
): Promise<boolean> {
  const name = `${RESERVED_NAME}/one-store-${randomUUID()}`;
  const written = joinPath(to, name);
  await destination.driver.write(written, new Uint8Array(1), { signal });
  try {
    return (await source.driver.stat(joinPath(from, name), { signal })) !== undefined;
  } finally {
    await removeIfAllowed(destination, written, signal);
  }
}

/** Of a store that takes files and gives none back, what was written for the test stays. */
async function removeIfAllowed(
  { driver }: Place,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await driver.remove(path, { signal });
  } catch (error) {
    if (!isStorageError(error, "permission-denied")) throw error;
  }
}

/** Of `s3://127.0.0.1:9000/bucket/prefix` all but the prefix. */
function bucketOf(id: string): string {
  return id.split("/").slice(0, 4).join("/");
}

function fullPath({ path: root }: Place, path: string): string {
  return joinPath(root, path);
}
