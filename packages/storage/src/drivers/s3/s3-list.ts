/**
 * Listings. The next page is asked for while the caller works on the last one. The end is where the
 * store says so and nowhere else: a short page, even an empty one, is legal in the middle.
 */
import type { ListOptions } from "../../driver.ts";
import type { Entry } from "../../entry.ts";
import { StorageError, throwIfAborted } from "../../errors.ts";
import { comparePaths, isReserved, orderKey, pathProblem } from "../../path.ts";
import { type ListPage, type ListedObject, scanListPage } from "./list-scanner.ts";
import { directoryEntry } from "./s3-attributes.ts";
import { MAX_KEY, type S3Context } from "./s3-context.ts";
import { encodeQuery } from "./sigv4.ts";

const PAGE = 1000;

interface PageRequest {
  readonly path: string;
  readonly prefix: string;
  readonly delimiter: boolean;
  readonly max: number;
  readonly signal: AbortSignal | undefined;
}

/** Where the next page begins. `marker`: as the older listing has it, which is asked for then. */
interface Cursor {
  readonly kind: "token" | "after" | "marker";
  readonly value: string;
}

export async function* listDirectory(
  context: S3Context,
  directory: string,
  options: ListOptions,
): AsyncGenerator<readonly Entry[]> {
  const key = context.begin(directory, options, { root: true });
  const leave = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, leave.signal]) : leave.signal;
  const prefix = context.prefix(key);
  if (Buffer.byteLength(prefix) > MAX_KEY) return;
  const delimiter = !options.recursive;
  const request = { path: directory, prefix, delimiter, max: PAGE, signal };
  const reader = new PageReader(context, directory, prefix, options);
  try {
    let next = fetchPage(context, request, firstCursor(context, options, delimiter));
    for (;;) {
      const { page, cursor } = await next;
      if (cursor !== undefined) {
        next = fetchPage(context, request, cursor);
        // Awaited in the next round, if the caller gets that far.
        next.catch(() => {});
      }
      throwIfAborted(options.signal, directory);
      const entries = reader.entries(page);
      if (entries.length > 0) yield entries;
      if (cursor === undefined) return;
      context.begin(directory, options, { root: true });
    }
  } finally {
    leave.abort();
  }
}

/** The first key with a prefix, or `undefined`. Missing bucket: throws `not-found`. */
export async function firstKey(
  context: S3Context,
  path: string,
  prefix: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const [first] = await firstKeys(context, path, prefix, 1, signal);
  return first;
}

/** The first few keys with a prefix. */
export async function firstKeys(
  context: S3Context,
  path: string,
  prefix: string,
  count: number,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const keys: string[] = [];
  if (Buffer.byteLength(prefix) > MAX_KEY) return keys;
  const request = { path, prefix, delimiter: false, max: count, signal };
  let cursor: Cursor | undefined;
  do {
    const next: Fetched = await fetchPage(context, request, cursor);
    for (const { key } of next.page.objects) keys.push(key);
    cursor = next.cursor;
  } while (keys.length < count && cursor !== undefined);
  return keys;
}

interface Fetched {
  readonly page: ListPage;
  /** `undefined`: this was the last page. */
  readonly cursor: Cursor | undefined;
}

async function fetchPage(
  context: S3Context,
  request: PageRequest,
  cursor: Cursor | undefined,
): Promise<Fetched> {
  const { path, signal } = request;
  const { body } = await context.client.send({
    method: "GET",
    operation: "list",
    path,
    key: undefined,
    query: pageQuery(context, request, cursor),
    headers: context.headers.plain,
    signal,
  });
  try {
    const page = scanListPage(body.toString("utf8"));
    return { page, cursor: nextCursor(page, cursor) };
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    const { code, message } = error;
    throw new StorageError(code, { path, message, operation: "list", cause: error });
  }
}

function pageQuery(
  context: S3Context,
  { prefix, delimiter, max }: PageRequest,
  cursor: Cursor | undefined,
): string {
  const { listV2, urlEncodingList } = context.config.profile.quirks;
  const older = listV2 === false || cursor?.kind === "marker";
  const query = ["max-keys", String(max)];
  if (prefix !== "") query.push("prefix", prefix);
  if (delimiter) query.push("delimiter", "/");
  if (urlEncodingList !== false) query.push("encoding-type", "url");
  if (!older) query.push("list-type", "2");
  if (cursor?.kind === "token") query.push("continuation-token", cursor.value);
  else if (cursor !== undefined) query.push(older ? "marker" : "start-after", cursor.value);
  return encodeQuery(query);
}

