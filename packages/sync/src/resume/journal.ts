/**
 * The file of one transfer on record: a header, then a line for each thing done, each with a checksum.
 *
 *     {"format":"omnisync-transfer","version":1,"kind":"upload",…}    0f3a91c24be0c2f1
 *     {"kind":"part","number":1,"size":8388608,"etag":"…"}            5d41402abc4b2a76
 *
 * The header appears whole or not at all. Lines are appended, so that a transfer of ten thousand parts
 * does not write ten thousand times all of them. A last line without an end is one whose writing was cut
 * short: what it tells of is done again. Anything else that is not as it should be makes the whole file
 * unusable, because then nobody knows what happened to it.
 */
import { createHash } from "node:crypto";
import type { Progressed, TransferRecord } from "./resume-store.ts";

const FORMAT = "omnisync-transfer";
/** Raised by every change that an older reader would get wrong. */
const VERSION = 1;
const SUM_LENGTH = 16;

export interface Journal {
  readonly record: TransferRecord;
  readonly progress: readonly Progressed[];
  /** Bytes of the file that are whole lines. */
  readonly length: number;
}

export function headerLine(record: TransferRecord): string {
  return line({ format: FORMAT, version: VERSION, ...record });
}

export function progressLine(progress: Progressed): string {
  return line(progress);
}

/** @throws Error that says what is wrong with the file. */
export function parseJournal(bytes: Uint8Array): Journal {
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  if (end === 0) throw new Error("it was cut short");
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, end));
  const [header, ...rest] = text.split("\n").slice(0, -1).map(parseLine);
  return { record: checkHeader(header), progress: rest.map(checkProgress), length: end };
}

function line(value: object): string {
  const text = JSON.stringify(value);
  return `${text}\t${sum(text)}\n`;
}

function parseLine(text: string): unknown {
  const tab = text.length - SUM_LENGTH - 1;
  const json = text.slice(0, tab);
  if (text[tab] !== "\t" || text.slice(tab + 1) !== sum(json)) throw new Error("it is damaged");
  return JSON.parse(json);
}

function sum(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, SUM_LENGTH);
}

function checkHeader(value: unknown): TransferRecord {
  const { format, version, ...record } = value as Record<string, unknown>;
  if (format !== FORMAT) throw new Error("it is not a record of a transfer");
  if (version !== VERSION)
    throw new Error(`it was written by another version (${String(version)})`);
  const { kind, source, destination, content, pieceSize, startedAt } = record;
  const { size, etag } = (content ?? {}) as Record<string, unknown>;
  const wellFormed =
    typeof source === "string" &&
    typeof destination === "string" &&
    typeof etag === "string" &&
    [size, pieceSize, startedAt].every(Number.isSafeInteger) &&
    (kind === "download" ||
      (kind === "upload" &&
        typeof record["uploadId"] === "string" &&
        typeof record["begunWith"] === "string"));
  if (!wellFormed) throw new Error("its header is incomplete");
  return record as unknown as TransferRecord;
}

function checkProgress(value: unknown): Progressed {
  const { kind, number, size, etag, hash, path } = value as Record<string, unknown>;
  const numbered = Number.isSafeInteger(number) && Number.isSafeInteger(size);
  const wellFormed =
    (kind === "part" && numbered && typeof etag === "string") ||
    (kind === "range" && numbered && typeof hash === "string") ||
    (kind === "leftover" && typeof path === "string");
  if (!wellFormed) throw new Error("it holds what this version does not know");
  return value as Progressed;
}

const NEWLINE = 0x0a;
