/**
 * A private database for what would not fit in memory, gone when it is closed or its process is: SQLite
 * makes a temporary one for an empty name, in a file that has no name any more once it is open, and
 * writes to it only what exceeds the cache.
 */
import { DatabaseSync } from "node:sqlite";

/** KiB of memory. More of it saves little: what is written once is read once, in order. */
const CACHE = 8 * 1024;

export function openScratchDatabase(schema: string): DatabaseSync {
  const database = new DatabaseSync("");
  database.exec(`PRAGMA cache_size = -${CACHE}; PRAGMA temp_store = FILE`);
  database.exec(`${schema}; BEGIN`);
  return database;
}