function nextCursor(page: ListPage, last: Cursor | undefined): Cursor | undefined {
  if (!page.truncated) return undefined;
  const cursor = cursorAfter(page);
  if (cursor === undefined || (cursor.kind === last?.kind && cursor.value === last.value)) {
    throw new StorageError("corrupt", {
      message: "the store says that the listing goes on, but not where",
    });
  }
  return cursor;
}

/** A store that gives no token has answered with the older listing; that one goes on by key. */
function cursorAfter({ nextToken, nextMarker, objects, prefixes }: ListPage): Cursor | undefined {
  if (nextToken) return { kind: "token", value: nextToken };
  if (nextMarker) return { kind: "marker", value: nextMarker };
  const ends = [objects.at(-1)?.key, prefixes.at(-1)].filter((end) => end !== undefined);
  const value = ends.sort(comparePaths).at(-1);
  return value === undefined ? undefined : { kind: "marker", value };
}

function firstCursor(
  context: S3Context,
  { startAfter }: ListOptions,
  delimiter: boolean,
): Cursor | undefined {
  if (startAfter === undefined || startAfter === "" || !context.listsInOrder) return undefined;
  const value = context.prefix(context.config.root) + startAfter;
  // Behind everything in the directory; what is listed all the same is left out by `PageReader`.
  const behind = delimiter && value.endsWith("/") ? `${value}\u{10ffff}` : value;
  return { kind: "after", value: Buffer.byteLength(behind) > MAX_KEY ? value : behind };
}

/** Makes entries of pages. */
class PageReader {
  readonly #context: S3Context;
  readonly #directory: string;
  readonly #prefix: string;
  readonly #options: ListOptions;
  #startAfter: string | undefined;

  constructor(context: S3Context, directory: string, prefix: string, options: ListOptions) {
    this.#context = context;
    this.#directory = directory;
    this.#prefix = prefix;
    this.#options = options;
    this.#startAfter = options.startAfter;
  }

  entries({ objects, prefixes }: ListPage): readonly Entry[] {
    const entries: Entry[] = [];
    let at = 0;
    for (const object of objects) {
      while (at < prefixes.length && comparePaths(prefixes[at] as string, object.key) < 0) {
        this.#add(entries, this.#prefixEntry(prefixes[at++] as string));
      }
      this.#add(entries, this.#objectEntry(object));
    }
    while (at < prefixes.length) this.#add(entries, this.#prefixEntry(prefixes[at++] as string));
    return entries;
  }

  #add(entries: Entry[], entry: Entry | undefined): void {
    if (entry === undefined) return;
    if (this.#startAfter !== undefined) {
      if (comparePaths(orderKey(entry), this.#startAfter) <= 0) return;
      // Ordered: whatever follows lies after it too.
      if (this.#context.listsInOrder) this.#startAfter = undefined;
    }
    entries.push(entry);
  }

  #prefixEntry(prefix: string): Entry | undefined {
    const path = this.#checked(prefix, true);
    return path === undefined ? undefined : { ...directoryEntry(path), complete: false };
  }

  #objectEntry({ key, size, etag, lastModified, storageClass }: ListedObject): Entry | undefined {
    if (key === this.#prefix) return undefined;
    const isMarker = key.endsWith("/");
    if (isMarker && size > 0) {
      const path = this.#context.pathOf(key);
      return this.#problem(path, "a key that ends in a slash holds content, and can be no file");
    }
    const path = this.#checked(key, isMarker);
    if (path === undefined) return undefined;
    const entry: { -readonly [K in keyof Entry]: Entry[K] } = {
      path,
      kind: isMarker ? "directory" : "file",
      size,
      complete: false,
    };
    if (etag !== "") entry.etag = etag;
    if (lastModified === lastModified) entry.storedAt = lastModified;
    if (storageClass !== undefined && storageClass !== "STANDARD")
      entry.storageClass = storageClass;
    return entry;
  }

  /** The path of a key; `undefined` for one that is not to be listed. */
  #checked(key: string, isDirectory: boolean): string | undefined {
    if (!key.startsWith(this.#prefix)) {
      throw new StorageError("corrupt", {
        path: this.#directory,
        message: "the store listed a key that lies elsewhere",
      });
    }
    const whole = this.#context.pathOf(key);
    const path = isDirectory ? whole.slice(0, -1) : whole;
    const problem = pathProblem(path);
    if (problem !== undefined) return this.#problem(whole, problem);
    const isHidden = !this.#options.includeReserved && isReserved(key.slice(this.#prefix.length));
    return isHidden ? undefined : path;
  }

  #problem(path: string, message: string): undefined {
    const problem = new StorageError("invalid-path", { path, message, operation: "list" });
    if (this.#options.onProblem === undefined) throw problem;
    this.#options.onProblem(problem);
  }
}
