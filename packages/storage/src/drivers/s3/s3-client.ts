/**
 * One request to a bucket, done properly: addressed, signed, sent, corrected (the bucket's region, a
 * wrong clock, credentials that ran out), tried again where that is safe, and refused as a
 * `StorageError`. What may be repeated is the caller's business: everything here is sent so that
 * sending it twice leaves what sending it once leaves.
 *
 * Credentials go to the configured endpoint only. A redirect is never followed; when it tells the
 * bucket's region, the request is made anew, signed for that region, and on AWS sent to the host
 * that the region has there, whose name is made here and not taken from the answer.
 */
import type { Pacer } from "../../driver.ts";
import { StorageError, isStorageError, throwIfAborted } from "../../errors.ts";
import { DEFAULT_RETRY, Patience, type RetryPolicy, retryPolicy } from "../../lib/retry-policy.ts";
import type { Credentials } from "./credentials.ts";
import type { HttpBody, HttpStream } from "./answer-stream.ts";
import { HttpClient } from "./http-client.ts";
import type { HttpRequest } from "./http-connection.ts";
import type { S3Config } from "./s3-config.ts";
import {
  type ErrorContext,
  type ResponseHeaders,
  type S3Failure,
  readFailure,
  refusalOf,
  translateFailure,
  translateTransportError,
} from "./s3-errors.ts";
import { EMPTY_SHA256, Signer, encodeKey } from "./sigv4.ts";
import { type XmlElement, parseXml } from "./xml.ts";

export interface S3Request extends ErrorContext {
  readonly method: HttpRequest["method"];
  /** `undefined`: the bucket itself. */
  readonly key: string | undefined;
  /** As `encodeQuery` gives it. Default none. */
  readonly query?: string | undefined;
  /** Names and values in turn, names in lower case. */
  readonly headers?: readonly string[] | undefined;
  readonly body?: Uint8Array | undefined;
  /** Of the body. */
  readonly pace?: Pacer | undefined;
  /** Default: that of no body. */
  readonly payloadHash?: string | undefined;
  /** The answer is a document, which a store may begin before it knows the outcome: errors come with status 200 too. */
  readonly expectXml?: boolean | undefined;
  /** The store works for a long time before it answers (copies). */
  readonly slow?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Is told whether an attempt may have done the work although it failed. */
  readonly outcome?: Outcome | undefined;
}

export interface Outcome {
  uncertain: boolean;
}

export interface S3Response {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: Buffer;
}

/** Corrections of one attempt: region, clock, credentials, each once. */
const MAX_CORRECTIONS = 3;
/** A store that works for long gets this many idle timeouts. */
const SLOW_FACTOR = 10;
/** Clocks that differ less than this are not what a request was refused for. Milliseconds. */
const SKEW_LIMIT = 60_000;
const MAX_ERROR_BODY = 64 * 1024;

export class S3Client {
  readonly config: S3Config;
  /** Told of each attempt that the store refused for being one too many. */
  readonly throttled: Set<() => void> = new Set();
  readonly #policy: RetryPolicy;
  #signer: Signer;
  #connection: HttpClient;
  #host: string;
  readonly #retired: HttpClient[] = [];
  /** The store's clock less ours, milliseconds. */
  #skew = 0;
  #closed = false;
  /** Of the last credentials used: tells whether two clients act for the same account. */
  accessKeyId: string | undefined;

  constructor(config: S3Config, policy: Partial<RetryPolicy> = {}) {
    this.config = config;
    const { maxAttempts } = config;
    this.#policy = retryPolicy(policy, { ...DEFAULT_RETRY, maxAttempts });
    this.#signer = new Signer(config.region);
    const origin = originOf(config, config.endpoint);
    this.#connection = new HttpClient(origin, config);
    this.#host = new URL(origin).host;
  }

  /** @throws StorageError for anything but an answer of 2xx. */
  send(request: S3Request): Promise<S3Response> {
    return this.#retrying(request, this.#send);
  }

  /** `send`, where the answer is a document; gives its root. */
  async document(request: S3Request): Promise<XmlElement> {
    return (await this.documentWithHeaders(request)).root;
  }

