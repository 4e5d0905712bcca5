/**
 * The one place where what a store of the S3 protocol says, or what happened on the way to it, becomes
 * a `StorageError`. Decided by the error's code, and by the HTTP status where there is none.
 */
import { type ErrorCode, type RetryClass, StorageError, printable } from "../../errors.ts";
import { type XmlElement, childText, parseXml } from "./xml.ts";

export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** A refusal, as the store put it. */
export interface S3Failure {
  readonly status: number;
  /** The store's own code, such as `NoSuchKey`; "" where the answer has no body (HEAD). */
  readonly code: string;
  readonly message: string;
  /** The bucket's region, where the answer tells it. */
  readonly region: string | undefined;
  /** The store's clock, milliseconds since 1970; NaN if it did not tell. */
  readonly serverTime: number;
  readonly headers: ResponseHeaders;
}

export interface ErrorContext {
  readonly operation: string;
  readonly path: string | undefined;
}

type Meaning = readonly [code: ErrorCode, retry?: RetryClass];

const MEANINGS: Readonly<Record<string, Meaning>> = {
  NoSuchKey: ["not-found"],
  NoSuchBucket: ["not-found"],
  NoSuchUpload: ["not-found"],
  NoSuchVersion: ["not-found"],
  NotFound: ["not-found"],
  AccessDenied: ["permission-denied"],
  AllAccessDisabled: ["permission-denied"],
  AccountProblem: ["permission-denied"],
  ObjectLocked: ["permission-denied"],
  InvalidAccessKeyId: ["unauthenticated"],
  SignatureDoesNotMatch: ["unauthenticated"],
  ExpiredToken: ["unauthenticated"],
  ExpiredTokenException: ["unauthenticated"],
  TokenRefreshRequired: ["unauthenticated"],
  InvalidToken: ["unauthenticated"],
  InvalidSecurity: ["unauthenticated"],
  NotSignedUp: ["unauthenticated"],
  RequestTimeTooSkewed: ["unauthenticated"],
  PreconditionFailed: ["precondition-failed"],
  // Another conditional write was in progress; who wins shows when it is tried again.
  ConditionalRequestConflict: ["precondition-failed", "now"],
  OperationAborted: ["unavailable", "later"],
  SlowDown: ["throttled"],
  SlowDownRead: ["throttled"],
  SlowDownWrite: ["throttled"],
  Throttling: ["throttled"],
  ThrottlingException: ["throttled"],
  TooManyRequests: ["throttled"],
  RequestLimitExceeded: ["throttled"],
  BandwidthLimitExceeded: ["throttled"],
  ServiceUnavailable: ["throttled"],
  InternalError: ["unavailable"],
  RequestTimeout: ["timeout", "now"],
  IncompleteBody: ["corrupt"],
  BadDigest: ["corrupt"],
  InvalidDigest: ["corrupt"],
  XAmzContentSHA256Mismatch: ["corrupt"],
  XAmzContentChecksumMismatch: ["corrupt"],
  ContentSHA256Mismatch: ["corrupt"],
  ChecksumMismatch: ["corrupt"],
  InvalidRange: ["invalid-argument"],
  EntityTooSmall: ["invalid-argument"],
  EntityTooLarge: ["too-large"],
  InvalidPart: ["invalid-argument"],
  InvalidPartOrder: ["invalid-argument"],
  InvalidPartNumber: ["invalid-argument"],
  MetadataTooLarge: ["invalid-argument"],
  InvalidBucketName: ["invalid-argument"],
  InvalidStorageClass: ["invalid-argument"],
  KeyTooLong: ["name-too-long"],
  KeyTooLongError: ["name-too-long"],
  NotImplemented: ["unsupported"],
  MethodNotAllowed: ["unsupported"],
  InvalidObjectState: ["unsupported"],
  QuotaExceeded: ["no-space"],
  InsufficientStorage: ["no-space"],
  StorageFull: ["no-space"],
  XMinioStorageFull: ["no-space"],
  XMinioAdminBucketQuotaExceeded: ["no-space"],
  BucketAlreadyExists: ["already-exists"],
  BucketAlreadyOwnedByYou: ["already-exists"],
  BucketNotEmpty: ["directory-not-empty"],
};

