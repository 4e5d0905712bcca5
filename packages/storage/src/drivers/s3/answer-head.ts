/** The beginning of an answer: status, headers, and what they say of the body and of the connection. */
import { KEEP_ALIVE, MAX_ANSWER, TooLongAnswer, badAnswer } from "./http-limits.ts";
import { type ResponseHeaders, text } from "./s3-errors.ts";

export interface AnswerHead {
  readonly status: number;
  /** Names in lower case; of a header that comes several times a list. */
  readonly headers: ResponseHeaders;
  /** Bytes; `chunked`: it says itself where it ends; `rest`: all until the connection ends. */
  readonly body: number | "chunked" | "rest";
  /** How long the connection may lie idle afterwards, milliseconds; 0: it is of no further use. */
  readonly keepAlive: number;
}

/** @param head without the empty line at its end. @throws for what is no head, or contradicts itself. */
export function parseHead(head: string): AnswerHead {
  if (hasBadCharacter(head)) throw badAnswer("a character that no header can hold");
  const lines = head.split("\r\n");
  const [, minor, code] = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: .*)?$/.exec(lines[0] as string) ?? [];
  if (code === undefined) throw badAnswer("no status line");
  const headers: Record<string, string | string[]> = {};
  for (let i = 1; i < lines.length; i++) pushHeader(headers, lines[i] as string);
  const body = bodyOf(headers, minor === "0");
  return { status: Number(code), headers, body, keepAlive: keepAliveOf(headers, minor === "0") };
}

/** Whether a line, or several, holds a control character, or an end of line that is not CR and LF. */
export function hasBadCharacter(lines: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  return /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/.test(lines);
}

export function isHeaderLine(line: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]+:/.test(line);
}

function pushHeader(headers: Record<string, string | string[]>, line: string): void {
  if (!isHeaderLine(line)) throw badAnswer("a line that is no header");
  const colon = line.indexOf(":");
  const name = line.slice(0, colon).toLowerCase();
  const value = trimmed(line, colon + 1);
  // What every object has by itself is no header of ours.
  if (name in Object.prototype) return;
  const before = headers[name];
  if (before === undefined) headers[name] = value;
  else headers[name] = typeof before === "string" ? [before, value] : [...before, value];
}

/** Without the blanks around; a no-break space is a byte like others here. */
function trimmed(line: string, start: number): string {
  let end = line.length;
  while (isBlank(line.charCodeAt(start))) start++;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end--;
  return line.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Two statements about the length are one too many: who believes the other one reads on elsewhere. */
function bodyOf(headers: ResponseHeaders, isOld: boolean): AnswerHead["body"] {
  const length = headers["content-length"];
  const coding = headers["transfer-encoding"];
  if (coding !== undefined) {
    const known = typeof coding === "string" && coding.toLowerCase() === "chunked";
    if (!known || isOld || length !== undefined) throw badAnswer("an unclear length");
    return "chunked";
  }
  if (length === undefined) return "rest";
  if (typeof length !== "string" || !/^\d{1,15}$/.test(length))
    throw badAnswer("an unclear length");
  return Number(length);
}

function keepAliveOf(headers: ResponseHeaders, isOld: boolean): number {
  const connection = headers["connection"];
  const words =
    connection === undefined
      ? []
      : String(connection)
          .toLowerCase()
          .split(/[ \t]*,[ \t]*/);
  if (words.includes("close") || (isOld && !words.includes("keep-alive"))) return 0;
  const hint = text(headers, "keep-alive");
  const seconds = hint === undefined ? undefined : /\btimeout=(\d{1,6})/i.exec(hint)?.[1];
  // A second less, for the way of a request that leaves at the last moment.
  if (seconds === undefined) return KEEP_ALIVE;
  return Math.min(KEEP_ALIVE, Math.max(0, Number(seconds) - 1) * 1000);
}

/** @throws for one that is longer than any answer can be. */
export function checkLength(length: number): number {
  if (length > MAX_ANSWER) throw new TooLongAnswer();
  return length;
}