  documentWithHeaders(
    request: S3Request,
  ): Promise<{ readonly root: XmlElement; readonly headers: ResponseHeaders }> {
    return this.#retrying(request, async () => {
      const response = await this.#corrected(request, this.#exchange);
      const root = response.status < 300 ? readDocument(request, response) : undefined;
      if (root === undefined || root.name === "Error") {
        throw this.#refused(request, failureOf(response));
      }
      return { root, headers: response.headers };
    });
  }

  /** `send` with a body that is read as it comes, and must be read or destroyed. */
  open(request: S3Request): Promise<HttpStream> {
    return this.#retrying(request, async () => {
      const response = await this.#corrected(request, async (http) => {
        const stream = await this.#connection.open(http);
        return stream.status < 300 ? stream : { ...stream, body: await collectError(stream.body) };
      });
      const { status, headers, body } = response;
      if (!Buffer.isBuffer(body)) return { status, headers, body };
      throw this.#refused(request, failureOf({ status, headers, body }));
    });
  }

  /** A signed URL for one object. */
  async presign(
    method: "GET" | "PUT",
    key: string,
    expiresIn: number,
    headers: readonly string[],
    query: readonly string[],
  ): Promise<string> {
    const credentials = await this.credentials();
    if (credentials === undefined) {
      throw new StorageError("unauthenticated", { message: "a URL cannot be signed anonymously" });
    }
    const path = this.#path(key);
    const signable = { method, path, query, headers: ["host", this.#host, ...headers], expiresIn };
    const signed = this.#signer.presign(signable, credentials, this.#now());
    return `${this.#connection.origin}${path}?${signed}`;
  }

  /** `undefined` for anonymous access. */
  async credentials(refresh = false): Promise<Credentials | undefined> {
    const credentials = await this.config.credentials?.(refresh ? { refresh } : undefined);
    this.accessKeyId = credentials?.accessKeyId;
    return credentials;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const connection of [this.#connection, ...this.#retired]) await connection.close();
  }

  /** As `withRetry`, without a closure for each request: of most, nothing has to be tried again. */
  async #retrying<T>(request: S3Request, attempt: (request: S3Request) => Promise<T>): Promise<T> {
    let patience: Patience | undefined;
    for (;;) {
      throwIfAborted(request.signal);
      try {
        return await attempt(request);
      } catch (error) {
        patience ??= new Patience(this.#policy, request.signal);
        await patience.wait(this.#explain(request, error));
      }
    }
  }

  #explain(request: S3Request, error: unknown): StorageError {
    throwIfAborted(request.signal, request.path);
    const failure = this.#closed ? closed(request) : translateTransportError(error, request);
    if (request.outcome && mayBeDone(failure)) request.outcome.uncertain = true;
    if (failure.code === "throttled") for (const tell of this.throttled) tell();
    return failure;
  }

  readonly #send = async (request: S3Request): Promise<S3Response> => {
    const response = await this.#corrected(request, this.#exchange);
    if (response.status >= 300) throw this.#refused(request, failureOf(response));
    return response;
  };

  readonly #exchange = (http: HttpRequest): Promise<S3Response> => this.#connection.exchange(http);

  /** Sends, and again after something that the answer told could be put right. */
  async #corrected<R extends { status: number; headers: ResponseHeaders; body: unknown }>(
    request: S3Request,
    send: (http: HttpRequest) => Promise<R>,
  ): Promise<R> {
    for (let corrections = 0; ; corrections++) {
      const credentials = await this.credentials();
      const response = await send(this.#prepare(request, credentials));
      const { status, headers, body } = response;
      if (status < 300 || status === 404 || status === 412 || status >= 500) return response;
      if (corrections >= MAX_CORRECTIONS || !Buffer.isBuffer(body)) return response;
      const failure = failureOf({ status, headers, body });
      if (!(await this.#correct(request, failure, credentials))) return response;
    }
  }

  #prepare(request: S3Request, credentials: Credentials | undefined): HttpRequest {
    const { method, query = "", body, pace, payloadHash = EMPTY_SHA256, signal } = request;
    const path = this.#path(request.key);
    const headers = ["host", this.#host, "x-amz-content-sha256", payloadHash];
    if (request.headers !== undefined) headers.push(...request.headers);
    if (credentials !== undefined) {
      this.#signer.sign({ method, path, query, headers, payloadHash }, credentials, this.#now());
    }
    if (body !== undefined) headers.push("content-length", String(body.byteLength));
    return {
      method,
      path: query === "" ? path : `${path}?${query}`,
      headers,
      body,
      pace,
      signal,
      answerTimeout: request.slow ? this.config.idleTimeout * SLOW_FACTOR : undefined,
    };
  }

  /** Whether there is now a reason to believe that the same request will be accepted. */
  async #correct(
    request: S3Request,
    failure: S3Failure,
    used: Credentials | undefined,
  ): Promise<boolean> {
    const { region, code, status } = failure;
    if (region !== undefined && region !== this.#signer.region && isElsewhere(failure)) {
      this.#moveTo(region);
      return true;
    }
    if (code === "RequestTimeTooSkewed" || (status === 403 && request.method === "HEAD")) {
      const skew = failure.serverTime - Date.now();
      if (Math.abs(skew - this.#skew) > SKEW_LIMIT) {
        this.#skew = skew;
        return true;
      }
    }
    if (!/^(Expired|TokenRefresh|InvalidToken)/.test(code)) return false;
    const fresh = await this.credentials(true);
    return fresh?.accessKeyId !== used?.accessKeyId || fresh?.sessionToken !== used?.sessionToken;
  }

  #moveTo(region: string): void {
    const endpoint = regionalEndpoint(this.config.endpoint, region);
    this.#signer = new Signer(region);
    if (endpoint === undefined) return;
    const old = this.#connection;
    const origin = originOf(this.config, endpoint);
    this.#connection = new HttpClient(origin, this.config);
    this.#host = new URL(origin).host;
    // Others may still have requests on it; they will be refused like this one was.
    this.#retired.push(old);
  }

  #refused(request: S3Request, failure: S3Failure): StorageError {
    return translateFailure(failure, request, this.config.proxy !== undefined);
  }

  #path(key: string | undefined): string {
    const bucket = this.config.addressing === "path" ? `/${encodeKey(this.config.bucket)}` : "";
    if (key === undefined) return bucket === "" ? "/" : bucket;
    return `${bucket}/${encodeKey(key)}`;
  }

  #now(): number {
    return Date.now() + this.#skew;
  }
}