const STATUS_MEANINGS: Readonly<Record<number, Meaning>> = {
  // A bucket that was just made, whose name does not lead to its region yet.
  307: ["unavailable"],
  401: ["unauthenticated"],
  403: ["permission-denied"],
  404: ["not-found"],
  405: ["unsupported"],
  408: ["timeout"],
  409: ["unavailable"],
  412: ["precondition-failed"],
  413: ["too-large"],
  429: ["throttled"],
  501: ["unsupported"],
  503: ["throttled"],
  507: ["no-space"],
};

/** Reads the refusal out of an answer. */
export function readFailure(status: number, headers: ResponseHeaders, body: string): S3Failure {
  const error = parseErrorBody(body);
  const read = (name: string): string | undefined => error && childText(error, name);
  return {
    status,
    code: plainWord(read("Code")) ?? "",
    message: (read("Message") ?? "").slice(0, 300),
    region: plainWord(text(headers, "x-amz-bucket-region")) ?? plainWord(read("Region")),
    serverTime: Date.parse(read("ServerTime") ?? text(headers, "date") ?? ""),
    headers,
  };
}

/** A code or a region as it may stand in a message and in a signature, whoever sent it. */
function plainWord(word: string | undefined): string | undefined {
  return word !== undefined && /^[\w.-]{1,100}$/.test(word) ? word : undefined;
}

/** The cause of an error that is the store's own answer. */
export class S3Refusal extends Error {
  override readonly name = "S3Refusal";
  readonly status: number;
  /** The store's code; "" where it gave none. */
  readonly code: string;

  constructor({ status, code }: S3Failure) {
    super(`${code} (HTTP ${status})`);
    this.status = status;
    this.code = code;
  }
}

/** What the store answered, if an error comes from an answer. */
export function refusalOf(error: unknown): S3Refusal | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof S3Refusal) return at;
  return undefined;
}

/** @param proxied Whether the answer may be that of a proxy. */
export function translateFailure(
  failure: S3Failure,
  context: ErrorContext,
  proxied = false,
): StorageError {
  const { operation, path } = context;
  const [code, retry] = isUnmatched(failure, context)
    ? ["precondition-failed" as const]
    : meaningOf(failure);
  return new StorageError(code, {
    operation,
    path,
    message: describe(
      failure,
      proxied && failure.code === "" ? "the store, or the proxy," : "the store",
    ),
    retry,
    retryAfter: retryAfter(failure.headers),
    cause: new S3Refusal(failure),
  });
}

/** A write misses its own key only where `If-Match` says that it should be there. */
function isUnmatched({ code }: S3Failure, { operation }: ErrorContext): boolean {
  return code === "NoSuchKey" && (operation === "write" || operation === "complete");
}

/** What went wrong before there was an answer, or while it came. */
export function translateTransportError(error: unknown, context: ErrorContext): StorageError {
  if (error instanceof StorageError) return error;
  const { operation, path } = context;
  const { name, code = "", message } = asNodeError(error);
  const make = (as: ErrorCode, text: string, retry?: RetryClass): StorageError =>
    new StorageError(as, { operation, path, message: text, retry, cause: error });
  if (name === "AbortError") return make("aborted", "was aborted");
  if (code in TRANSPORT) {
    const [as, text, retry] = TRANSPORT[code]!;
    return make(as, text, retry);
  }
  if (code in PROXY) {
    const [as, advice, retry] = PROXY[code]!;
    return make(as, `${message}: ${advice}`, retry);
  }
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/.test(code)) {
    return make("unavailable", untrusted(code, message), "never");
  }
  if (/^(UND_ERR|HPE_|E[A-Z]+$)/.test(code)) return make("unavailable", message, "now");
  return make("internal", message);
}

