/**
 * The connections to one host, on undici. Short answers are collected by a handler of our own: the
 * stream object that undici makes for every answer costs more than all of the rest of a small PUT.
 */
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { getCACertificates } from "node:tls";
import { type Dispatcher, Pool, ProxyAgent } from "undici";
import type { ResponseHeaders } from "./s3-errors.ts";

export interface ConnectionOptions {
  readonly connections: number;
  /** Milliseconds. */
  readonly idleTimeout: number;
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
  readonly signal: AbortSignal | undefined;
  /** Milliseconds until the answer must begin. Default: the idle timeout. */
  readonly answerTimeout: number | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: Buffer;
}

export interface HttpStream {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: Readable;
}

/** A larger body goes out in slices, so that the idle timeout starts anew with each. */
const SLICE = 256 * 1024;
/** Answers that are collected: pages of listings, results, errors. */
const MAX_ANSWER = 64 * 1024 * 1024;

export class HttpConnection {
  readonly origin: string;
  readonly #dispatcher: Dispatcher;

  constructor(origin: string, options: ConnectionOptions) {
    this.origin = origin;
    this.#dispatcher = makeDispatcher(origin, options);
  }

  /** The whole answer. Rejects with what undici or the system says; with the signal's reason if it fires. */
  exchange(request: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const collector = new AnswerCollector(resolve, reject, request.signal);
      try {
        this.#dispatcher.dispatch(this.#options(request), collector);
      } catch (error) {
        collector.onResponseError(undefined, error as Error);
      }
    });
  }

  /** An answer whose body is read as it comes. */
  async open(request: HttpRequest): Promise<HttpStream> {
    const options = { ...this.#options(request), signal: request.signal ?? null };
    const { statusCode, headers, body } = await this.#dispatcher.request(options);
    return { status: statusCode, headers, body };
  }

  /** Ends what is under way too. */
  close(): Promise<void> {
    return this.#dispatcher.destroy();
  }

  #options(request: HttpRequest): Dispatcher.DispatchOptions {
    const { method, path, headers, body, answerTimeout } = request;
    return {
      origin: this.origin,
      method,
      path,
      headers,
      body: body === undefined ? null : sliced(body),
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

class TooLongAnswer extends Error {
  readonly code = "UND_ERR_RES_EXCEEDED_MAX_SIZE";
}

function makeDispatcher(origin: string, options: ConnectionOptions): Dispatcher {
  const { caBundle, proxy, idleTimeout, connections } = options;
  // Certificates are always checked: there is no setting that would switch it off.
  const tls =
    caBundle === undefined
      ? {}
      : { ca: [...getCACertificates("default"), readFileSync(caBundle, "utf8")] };
  const pool = {
    connections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: idleTimeout,
    bodyTimeout: idleTimeout,
    keepAliveTimeout: 15_000,
  };
  if (proxy === undefined) return new Pool(origin, { ...pool, connect: tls });
  return new ProxyAgent({ ...pool, uri: proxy, requestTls: tls, proxyTls: tls });
}

function sliced(body: Uint8Array): Uint8Array | Readable {
  if (body.byteLength <= 4 * SLICE) return body;
  const slices: Uint8Array[] = [];
  for (let at = 0; at < body.byteLength; at += SLICE) slices.push(body.subarray(at, at + SLICE));
  // undici takes any iterable; its types name only some.
  return slices as unknown as Readable;
}
