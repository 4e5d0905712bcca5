/**
 * The way to one host. What is short goes by connections of our own (`http-pool.ts`): they take a third of what undici
 * takes for a small PUT, and nothing has to be loaded for them. undici is loaded by the first request for which
 * the bytes count more: a body that is read as it comes, one that is large or paced, or a proxy.
 */
import { Slots } from "../../lib/slots.ts";
import type { HttpStream } from "./answer-stream.ts";
import type {
  ConnectionOptions,
  HttpAnswer,
  HttpConnection,
  HttpRequest,
} from "./http-connection.ts";
import { HttpPool } from "./http-pool.ts";

/** A longer body is sent in slices, each of which shows that the connection is alive. */
const SHORT_BODY = 256 * 1024;

export class HttpClient {
  readonly origin: string;
  readonly #options: ConnectionOptions;
  /** Requests at once, whichever way they go; first come, first served. */
  readonly #slots: Slots;
  #pool: HttpPool | undefined;
  #connection: HttpConnection | undefined;
  #opening: Promise<HttpConnection> | undefined;
  #closed = false;

  constructor(origin: string, options: ConnectionOptions) {
    this.origin = origin;
    this.#options = options;
    this.#slots = new Slots(options.connections);
  }

  /** The whole answer. Rejects with what the client or the system says; with the signal's reason if it fires. */
  async exchange(request: HttpRequest): Promise<HttpAnswer> {
    const free = await this.#slots.take(request.signal);
    try {
      if (!this.#isShort(request)) return await (await this.#connect()).exchange(request);
      this.#pool ??= this.#makePool();
      return await this.#pool.exchange(request);
    } finally {
      free();
    }
  }

  /** An answer whose body is read as it comes. */
  async open(request: HttpRequest): Promise<HttpStream> {
    const connection = this.#connection ?? (await this.#connect());
    const free = await this.#slots.take(request.signal);
    return connection.open(request, free);
  }

  /** Ends what is under way too. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#pool?.close();
    const connection = await this.#opening;
    await connection?.close();
  }

  #isShort({ body, pace }: HttpRequest): boolean {
    const isShort = pace === undefined && (body === undefined || body.byteLength <= SHORT_BODY);
    return isShort && this.#options.proxy === undefined;
  }

  #makePool(): HttpPool {
    const pool = new HttpPool(this.origin, this.#options);
    if (this.#closed) pool.close();
    return pool;
  }

  #connect(): Promise<HttpConnection> {
    this.#opening ??= this.#load();
    return this.#opening;
  }

  async #load(): Promise<HttpConnection> {
    const { HttpConnection: Loaded } = await import("./http-connection.ts");
    const connection = new Loaded(this.origin, this.#options);
    if (this.#closed) await connection.close();
    this.#connection = connection;
    return connection;
  }
}
