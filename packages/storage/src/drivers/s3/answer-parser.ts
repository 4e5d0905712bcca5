/**
 * Reads answers of HTTP/1.1 one after the other, however their bytes are cut, and refuses what is not quite
 * one: where client and server differ about the end of an answer, a part of it would be taken for the answer to the next
 * request. https://www.rfc-editor.org/rfc/rfc9112
 */
import {
  type AnswerHead,
  checkLength,
  hasBadCharacter,
  isHeaderLine,
  parseHead,
} from "./answer-head.ts";
import type { HttpAnswer } from "./http-connection.ts";
import { MAX_ANSWER, TooLongAnswer, badAnswer, brokenOff } from "./http-limits.ts";

/** Bytes of the status line and all headers. */
const MAX_HEAD = 32 * 1024;
/** Bytes of a line between chunks. */
const MAX_LINE = 8 * 1024;
const MIN_MEMORY = 4 * 1024;
const MAX_FIRST_MEMORY = 1024 * 1024;
const EMPTY = Buffer.alloc(0);

type Stage = "head" | "body" | "chunk-size" | "chunk" | "chunk-end" | "trailers" | "done";

export class AnswerParser {
  #stage: Stage = "done";
  #isHead = false;
  /** Of a head or a line that has not ended yet. */
  #text = "";
  #head: AnswerHead | undefined;
  /** Bytes of the body, or of the chunk, that are still to come. */
  #left = 0;
  #body = EMPTY;
  #size = 0;
  /** Of everything that came since the request. */
  #received = 0;
  #keepAlive = 0;

  /** The answer to such a request is next. */
  begin(method: string): void {
    this.#stage = "head";
    this.#isHead = method === "HEAD";
    this.#text = "";
    this.#head = undefined;
    this.#body = EMPTY;
    this.#size = 0;
    this.#received = 0;
  }

  /** Whether the status and headers are there. */
  get hasHead(): boolean {
    return this.#head !== undefined;
  }

  /** After an answer: how long the connection may lie idle, milliseconds; 0: it is of no further use. */
  get keepAlive(): number {
    return this.#keepAlive;
  }

  /** Bytes that came, which are not kept; gives the answer at its end. @throws for anything that is none. */
  feed(bytes: Buffer): HttpAnswer | undefined {
    this.#received += bytes.byteLength;
    if (this.#received > MAX_ANSWER + MAX_HEAD) throw new TooLongAnswer();
    let at = 0;
    while (at < bytes.byteLength && this.#stage !== "done") at = this.#step(bytes, at);
    if (this.#stage !== "done") return undefined;
    if (at < bytes.byteLength) this.#refuseMore();
    return this.#answer();
  }

  /** The server has closed the connection; gives the answer whose end that is. @throws for any other. */
  end(): HttpAnswer {
    if (this.#stage !== "body" || this.#head?.body !== "rest") throw brokenOff();
    this.#stage = "done";
    return this.#answer();
  }

  #answer(): HttpAnswer {
    const { status, headers } = this.#head as AnswerHead;
    const isFull = this.#size === this.#body.byteLength;
    return { status, headers, body: isFull ? this.#body : this.#body.subarray(0, this.#size) };
  }

  /** Some servers send a body where there is none, after HEAD: the answer is good, the connection is not. */
  #refuseMore(): void {
    if (!this.#hasNoBody()) throw badAnswer("it goes on after its end");
    this.#keepAlive = 0;
  }

  /** Gives how far it got. */
  #step(bytes: Buffer, at: number): number {
    if (this.#stage === "head") return this.#readHead(bytes, at);
    if (this.#stage === "body" || this.#stage === "chunk") return this.#readBody(bytes, at);
    return this.#readLine(bytes, at);
  }

  #readHead(bytes: Buffer, at: number): number {
    const before = this.#text.length;
    const stop = Math.min(bytes.byteLength, at + MAX_HEAD);
    this.#text += bytes.toString("latin1", at, stop);
    const end = this.#text.indexOf("\r\n\r\n", Math.max(0, before - 3));
    if (end < 0 || end > MAX_HEAD) {
      checkBeginning(this.#text);
      return stop;
    }
    const head = parseHead(this.#text.slice(0, end));
    this.#text = "";
    if (head.status === 101) throw badAnswer("another protocol");
    if (head.status >= 200) this.#take(head);
    return at + end + 4 - before;
  }

  #take(head: AnswerHead): void {
    this.#head = head;
    this.#keepAlive = head.keepAlive;
    const { body } = head;
    if (this.#hasNoBody()) this.#stage = "done";
    else if (body === "chunked") this.#stage = "chunk-size";
    else if (body === "rest") {
      this.#keepAlive = 0;
      this.#left = Infinity;
      this.#stage = "body";
    } else {
      this.#left = checkLength(body);
      this.#stage = body === 0 ? "done" : "body";
    }
  }

  #hasNoBody(): boolean {
    const { status } = this.#head as AnswerHead;
    return this.#isHead || status === 204 || status === 304;
  }

  #readBody(bytes: Buffer, at: number): number {
    const stop = Math.min(bytes.byteLength, at + this.#left);
    this.#makeRoom(stop - at);
    bytes.copy(this.#body, this.#size, at, stop);
    this.#size += stop - at;
    this.#left -= stop - at;
    if (this.#left === 0) this.#stage = this.#stage === "body" ? "done" : "chunk-end";
    return stop;
  }

  #makeRoom(more: number): void {
    const needed = this.#size + more;
    if (needed <= this.#body.byteLength) return;
    const { body } = this.#head as AnswerHead;
    const first = typeof body === "number" ? Math.min(body, MAX_FIRST_MEMORY) : MIN_MEMORY;
    const larger = Buffer.allocUnsafe(Math.max(needed, first, this.#body.byteLength * 2));
    this.#body.copy(larger, 0, 0, this.#size);
    this.#body = larger;
  }

  #readLine(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(0x0a, at);
    const stop = end < 0 ? bytes.byteLength : end + 1;
    this.#text += bytes.toString("latin1", at, Math.min(stop, at + MAX_LINE));
    if (this.#text.length >= MAX_LINE) throw badAnswer("a line without end between chunks");
    if (end < 0) return stop;
    const line = this.#text.slice(0, -2);
    if (hasBadCharacter(this.#text)) throw badAnswer("a character that no line can hold");
    this.#text = "";
    this.#takeLine(line);
    return stop;
  }

  #takeLine(line: string): void {
    if (this.#stage === "chunk-size") {
      // What follows a semicolon is an extension, which may be ignored.
      const size = /^([0-9a-f]{1,13})[ \t]*(?:;.*)?$/i.exec(line)?.[1];
      if (size === undefined) throw badAnswer("a chunk without its size");
      this.#left = checkLength(Number.parseInt(size, 16));
      this.#stage = this.#left === 0 ? "trailers" : "chunk";
    } else if (this.#stage === "chunk-end") {
      if (line !== "") throw badAnswer("a chunk that is longer than its size");
      this.#stage = "chunk-size";
    } else if (line === "") this.#stage = "done";
    else if (!isHeaderLine(line)) throw badAnswer("a line that is no header");
  }
}

/** What cannot become an answer any more is refused at once, not when the server loses patience. */
function checkBeginning(text: string): void {
  if (text.length >= MAX_HEAD) {
    throw badAnswer("its headers are too long", "UND_ERR_HEADERS_OVERFLOW");
  }
  if (!"HTTP/1.".startsWith(text.slice(0, 7))) throw badAnswer("no status line");
  if (/(?<!\r)\n/.test(text)) throw badAnswer("lines that end otherwise than HTTP's");
}
