/**
 * The way to one host. A few requests that come one after the other are made by Node's own client: undici
 * takes 15 ms to load and to compile its parser, a third of what a short command takes. The first
 * request that is not alone, or the fifth, brings undici, which needs half the time for each.
 */
import type { Agent } from "node:http";
import type { HttpStream } from "./answer-stream.ts";
import type {
  ConnectionOptions,
  HttpAnswer,
  HttpConnection,
  HttpRequest,
} from "./http-connection.ts";
import { exchangeAlone, makeAgent } from "./http-single.ts";

/** Requests before undici is worth its start. */
const FEW = 4;
/** A longer body is sent in slices, each of which shows that the connection is alive. */
const SHORT_BODY = 256 * 1024;

export class HttpClient {
  readonly origin: string;
  readonly #options: ConnectionOptions;
  #agent: Agent | undefined;
  #alone = 0;
  #busy = false;
  #connection: HttpConnection | undefined;
  #opening: Promise<HttpConnection> | undefined;
  #closed = false;

  constructor(origin: string, options: ConnectionOptions) {
    this.origin = origin;
    this.#options = options;
  }

  /** The whole answer. Rejects with what the client or the system says; with the signal's reason if it fires. */
  exchange(request: HttpRequest): Promise<HttpAnswer> {
    if (this.#connection !== undefined) return this.#connection.exchange(request);
    return this.#suits(request) ? this.#exchangeAlone(request) : this.#exchangeByMany(request);
  }

  /** An answer whose body is read as it comes. */
  async open(request: HttpRequest): Promise<HttpStream> {
    const connection = this.#connection ?? (await this.#connect());
    return connection.open(request);
  }

  /** Ends what is under way too. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#agent?.destroy();
    const connection = await this.#opening;
    await connection?.close();
  }

  #suits({ body, pace }: HttpRequest): boolean {
    if (pace !== undefined) return false;
    if (this.#opening !== undefined || this.#busy || this.#closed || this.#alone >= FEW)
      return false;
    return this.#options.proxy === undefined && (body?.byteLength ?? 0) <= SHORT_BODY;
  }

  async #exchangeAlone(request: HttpRequest): Promise<HttpAnswer> {
    this.#alone++;
    this.#busy = true;
    try {
      this.#agent ??= makeAgent(this.origin, this.#options);
      return await exchangeAlone(this.origin, this.#agent, request, this.#options);
    } finally {
      this.#busy = false;
    }
  }

  async #exchangeByMany(request: HttpRequest): Promise<HttpAnswer> {
    return (await this.#connect()).exchange(request);
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