/** See `proxy-failure.ts`; the text is what to do about its message. */
const PROXY: Readonly<Record<string, readonly [ErrorCode, string, RetryClass?]>> = {
  PROXY_LOGIN: [
    "unauthenticated",
    "it wants a login, or another one: write HTTPS_PROXY (or HTTP_PROXY) as http://user:password@host:port",
  ],
  PROXY_REFUSED: [
    "unavailable",
    "it does not connect to the endpoint: allow that there, or list the endpoint's host in NO_PROXY",
    "never",
  ],
  PROXY_FAILED: ["unavailable", "it does not reach the endpoint"],
  PROXY_UNREACHABLE: ["unavailable", "look at HTTPS_PROXY, HTTP_PROXY and ALL_PROXY"],
};

/** Node's own advice is for who wrote the program. */
function untrusted(code: string, message: string): string {
  const text = `the server's certificate is not trusted: ${message.split("; if the root CA")[0]}`;
  const unknown = /SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|CERT_UNTRUSTED/.test(code);
  return unknown
    ? `${text}: if its authority is to be trusted, give its PEM file by --s3-ca-bundle or AWS_CA_BUNDLE`
    : text;
}

const TRANSPORT: Readonly<Record<string, readonly [ErrorCode, string, RetryClass?]>> = {
  UND_ERR_ABORTED: ["aborted", "was aborted"],
  UND_ERR_CLOSED: ["closed", "the driver is closed"],
  UND_ERR_DESTROYED: ["closed", "the driver is closed"],
  UND_ERR_CONNECT_TIMEOUT: ["unavailable", "the server does not accept connections"],
  UND_ERR_HEADERS_TIMEOUT: ["timeout", "no answer in time"],
  UND_ERR_BODY_TIMEOUT: ["timeout", "the answer stopped coming"],
  UND_ERR_INVALID_ARG: ["invalid-argument", "a header holds a character that no header can hold"],
  ERR_INVALID_CHAR: ["invalid-argument", "a header holds a character that no header can hold"],
  UND_ERR_RES_EXCEEDED_MAX_SIZE: ["corrupt", "the answer is larger than such an answer can be"],
  ECONNREFUSED: ["unavailable", "the server does not accept connections"],
  ENOTFOUND: ["unavailable", "the host name of the endpoint is not known"],
  EAI_AGAIN: ["unavailable", "the host name of the endpoint cannot be looked up now"],
};

/** A header that is there once. */
export function text(headers: ResponseHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}

function meaningOf({ code, status }: S3Failure): Meaning {
  return Object.hasOwn(MEANINGS, code) ? MEANINGS[code]! : byStatus(status);
}

function byStatus(status: number): Meaning {
  const known = STATUS_MEANINGS[status];
  if (known !== undefined) return known;
  if (status >= 500 || status === 200) return ["unavailable"];
  return ["invalid-argument"];
}

function describe(failure: S3Failure, who: string): string {
  const { status, code, message, region } = failure;
  if (status >= 300 && status < 400 && code === "") {
    return `${who} redirects elsewhere (HTTP ${status}), which is not followed`;
  }
  const said = code === "" ? `HTTP ${status}` : `${code} (HTTP ${status})`;
  const where = status === 301 && region !== undefined ? `; the bucket is in region ${region}` : "";
  return `${who} answered ${said}${message === "" ? "" : `: ${printable(message)}`}${where}`;
}

/** `undefined` for a body that is no error document: an empty one, or a proxy's HTML. */
function parseErrorBody(body: string): XmlElement | undefined {
  if (!body.includes("<Error")) return undefined;
  try {
    return parseXml(body);
  } catch (error) {
    if (error instanceof StorageError && error.code === "corrupt") return undefined;
    throw error;
  }
}

/** Seconds, or a date. */
function retryAfter(headers: ResponseHeaders): number | undefined {
  const value = text(headers, "retry-after");
  if (value === undefined) return undefined;
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}

function asNodeError(error: unknown): { name: string; code?: string; message: string } {
  if (!(error instanceof Error)) return { name: "", message: String(error) };
  const { code } = error as NodeJS.ErrnoException;
  // All addresses of a host failed: the first says as much as any.
  if (error instanceof AggregateError && error.errors.length > 0)
    return asNodeError(error.errors[0]);
  // A wrapper of undici's; what it is about is inside.
  if (code === "UND_ERR_PRX_TLS" && error.cause !== undefined) return asNodeError(error.cause);
  return { name: error.name, message: error.message, ...(code === undefined ? {} : { code }) };
}
