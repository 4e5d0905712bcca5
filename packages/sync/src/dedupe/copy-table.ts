/**
 * The files among which duplicates are looked for, in bounded memory however many they are: first all by
 * size, then long ones by the hash of their beginning, then those that are still not alone by hash.
 */
import type { Entry } from "@omnisync/storage";
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import { openScratchDatabase } from "../scratch-database.ts";

/** One of several files of equal content. */
export interface Copy {
  /** Relative to the place. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly mtime?: number | undefined;
  readonly etag?: string | undefined;
  /** Which file of the disk it is a name of. Names with the same one take the space of one. */
  readonly inode?: string | undefined;
}

/** @internal A copy as the table holds it. */
export interface CopyRow extends Copy {
  /** Lower-case hex BLAKE3. */
  readonly hash: string;
  /** Whether the hash was computed from the content, not only known to the store. */
  readonly read: boolean;
}

export interface SetRow {
  /** Bytes of each copy. */
  readonly size: number;
  readonly hash: string;
  readonly count: number;
  /** Files of the disk behind the names: `count`, less the names that share one. */
  readonly distinct: number;
}

/** Which copy of a set stays; the others are its duplicates. Equal ones in byte order of their paths. */
export type KeepPolicy = "first" | "newest" | "oldest" | "shortest-path" | "longest-path";

export const KEEP_POLICIES: readonly KeepPolicy[] = [
  "first",
  "newest",
  "oldest",
  "shortest-path",
  "longest-path",
];

/** A file whose age is not known is never the newest nor the oldest. */
const ORDER: Readonly<Record<KeepPolicy, string>> = {
  first: "path",
  newest: "mtime DESC NULLS LAST, path",
  oldest: "mtime ASC NULLS LAST, path",
  "shortest-path": "length(path), path",
  "longest-path": "length(path) DESC, path",
};

const DISTINCT = "count(DISTINCT coalesce(inode, 'path:' || path))";

/** A file as listed, as far as it matters to what reads it. */
export type ListedFile = Pick<Entry, "path" | "size" | "etag" | "complete" | "mtime" | "hashes">;

/** @internal A listed file and its place in the table. */
export interface Candidate {
  readonly id: number;
  readonly file: ListedFile;
}

export class CopyTable {
  readonly #database: DatabaseSync;
  readonly #addFile: StatementSync;
  readonly #addHead: StatementSync;
  readonly #addCopy: StatementSync;

  constructor() {
    this.#database = openScratchDatabase(SCHEMA);
    this.#addFile = this.#database.prepare(
      "INSERT INTO files (size, path, etag, complete, mtime, blake3) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#addHead = this.#database.prepare("INSERT INTO heads (id, head) VALUES (?, ?)");
    this.#addCopy = this.#database.prepare(
      "INSERT INTO copies (size, hash, path, mtime, etag, inode, read) VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
  }

  addFile({ size, path, etag, complete, mtime, storedAt, hashes }: Entry): void {
    const age = mtime ?? storedAt ?? null;
    const blake3 = hashes?.blake3 ?? null;
    this.#addFile.run(size, path, etag ?? null, complete ? 1 : 0, age, blake3);
  }

  /** Call when all files are in. */
  endFiles(): void {
    this.#database.exec("CREATE INDEX files_by_size ON files (size)");
  }

