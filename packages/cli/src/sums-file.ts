/** A file of checksums that the user named. */
import { type HashName, isStorageError } from "@omnisync/storage";
import type { Sum } from "@omnisync/sync";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { GivenFileError } from "./given-file.ts";
import type { Session } from "./session.ts";
import { UsageError } from "./usage-error.ts";

/**
 * @throws UsageError that names the file, and the line that is wrong.
 */
export async function* readSums(
  session: Session,
  file: string,
  name: HashName | undefined,
): AsyncIterable<Sum> {
  const { parseSums } = await import("@omnisync/sync");
  const shown = file === "-" ? "stdin" : file;
  const input =
    file === "-"
      ? (session.io.stdin ?? Readable.from([]))
      : createReadStream(session.absolute(file));
  try {
    yield* parseSums(linesOf(input), name);
  } catch (error) {
    if (isStorageError(error, "invalid-argument"))
      throw new UsageError(`--sums: ${shown}: ${error.message}`, { cause: error });
    if ((error as NodeJS.ErrnoException).errno === undefined) throw error;
    throw new GivenFileError("--sums", shown, error);
  }
}

/** More is not one line of a sum, whatever it is: a path has 4096 bytes at most on disk, 1024 in stores. */
const LONGEST_LINE = 64 * 1024;

/** Only a newline ends a line: a name may hold what else Node's own reader takes for an end. */
async function* linesOf(input: AsyncIterable<Uint8Array | string>): AsyncIterable<string> {
  const decoder = new StringDecoder();
  let rest = "";
  for await (const chunk of input) {
    const lines = (rest + (typeof chunk === "string" ? chunk : decoder.write(chunk))).split("\n");
    rest = lines.pop() as string;
    yield* lines;
    if (rest.length > LONGEST_LINE) break;
  }
  yield rest;
}
