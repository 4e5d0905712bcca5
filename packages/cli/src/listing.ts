/** Listings for commands: ordered, and complete or said not to be. */
import { type Driver, type Entry, comparePaths, orderKey } from "@omnisync/storage";
import { type Mark, hideMarked } from "@omnisync/storage/layers";
import { EXIT } from "./exit-codes.ts";
import { errorText } from "./output/error-text.ts";
import type { Session } from "./session.ts";

export interface ListRequest {
  readonly driver: Driver;
  readonly directory: string;
  readonly recursive: boolean;
  readonly includeReserved?: boolean;
}

/** What tells signatures beside files, as in the library, which is not loaded for a listing; a test compares the two. */
export const SIGNATURES: Mark = {
  suffix: ".hssig",
  magic: Buffer.from("894f5349470d0a1a", "hex"),
};

/**
 * Pages of entries in byte order, without our signatures. A part that could not be listed is complained
 * of and makes the run end with "some failed".
 */
export async function* listPages(
  session: Session,
  request: ListRequest,
): AsyncIterable<readonly Entry[]> {
  const { driver, directory, ...options } = request;
  const pages = hideMarked(driver, SIGNATURES).list(directory, {
    ...options,
    signal: session.signal,
    onProblem: (problem) => {
      session.complain(errorText(problem));
      session.exitCode = EXIT.someFailed;
    },
  });
  if (driver.capabilities.orderedList) yield* pages;
  else yield await sorted(pages);
}

async function sorted(pages: AsyncIterable<readonly Entry[]>): Promise<readonly Entry[]> {
  const all: Entry[] = [];
  for await (const page of pages) for (const entry of page) all.push(entry);
  return all.sort((a, b) => comparePaths(orderKey(a), orderKey(b)));
}
