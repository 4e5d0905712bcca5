/**
 * Files of checksums as `md5sum`, `sha256sum`, `b3sum` and rclone write and read them: one line per file,
 * `<hex>  <path>` or `<hex> *<path>`, or BSD's `SHA256 (<path>) = <hex>`. A line that begins with a
 * backslash has `\\`, `\n` and `\r` in its path escaped; one that begins with "#" is a comment.
 */
import { type HashName, StorageError, pathProblem } from "@omnisync/storage";

export interface Sum {
  /** Relative to the place that the sums are of. */
  readonly path: string;
  readonly hash: string;
  readonly name: HashName;
}

/** One line for a file, without its end. */
export function formatSum({ path, hash, name }: Sum, tag: boolean = false): string {
  const escaped = path.replace(/[\\\n\r]/g, (c) => ESCAPES[c] as string);
  const mark = escaped === path ? "" : "\\";
  return tag ? `${mark}${name.toUpperCase()} (${escaped}) = ${hash}` : `${mark}${hash}  ${escaped}`;
}

/**
 * The sums of a file, line by line.
 * @param name which hash it holds; without it, the one that lines name or that has as many digits. Sixty-four
 *   are SHA-256 then, so a file of BLAKE3 must be told.
 * @throws StorageError `invalid-argument` naming the line that is none.
 */
export async function* parseSums(
  lines: AsyncIterable<string> | Iterable<string>,
  name?: HashName | undefined,
): AsyncIterable<Sum> {
  let number = 0;
  for await (const line of lines) {
    number++;
    const text = line.replace(/\r$/, "");
    if (text === "" || text.startsWith("#")) continue;
    yield parseLine(text, number, name);
  }
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r" };
const UNESCAPES: Readonly<Record<string, string>> = { "\\\\": "\\", "\\n": "\n", "\\r": "\r" };

const BY_DIGITS: Readonly<Record<number, HashName>> = {
  8: "crc32",
  32: "md5",
  40: "sha1",
  64: "sha256",
};
const DIGITS: Readonly<Record<HashName, number>> = {
  crc32: 8,
  md5: 32,
  sha1: 40,
  sha256: 64,
  blake3: 64,
};

function parseLine(line: string, number: number, wanted: HashName | undefined): Sum {
  const escaped = line.startsWith("\\");
  const text = escaped ? line.slice(1) : line;
  const plain = /^([0-9a-f]+)(?: [ *]|\t)(.+)$/is.exec(text);
  const tagged = /^(BLAKE3|SHA256|SHA1|MD5|CRC32) ?\((.+)\) = ([0-9a-f]+)$/is.exec(text);
  const hash = (plain?.[1] ?? tagged?.[3])?.toLowerCase();
  const tag = tagged?.[1]?.toLowerCase() as HashName | undefined;
  const name = tag ?? wanted ?? BY_DIGITS[hash?.length ?? 0];
  if (hash === undefined || name === undefined || hash.length !== DIGITS[name])
    throw refuse(number, wanted === undefined ? "is no checksum line" : `has no ${wanted}`);
  if (wanted !== undefined && name !== wanted) throw refuse(number, `is ${name}, not ${wanted}`);
  const raw = (plain?.[2] ?? tagged?.[2]) as string;
  const path = (escaped ? raw.replace(/\\[\\nr]/g, (c) => UNESCAPES[c] as string) : raw).replace(
    /^(?:\.\/+)+/,
    "",
  );
  const problem = pathProblem(path);
  if (problem !== undefined) throw refuse(number, `names no path of a place: ${problem}`);
  return { path, hash, name };
}

function refuse(line: number, problem: string): StorageError {
  return new StorageError("invalid-argument", { message: `line ${line} ${problem}` });
}