function originOf({ addressing, bucket }: S3Config, endpoint: string): string {
  const { protocol, host } = new URL(endpoint);
  return addressing === "path" ? `${protocol}//${host}` : `${protocol}//${bucket}.${host}`;
}

/** The endpoint of another region of AWS; `undefined` where endpoints have no region in their name. */
function regionalEndpoint(endpoint: string, region: string): string | undefined {
  const { protocol, hostname } = new URL(endpoint);
  const match =
    /^s3(?<kind>-fips)?(?:\.(?<dual>dualstack))?(?:[.-][a-z0-9-]+)?\.(?<top>amazonaws\.com(?:\.cn)?)$/.exec(
      hostname,
    );
  if (match?.groups === undefined || !/^[a-z0-9-]+$/.test(region)) return undefined;
  const { kind = "", dual, top } = match.groups;
  return `${protocol}//s3${kind}.${dual === undefined ? "" : `${dual}.`}${region}.${top}`;
}

function isElsewhere({ status, code }: S3Failure): boolean {
  if (status >= 300 && status < 400) return true;
  if (status !== 400) return false;
  return (
    code === "" ||
    code === "AuthorizationHeaderMalformed" ||
    code === "IllegalLocationConstraintException"
  );
}

function readDocument(request: S3Request, { body }: S3Response): XmlElement {
  try {
    return parseXml(body.toString("utf8"));
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    // An answer that was cut off says nothing about what was done.
    const { operation, path } = request;
    const { message } = error;
    throw new StorageError("unavailable", { message, operation, path, retry: "now", cause: error });
  }
}

function failureOf({ status, headers, body }: S3Response): S3Failure {
  return readFailure(status, headers, body.toString("utf8"));
}

/** Whether the failure may have come after the work was done: anything but a clear no. */
function mayBeDone(error: StorageError): boolean {
  const unclear = isStorageError(error, "unavailable", "throttled", "timeout", "internal");
  return unclear || refusalOf(error) === undefined;
}

function closed({ path, operation }: S3Request): StorageError {
  return new StorageError("closed", { path, operation });
}

async function collectError(body: HttpBody): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(Buffer.from(chunk));
    size += chunk.byteLength;
    if (size > MAX_ERROR_BODY) break;
  }
  return Buffer.concat(chunks);
}
