/**
 * Remembers what only a HEAD request tells about an object (mtime, mode, kind), by store, path and
 * ETag, so that a second run over unchanged files asks for none. Only a cache: it may be lost,
 * deleted or stale at any time. An entry counts only for the exact ETag that a listing shows, and only if the
 * listing shows no later time than that of what is remembered: attributes that another machine changes leave
 * content and ETag as they are, but not the time (`StoredTimes`).
 *
 * `node:sqlite` in WAL mode, since several runs may share the file; rows are fetched a listing page
 * at a time by key range, which costs about a microsecond a row where single look-ups cost four.
 */
import {
  type Entry,
  type EntryKind,
  type HashName,
  comparePaths,
  orderKey,
} from "@omnisync/storage";
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";

const VERSION = 3;
/** Rows held back before they are written in one transaction. */
const BATCH = 1000;

/** The part of an entry that a listing does not give. */
export type CachedAttributes = Pick<
  Entry,
  "kind" | "mtime" | "mode" | "linkTarget" | "hashes" | Further
>;

/** What few entries have, remembered in one column. */
type Further =
  | "uid"
  | "gid"
  | "user"
  | "group"
  | "xattrs"
  | "acl"
  | "defaultAcl"
  | "hardLink"
  | "special";

export class AttributeCache {
  readonly #database: DatabaseSync;
  readonly #select: StatementSync;
  readonly #upsert: StatementSync;
  readonly #stores: Map<string, number> = new Map();
  #pending: { readonly store: number; readonly entry: Entry }[] = [];

  private constructor(database: DatabaseSync) {
    this.#database = database;
    this.#select = database.prepare(
      "SELECT path, etag, earliest, latest, kind, mtime, mode, target, hashes, further FROM attributes WHERE store = ? AND path BETWEEN ? AND ?",
    );
    this.#select.setReturnArrays(true);
    this.#upsert = database.prepare(
      "INSERT INTO attributes (store, path, etag, earliest, latest, kind, mtime, mode, target, hashes, further) " +
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (store, path) DO UPDATE SET etag = excluded.etag, " +
        "earliest = excluded.earliest, latest = excluded.latest, kind = excluded.kind, mtime = excluded.mtime, mode = excluded.mode, target = excluded.target, hashes = excluded.hashes, further = excluded.further",
    );
  }

  /**
   * Opens the file, mode 0600, or a cache in memory for `:memory:`. A file that is damaged or of
   * another version is replaced by an empty one.
   * @throws Error if the file cannot be created.
   */
  static open(path: string): AttributeCache {
    if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    try {
      return new AttributeCache(openDatabase(path));
    } catch (error) {
      if (path === ":memory:" || !isDamage(error)) throw error;
      for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
      return new AttributeCache(openDatabase(path));
    }
  }

  /**
   * The entries of a listing page with whatever is remembered filled in; those are complete then.
   * `prefix` is what stands before each entry's path in the store.
   */
  complete(store: string, entries: readonly Entry[], prefix: string): readonly Entry[] {
    const incomplete = entries.filter((entry) => !entry.complete);
    if (incomplete.length === 0) return entries;
    const [first, last] = [incomplete[0]!, incomplete.at(-1)!];
    const known = this.#page(store, prefix + orderKey(first), prefix + orderKey(last));
    if (known.size === 0) return entries;
    return entries.map((entry) => {
      const row = entry.complete ? undefined : known.get(prefix + orderKey(entry));
      return row === undefined || !isStateOf(row, entry)
        ? entry
        : { ...entry, ...attributesOf(row, entry), complete: true };
    });
  }

  /** Remembers a complete entry. `path` is the entry's path in the store. */
  remember(store: string, entry: Entry): void {
    const { complete, kind, etag } = entry;
    if (!complete || etag === undefined) return;
    if (kind === "directory" && storedTimes(entry).latest === null) return;
    this.#pending.push({ store: this.#storeId(store), entry });
    if (this.#pending.length >= BATCH) this.flush();
  }

  /** Writes what is held back. */
  flush(): void {
    if (this.#pending.length === 0) return;
    const rows = this.#pending;
    this.#pending = [];
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const { store, entry } of rows) {
        const { kind, mtime, mode, linkTarget, hashes } = entry;
        const text = hashes === undefined ? null : JSON.stringify(hashes);
        const { earliest, latest } = storedTimes(entry);
        this.#upsert.run(
          store,
          orderKey(entry),
          entry.etag!,
          earliest,
          latest,
          kind,
          mtime ?? null,
          mode ?? null,
          linkTarget ?? null,
          text,
          furtherText(entry),
        );
      }
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    try {
      this.flush();
    } finally {
      this.#database.close();
    }
  }

  #page(store: string, first: string, last: string): Map<string, Row> {
    const [from, to] = comparePaths(first, last) <= 0 ? [first, last] : [last, first];
    const rows = this.#select.all(this.#storeId(store), from, to) as unknown as Row[];
    return new Map(rows.map((row) => [row[0], row]));
  }

  #storeId(store: string): number {
    let id = this.#stores.get(store);
    if (id === undefined) {
      this.#database.prepare("INSERT OR IGNORE INTO stores (name) VALUES (?)").run(store);
      id = Number(this.#database.prepare("SELECT id FROM stores WHERE name = ?").get(store)!["id"]);
      this.#stores.set(store, id);
    }
    return id;
  }
}

