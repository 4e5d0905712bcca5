/**
 * Connections of our own to one host, for requests and answers that are short: as many as there are requests at
 * once. One timer looks after all of them: to set one for each request would cost more than to read its answer.
 */
import type { ConnectionOptions, HttpAnswer, HttpRequest } from "./http-connection.ts";
import { type Dialer, makeDialer } from "./http-dial.ts";
import { transportError } from "./http-limits.ts";
import { type Exchange, HttpSocket, type SocketOwner } from "./http-socket.ts";
import { sizeOfHead } from "./request-head.ts";

/** How often deadlines are looked at, milliseconds; more often where one is shorter than four of them. */
const TICK = 250;

export class HttpPool implements SocketOwner {
  readonly connectTimeout: number;
  readonly idleTimeout: number;
  readonly #dialer: Dialer;
  readonly #tick: number;
  readonly #sockets = new Set<HttpSocket>();
  /** The one that was used last is used next. */
  readonly #idle: HttpSocket[] = [];
  /** Have a request to write. */
  #waiting: HttpSocket[] = [];
  #underWay = 0;
  /** So many ticks have passed: a process that was stopped for a while has not been waiting. */
  #now = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(origin: string, options: ConnectionOptions) {
    const { connectTimeout, idleTimeout, caBundle } = options;
    this.connectTimeout = connectTimeout;
    this.idleTimeout = idleTimeout;
    this.#tick = Math.max(5, Math.min(TICK, connectTimeout / 4, idleTimeout / 4));
    this.#dialer = makeDialer(origin, caBundle);
  }

  exchange(request: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw closed();
      if (request.signal?.aborted) throw aborted();
      const underWay = new UnderWay(this, request, resolve, reject);
      this.#count(1);
      try {
        (this.#takeIdle() ?? this.#open()).send(underWay);
      } catch (error) {
        // Not even begun: certificates that are none, for one.
        underWay.fail(error);
      }
    });
  }

  /** Ends what is under way too. */
  close(): void {
    this.#isClosed = true;
    for (const socket of this.#sockets) socket.destroy(closed());
  }

  after(milliseconds: number): number {
    return this.#now + 1 + Math.ceil(milliseconds / this.#tick);
  }

  /**
   * All requests of one turn of the event loop are written one right after the other: where the server sleeps, to wake it
   * costs more than the rest of a small request, and this way it is woken once for several.
   */
  later(socket: HttpSocket): void {
    if (this.#waiting.push(socket) === 1) setImmediate(() => this.#flush());
  }

  freed(socket: HttpSocket): void {
    this.#idle.push(socket);
  }

  gone(socket: HttpSocket): void {
    if (!this.#sockets.delete(socket)) return;
    const at = this.#idle.indexOf(socket);
    if (at >= 0) this.#idle.splice(at, 1);
    if (this.#sockets.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Of `UnderWay`: it has its answer, or will not get one. */
  settled(): void {
    this.#count(-1);
  }

  /** Of `UnderWay`: nobody wants its answer any more. */
  abandon(underWay: UnderWay): void {
    for (const socket of this.#sockets) {
      if (socket.carries(underWay)) return socket.destroy(aborted());
    }
  }

  #flush(): void {
    const sockets = this.#waiting;
    this.#waiting = [];
    for (const socket of sockets) socket.flush();
  }

  #takeIdle(): HttpSocket | undefined {
    for (;;) {
      const socket = this.#idle.pop();
      if (socket === undefined || socket.isOpen) return socket;
      socket.destroy(undefined);
    }
  }

  #open(): HttpSocket {
    const socket = new HttpSocket(this.#dialer, this);
    this.#sockets.add(socket);
    this.#timer ??= setInterval(() => this.#look(), this.#tick);
    return socket;
  }

  #look(): void {
    this.#now++;
    for (const socket of this.#sockets) if (socket.deadline <= this.#now) socket.expire();
  }

  /** The process lives on for requests under way, not for idle connections. */
  #count(more: 1 | -1): void {
    this.#underWay += more;
    if (this.#underWay === 0) this.#timer?.unref();
    else if (this.#underWay === 1) this.#timer?.ref();
  }
}

/** A request from the call to its end. */
class UnderWay implements Exchange {
  readonly request: HttpRequest;
  readonly headSize: number;
  readonly answerTimeout: number;
  readonly #pool: HttpPool;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    pool: HttpPool,
    request: HttpRequest,
    resolve: (answer: HttpAnswer) => void,
    reject: (error: unknown) => void,
  ) {
    this.request = request;
    this.headSize = sizeOfHead(request);
    this.answerTimeout = request.answerTimeout ?? pool.idleTimeout;
    this.#pool = pool;
    this.#resolve = resolve;
    this.#reject = reject;
    request.signal?.addEventListener("abort", this);
  }

  settle(answer: HttpAnswer): void {
    this.#end();
    this.#resolve(answer);
  }

  fail(error: unknown): void {
    this.#end();
    this.#reject(error);
  }

  /** Of the signal. */
  handleEvent(): void {
    this.#pool.abandon(this);
  }

  #end(): void {
    this.request.signal?.removeEventListener("abort", this);
    this.#pool.settled();
  }
}

function aborted(): DOMException {
  return new DOMException("aborted", "AbortError");
}

function closed(): Error {
  return transportError("UND_ERR_DESTROYED", "the client is closed");
}