  /** Files of more than `size` bytes whose size is not theirs alone. */
  *longCandidates(size: number): Iterable<Candidate> {
    const rows = this.#database.prepare(
      "SELECT id, size, path, etag, complete, mtime, blake3 FROM files WHERE size > ? AND size IN (SELECT size FROM files GROUP BY size HAVING count(*) > 1) ORDER BY size DESC",
    );
    for (const row of rows.iterate(size)) yield { id: Number(row["id"]), file: listedFile(row) };
  }

  /** What a long file begins with; without it, it is taken for one that is like no other. */
  addHead(id: number, head: string = `none of ${id}`): void {
    this.#addHead.run(id, head);
  }

  /** Call when all beginnings are in. @returns how many are still not alone, and their bytes. */
  countCandidates(): { readonly files: number; readonly bytes: number } {
    this.#database.exec(
      "CREATE TEMP TABLE alike AS SELECT size, head, count(*) AS n FROM files LEFT JOIN heads USING (id) GROUP BY size, head HAVING n > 1; CREATE INDEX temp.alike_by_size ON alike (size)",
    );
    const row = this.#database
      .prepare(
        "SELECT coalesce(sum(n), 0) AS files, coalesce(sum(n * size), 0) AS bytes FROM alike",
      )
      .get()!;
    return { files: Number(row["files"]), bytes: Number(row["bytes"]) };
  }

  /** Those, the largest first. */
  *candidates(): Iterable<ListedFile> {
    const rows = this.#database.prepare(
      "SELECT f.size, path, etag, complete, mtime, blake3 FROM files f LEFT JOIN heads h USING (id) JOIN alike a ON a.size = f.size AND a.head IS h.head ORDER BY f.size DESC",
    );
    for (const row of rows.iterate()) yield listedFile(row);
  }

  addCopy({ size, hash, path, mtime, etag, inode, read }: CopyRow): void {
    this.#addCopy.run(size, hash, path, mtime ?? null, etag ?? null, inode ?? null, read ? 1 : 0);
  }

  /** Call when all copies are in. */
  endCopies(): void {
    this.#database.exec(
      "DROP TABLE files; DROP TABLE heads; CREATE INDEX copies_by_hash ON copies (hash, size)",
    );
  }

  /** Contents that lie here more than once, what frees most first. */
  *sets(): Iterable<SetRow> {
    const rows = this.#database.prepare(
      `SELECT size, hash, count(*) AS n, ${DISTINCT} AS d FROM copies GROUP BY hash, size HAVING n > 1 ORDER BY size * (d - 1) DESC, size DESC, hash`,
    );
    for (const row of rows.iterate()) {
      yield {
        size: Number(row["size"]),
        hash: String(row["hash"]),
        count: Number(row["n"]),
        distinct: Number(row["d"]),
      };
    }
  }

  /** The copies of a set, the one to keep first. */
  *copies(set: SetRow, keep: KeepPolicy): Iterable<CopyRow> {
    const rows = this.#database.prepare(
      `SELECT * FROM copies WHERE hash = ? AND size = ? ORDER BY ${ORDER[keep]}`,
    );
    for (const row of rows.iterate(set.hash, set.size)) yield copyOf(row);
  }

  close(): void {
    this.#database.close();
  }
}

const SCHEMA = `
  CREATE TABLE files (
    id INTEGER PRIMARY KEY, size INTEGER NOT NULL, path TEXT NOT NULL,
    etag TEXT, complete INTEGER NOT NULL, mtime REAL, blake3 TEXT
  );
  CREATE TABLE heads (id INTEGER PRIMARY KEY, head TEXT NOT NULL);
  CREATE TABLE copies (
    size INTEGER NOT NULL, hash TEXT NOT NULL, path TEXT NOT NULL,
    mtime REAL, etag TEXT, inode TEXT, read INTEGER NOT NULL
  )
`;

function listedFile(row: Record<string, SQLOutputValue>): ListedFile {
  const { size, path, etag, complete, mtime, blake3 } = row;
  return {
    path: String(path),
    size: Number(size),
    complete: complete === 1,
    ...(etag === null ? {} : { etag: String(etag) }),
    ...(mtime === null ? {} : { mtime: Number(mtime) }),
    ...(blake3 === null ? {} : { hashes: { blake3: String(blake3) } }),
  };
}

function copyOf(row: Record<string, SQLOutputValue>): CopyRow {
  const { size, hash, path, mtime, etag, inode, read } = row;
  return {
    size: Number(size),
    hash: String(hash),
    path: String(path),
    ...(mtime === null ? {} : { mtime: Number(mtime) }),
    ...(etag === null ? {} : { etag: String(etag) }),
    ...(inode === null ? {} : { inode: String(inode) }),
    read: read === 1,
  };
}