type Row = readonly [
  path: string,
  etag: string,
  earliest: number | null,
  latest: number | null,
  kind: EntryKind,
  mtime: number | null,
  mode: number | null,
  target: string | null,
  hashes: string | null,
  further: string | null,
];

/** Whole seconds between which a listing shows the state that is remembered as stored; null: unknown. */
interface StoredTimes {
  readonly earliest: number | null;
  readonly latest: number | null;
}

/**
 * HEAD tells seconds, listings often more; a store that rounds up in HEAD need not in listings. Of what was just
 * written only the time of the answer is known, by which it was stored: some stores date an upload back to its
 * beginning. What another writes later is not dated before that, but for the second in which clocks may differ.
 */
function storedTimes({ storedAt, storedBy }: Entry): StoredTimes {
  if (storedAt !== undefined) {
    const second = Math.floor(storedAt / 1000);
    return { earliest: second - 1, latest: second };
  }
  const latest = storedBy === undefined ? null : Math.floor(storedBy / 1000) + 1;
  return { earliest: null, latest };
}

/**
 * Whether what a listing shows is what is remembered. Where it tells no times the ETag has to do, which says
 * nothing of directories: their markers are all empty.
 */
function isStateOf(row: Row, { kind, etag, storedAt }: Entry): boolean {
  const [, known, earliest, latest] = row;
  if (etag !== known) return false;
  if (storedAt === undefined) return kind !== "directory";
  const second = Math.floor(storedAt / 1000);
  return latest !== null && second <= latest && (earliest === null || second >= earliest);
}

function attributesOf(row: Row, entry: Entry): CachedAttributes {
  const [, , , , kind, mtime, mode, linkTarget, hashes, further] = row;
  return {
    kind,
    ...(further === null ? {} : (JSON.parse(further) as Pick<Entry, Further>)),
    ...(mtime === null ? {} : { mtime }),
    ...(mode === null ? {} : { mode }),
    ...(linkTarget === null ? {} : { linkTarget }),
    ...(hashes === null
      ? {}
      : { hashes: { ...entry.hashes, ...(JSON.parse(hashes) as Record<HashName, string>) } }),
  };
}

function furtherText(entry: Entry): string | null {
  const { uid, gid, user, group, xattrs, acl, defaultAcl, hardLink, special } = entry;
  const text = JSON.stringify({
    uid,
    gid,
    user,
    group,
    xattrs,
    acl,
    defaultAcl,
    hardLink,
    special,
  });
  return text === "{}" ? null : text;
}

function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 5000 });
  try {
    if (path !== ":memory:") chmodSync(path, 0o600);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    const { user_version: version } = database.prepare("PRAGMA user_version").get() as {
      user_version: number;
    };
    if (version !== 0 && version !== VERSION) throw new CacheVersionError();
    database.exec(SCHEMA);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

class CacheVersionError extends Error {}

function isDamage(error: unknown): boolean {
  if (error instanceof CacheVersionError) return true;
  // SQLITE_CORRUPT and SQLITE_NOTADB: https://sqlite.org/rescode.html
  const code = (error as { errcode?: number }).errcode ?? 0;
  return (code & 0xff) === 11 || (code & 0xff) === 26;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS stores (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS attributes (
    store INTEGER NOT NULL, path TEXT NOT NULL, etag TEXT NOT NULL, earliest INTEGER, latest INTEGER,
    kind TEXT NOT NULL,
    mtime REAL, mode INTEGER, target TEXT, hashes TEXT, further TEXT,
    PRIMARY KEY (store, path)
  ) WITHOUT ROWID;
  PRAGMA user_version = ${VERSION};
`;
