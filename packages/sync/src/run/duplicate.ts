/** Makes what lies at one path lie at another too, by the cheapest way that never passes over an instant without it. */
import {
  type Driver,
  type Entry,
  type Made,
  StorageError,
  type WriteOptions,
  isStorageError,
} from "@omnisync/storage";

export interface Duplication {
  readonly from: Driver;
  readonly fromPath: string;
  /** What lies there; a file under this etag, where the store can tell. */
  readonly entry: Entry;
  readonly to: Driver;
  readonly toPath: string;
  /** Two names of one file will do. Not where the original is going to be written into. */
  readonly mayLink: boolean;
  readonly options: Pick<
    WriteOptions,
    "durable" | "signal" | "storageClass" | "ifMatch" | "ifNoneMatch"
  >;
}

/** @returns what lies at the new path. @throws StorageError `precondition-failed` for another original. */
export async function duplicate(wish: Duplication): Promise<Made> {
  const { from, fromPath, entry, to, toPath, options } = wish;
  if (entry.kind === "symlink") return duplicateLink(wish);
  const isNear = from === to || to.canCopyFrom?.(from) === true;
  if (wish.mayLink && isNear && to.hardLink !== undefined) {
    const linked = await tryHardLink(wish);
    if (linked !== undefined) return linked;
  }
  if (to.canCopyFrom?.(from) === true && to.copy !== undefined) {
    const { copySource, copyTarget } = to.capabilities.conditions;
    if (!copyTarget) await checkTarget(wish);
    const free = copyTarget ? {} : { ifMatch: undefined, ifNoneMatch: undefined };
    const ifMatch = copySource ? entry.etag : undefined;
    return to.copy({ driver: from, path: fromPath, ifMatch }, toPath, { ...options, ...free });
  }
  const { signal } = options;
  const read = await from.read(fromPath, { ifMatch: entry.etag, signal });
  const { size } = read.entry;
  return to.write(toPath, read.body, { ...keptAttributes(read.entry, to), ...options, size });
}

/** Looks first, where the store holds no copy of its own to a condition. */
async function checkTarget({ to, toPath, options }: Duplication): Promise<void> {
  const { ifMatch, ifNoneMatch, signal } = options;
  if (ifMatch === undefined && ifNoneMatch === undefined) return;
  const there = await to.stat(toPath, { signal });
  const isFree = there === undefined || there.kind === "directory";
  const holds = ifNoneMatch === undefined ? there?.etag === ifMatch : isFree;
  if (!holds) throw new StorageError("precondition-failed", { path: toPath });
}

async function duplicateLink({
  from,
  fromPath,
  entry,
  to,
  toPath,
  options,
}: Duplication): Promise<Entry> {
  const target = await from.readLink!(fromPath, { signal: options.signal });
  return to.writeLink!(toPath, target, { ...options, mtime: entry.mtime });
}

/** `undefined`: this file, or this file system, has no hard links. */
export async function tryHardLink({
  from,
  fromPath,
  to,
  toPath,
  options,
}: Duplication): Promise<Entry | undefined> {
  const existing = from === to ? fromPath : { driver: from, path: fromPath };
  try {
    return await to.hardLink!(existing, toPath, options);
  } catch (error) {
    if (isStorageError(error, "unsupported")) return undefined;
    throw error;
  }
}

function keptAttributes(entry: Entry, { capabilities }: Driver): WriteOptions {
  return {
    mtime: capabilities.mtimePrecision === undefined ? undefined : (entry.mtime ?? entry.storedAt),
    mode: capabilities.mode ? entry.mode : undefined,
    contentType: capabilities.contentType ? entry.contentType : undefined,
    metadata: capabilities.metadata ? entry.metadata : undefined,
  };
}
