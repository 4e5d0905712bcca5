/**
 * One connection that carries one request at a time. A request goes out by one write, when its pool says so, from
 * memory that is used again; all connections read into the same memory, since nothing of it is needed after the call.
 */
import type { OnReadOpts, Socket } from "node:net";
import { AnswerParser } from "./answer-parser.ts";
import type { HttpAnswer, HttpRequest } from "./http-connection.ts";
import type { Dialer } from "./http-dial.ts";
import { brokenOff, transportError } from "./http-limits.ts";
import { writeHead } from "./request-head.ts";

/** Node reads at most this much at once. */
const READ_SIZE = 64 * 1024;
const MIN_WRITE_SIZE = 8 * 1024;
/** Silence after which the system asks whether the other side is still there, milliseconds. */
const PROBE_AFTER = 60_000;

/** One request and who waits for it. */
export interface Exchange {
  readonly request: HttpRequest;
  /** Bytes of its head. */
  readonly headSize: number;
  /** Milliseconds until the answer must begin. */
  readonly answerTimeout: number;
  settle(answer: HttpAnswer): void;
  fail(error: unknown): void;
}

/** What a connection tells its pool. */
export interface SocketOwner {
  readonly connectTimeout: number;
  /** Milliseconds between pieces of an answer. */
  readonly idleTimeout: number;
  /** The tick by which so many milliseconds will have passed. */
  after(milliseconds: number): number;
  /** It has a request to write, and waits for `flush`. */
  later(socket: HttpSocket): void;
  /** It can carry the next request. */
  freed(socket: HttpSocket): void;
  /** It is of no use any more. */
  gone(socket: HttpSocket): void;
}

let readMemory: Buffer | undefined;

export class HttpSocket {
  /** The tick at which what it waits for has taken too long. */
  deadline: number;
  readonly #owner: SocketOwner;
  readonly #socket: Socket;
  readonly #parser = new AnswerParser();
  #isReady = false;
  #exchange: Exchange | undefined;
  #writeMemory: Buffer | undefined;
  /** Bytes in it that `flush` will write. */
  #unsent = 0;

  constructor(dialer: Dialer, owner: SocketOwner) {
    this.#owner = owner;
    this.deadline = owner.after(owner.connectTimeout);
    this.#socket = dialer.dial(this.#onread());
    this.#socket
      .setNoDelay(true)
      .setKeepAlive(true, PROBE_AFTER)
      // What keeps the process alive is a request under way: the pool sees to that.
      .unref()
      .once(dialer.readyEvent, () => this.#begin())
      .on("drain", () => this.#extend())
      .on("end", () => this.#ended())
      .on("error", (error) => this.#leave(error))
      .on("close", () => this.#leave(brokenOff()));
  }

  /** Only while it carries nothing. */
  send(exchange: Exchange): void {
    this.#exchange = exchange;
    if (this.#isReady) this.#write(exchange);
  }

  /** Whether what it carries is that. */
  carries(exchange: Exchange): boolean {
    return this.#exchange === exchange;
  }

  /** Whether the server has not closed it yet, as far as is known. */
  get isOpen(): boolean {
    return this.#socket.writable && !this.#socket.destroyed;
  }

  /** Ends it, and what it carries. */
  destroy(error: unknown): void {
    this.#leave(error);
  }

  /** The deadline has passed. */
  expire(): void {
    if (!this.#isReady) this.#leave(timedOut("UND_ERR_CONNECT_TIMEOUT"));
    else if (this.#parser.hasHead) this.#leave(timedOut("UND_ERR_BODY_TIMEOUT"));
    else this.#leave(timedOut("UND_ERR_HEADERS_TIMEOUT"));
  }

  #onread(): OnReadOpts {
    readMemory ??= Buffer.allocUnsafeSlow(READ_SIZE);
    return {
      buffer: readMemory,
      callback: (size, memory) => {
        this.#read((memory as Buffer).subarray(0, size));
        return true;
      },
    };
  }

  #begin(): void {
    this.#isReady = true;
    if (this.#exchange !== undefined) this.#write(this.#exchange);
  }

  #write(exchange: Exchange): void {
    const { request, headSize } = exchange;
    const { body } = request;
    this.#parser.begin(request.method);
    this.deadline = this.#owner.after(exchange.answerTimeout);
    const size = headSize + (body?.byteLength ?? 0);
    if (this.#writeMemory === undefined || this.#writeMemory.byteLength < size) {
      this.#writeMemory = Buffer.allocUnsafeSlow(Math.max(MIN_WRITE_SIZE, size));
    }
    writeHead(request, this.#writeMemory);
    if (body !== undefined) this.#writeMemory.set(body, headSize);
    this.#unsent = size;
    this.#owner.later(this);
  }

  /** Writes the request; nothing if it has ended meanwhile. */
  flush(): void {
    const size = this.#unsent;
    if (size === 0) return;
    this.#unsent = 0;
    this.#socket.write((this.#writeMemory as Buffer).subarray(0, size));
  }

  /** A slow way out is no silence of the server's. */
  #extend(): void {
    const exchange = this.#exchange;
    if (exchange !== undefined && !this.#parser.hasHead) {
      this.deadline = this.#owner.after(exchange.answerTimeout);
    }
  }

  #read(bytes: Buffer): void {
    // What comes before a request was sent is no answer to it.
    if (this.#exchange === undefined || this.#unsent > 0) return this.#leave(brokenOff());
    let answer: HttpAnswer | undefined;
    try {
      answer = this.#parser.feed(bytes);
    } catch (error) {
      return this.#leave(error);
    }
    if (answer !== undefined) this.#finish(answer);
    else if (this.#parser.hasHead) this.deadline = this.#owner.after(this.#owner.idleTimeout);
  }

  #finish(answer: HttpAnswer): void {
    const exchange = this.#exchange as Exchange;
    const { keepAlive } = this.#parser;
    this.#exchange = undefined;
    // An answer that came before all was sent: what follows would be taken for the next request.
    if (keepAlive === 0 || this.#socket.writableLength > 0 || !this.isOpen) this.#leave(undefined);
    else {
      this.deadline = this.#owner.after(keepAlive);
      this.#owner.freed(this);
    }
    exchange.settle(answer);
  }

  #ended(): void {
    if (this.#exchange === undefined || !this.#isReady) return this.#leave(brokenOff());
    try {
      this.#finish(this.#parser.end());
    } catch (error) {
      this.#leave(error);
    }
  }

  #leave(error: unknown): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#unsent = 0;
    this.#socket.destroy();
    this.#owner.gone(this);
    exchange?.fail(error);
  }
}

function timedOut(code: string): Error {
  return transportError(code, "timed out");
}
