/** The sums that a place is held against, by path, in bounded memory however many they are. */
import { type HashName, StorageError } from "@omnisync/storage";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { openScratchDatabase } from "../scratch-database.ts";
import type { Sum } from "./sums.ts";

export class SumsTable {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #mark: StatementSync;

  private constructor() {
    this.#database = openScratchDatabase(
      "CREATE TABLE sums (path TEXT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL, seen INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID",
    );
    this.#insert = this.#database.prepare(
      "INSERT OR IGNORE INTO sums (path, name, hash) VALUES (?, ?, ?)",
    );
    this.#select = this.#database.prepare("SELECT path, name, hash FROM sums WHERE path = ?");
    this.#mark = this.#database.prepare("UPDATE sums SET seen = 1 WHERE path = ?");
  }

  /** @throws StorageError `invalid-argument` for a path with two different sums. */
  static async load(sums: AsyncIterable<Sum> | Iterable<Sum>): Promise<SumsTable> {
    const table = new SumsTable();
    try {
      for await (const sum of sums) table.#add(sum);
      return table;
    } catch (error) {
      table.close();
      throw error;
    }
  }

  /** The sum of a path, which counts as seen from now on. */
  take(path: string): Sum | undefined {
    const sum = this.#find(path);
    if (sum !== undefined) this.#mark.run(path);
    return sum;
  }

  /** Paths that nobody took. */
  *untaken(): Iterable<string> {
    const rows = this.#database.prepare("SELECT path FROM sums WHERE seen = 0 ORDER BY path");
    for (const row of rows.iterate()) yield String(row["path"]);
  }

  close(): void {
    this.#database.close();
  }

  #add({ path, name, hash }: Sum): void {
    if (this.#insert.run(path, name, hash).changes > 0) return;
    const first = this.#find(path);
    if (first?.hash === hash && first.name === name) return;
    throw new StorageError("invalid-argument", {
      path,
      message: "is listed with two different sums",
    });
  }

  #find(path: string): Sum | undefined {
    const row = this.#select.get(path);
    if (row === undefined) return undefined;
    return { path, name: String(row["name"]) as HashName, hash: String(row["hash"]) };
  }
}
