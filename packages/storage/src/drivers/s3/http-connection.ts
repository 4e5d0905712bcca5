/**
 * The connections to one host, on undici. Short answers are collected by a handler of our own: the
 * stream object that undici makes for every answer costs more than all of the rest of a small PUT.
 */
import type { Readable } from "node:stream";
import { type Dispatcher, Pool, ProxyAgent } from "undici";
import { AnswerStream, type HttpStream } from "./answer-stream.ts";
import { KEEP_ALIVE, MAX_ANSWER, TooLongAnswer, certificates } from "./http-limits.ts";
import type { Pacer } from "../../driver.ts";
import { proxyFailure } from "./proxy-failure.ts";
import { ReadBuffers } from "./read-buffers.ts";
import type { ResponseHeaders } from "./s3-errors.ts";

export interface ConnectionOptions {
  readonly connections: number;
  /** Milliseconds. */
  readonly idleTimeout: number;
  /** Milliseconds. */
  readonly connectTimeout: number;
  /** PEM file of certificate authorities that count besides the usual ones. */
  readonly caBundle: string | undefined;
  readonly proxy: string | undefined;
}

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** With its query. */
  readonly path: string;
  readonly headers: string[];
  readonly body: Uint8Array | undefined;
  readonly pace?: Pacer | undefined;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds until the answer must begin. Default: the idle timeout. */
  readonly answerTimeout: number | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: Buffer;
}

/** A larger body goes out in slices, so that the idle timeout starts anew with each. */
const SLICE = 256 * 1024;

export class HttpConnection {
  readonly origin: string;
  readonly #proxied: boolean;
  readonly #buffers = new ReadBuffers();
  readonly #dispatcher: Dispatcher;

  constructor(origin: string, options: ConnectionOptions) {
    this.origin = origin;
    this.#proxied = options.proxy !== undefined;
    this.#dispatcher = makeDispatcher(origin, options, this.#buffers);
  }

  /** The whole answer. Rejects with what undici or the system says; with the signal's reason if it fires. */
  exchange(request: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, fail) => {
      const reject = (error: unknown): void => fail(this.#explain(error));
      const collector = new AnswerCollector(resolve, reject, request.signal);
      try {
        this.#dispatcher.dispatch(this.#options(request), collector);
      } catch (error) {
        collector.onResponseError(undefined, error as Error);
      }
    });
  }

  /** An answer whose body is read as it comes. `onEnd` is told once that the connection is not needed any more. */
  open(request: HttpRequest, onEnd?: () => void): Promise<HttpStream> {
    return new Promise((resolve, fail) => {
      const reject = (error: unknown): void => fail(this.#explain(error));
      const { signal } = request;
      const stream = new AnswerStream({ signal, buffers: this.#buffers, resolve, reject, onEnd });
      try {
        this.#dispatcher.dispatch(this.#options(request), stream);
      } catch (error) {
        stream.onResponseError(undefined, error as Error);
      }
    });
  }

  /** Ends what is under way too. */
  close(): Promise<void> {
    return this.#dispatcher.destroy();
  }

  #explain(error: unknown): unknown {
    return this.#proxied ? (proxyFailure(error) ?? error) : error;
  }

  #options(request: HttpRequest): Dispatcher.DispatchOptions {
    const { method, path, headers, body, pace, signal, answerTimeout } = request;
    return {
      origin: this.origin,
      method,
      path,
      headers,
      body:
        body === undefined ? null : pace === undefined ? sliced(body) : paced(body, pace, signal),
      // undici closes the connection after a HEAD, for servers that send a body all the same.
      ...(method === "HEAD" ? { reset: false } : {}),
      ...(answerTimeout === undefined ? {} : { headersTimeout: answerTimeout }),
    };
  }
}

class AnswerCollector implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: ResponseHeaders = {};
  #chunks: Buffer[] | undefined;
  #size = 0;

  constructor(
    resolve: (answer: HttpAnswer) => void,
    reject: (error: unknown) => void,
    signal: AbortSignal | undefined,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#abort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#signal?.aborted) this.#abort();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: ResponseHeaders,
  ): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.byteLength;
    if (this.#size > MAX_ANSWER) controller.abort(new TooLongAnswer());
    else (this.#chunks ??= []).push(chunk);
  }

  onResponseEnd(): void {
    this.#signal?.removeEventListener("abort", this.#abort);
    const chunks = this.#chunks ?? [];
    const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, this.#size);
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#reject(error);
  }

  /** Rejects at once; what is still in the queue is dropped when its turn comes. */
  #abort = (): void => {
    const reason = new DOMException("aborted", "AbortError");
    this.#reject(reason);
    this.#controller?.abort(reason);
  };
}

function makeDispatcher(
  origin: string,
  options: ConnectionOptions,
  buffers: ReadBuffers,
): Dispatcher {
  const { caBundle, proxy, idleTimeout, connectTimeout, connections } = options;
  const tls = certificates(caBundle);
  const pool = {
    connections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: idleTimeout,
    bodyTimeout: idleTimeout,
    connectTimeout,
    keepAliveTimeout: KEEP_ALIVE,
  };
  if (proxy === undefined) {
    // TLS gives its bytes record by record, at most 16 KiB: large buffers would stay nearly empty.
    const connect = origin.startsWith("http:") ? { onread: buffers.onread } : tls;
    return new Pool(origin, { ...pool, connect });
  }
  // Without `factory`, requests that need no tunnel would go by a pool that knows of no timeout.
  const factory = (to: string | URL, given: object): Pool => new Pool(to, { ...pool, ...given });
  return new ProxyAgent({ ...pool, factory, uri: proxy, requestTls: tls, proxyTls: tls });
}

/** Waits before each slice, so that the connection carries no more than it may. */
function paced(body: Uint8Array, pace: Pacer, signal: AbortSignal | undefined): Readable {
  async function* slices(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < body.byteLength;) {
      const slice = body.subarray(at, at + Math.min(pace.pieceSize, SLICE));
      await pace.take(slice.byteLength, signal);
      yield slice;
      at += slice.byteLength;
    }
  }
  return slices() as unknown as Readable;
}

function sliced(body: Uint8Array): Uint8Array | Readable {
  if (body.byteLength <= 4 * SLICE) return body;
  const slices: Uint8Array[] = [];
  for (let at = 0; at < body.byteLength; at += SLICE) slices.push(body.subarray(at, at + SLICE));
  // undici takes any iterable; its types name only some.
  return slices as unknown as Readable;
}
