/**
 * AWS Signature Version 4, for headers and for URLs. Everything that is the same for a day (the key)
 * or for a second (the timestamp) is kept: a request costs one SHA-256, one HMAC, and the joining
 * of strings. Names of headers come in lower case; a value must be what goes over the wire.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
import type { Credentials } from "./credentials.ts";
import { HmacKey } from "./hmac.ts";
import { sha256 } from "./sha256.ts";

export const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";
export const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const ALGORITHM = "AWS4-HMAC-SHA256";

export interface SignableRequest {
  readonly method: string;
  /** As it is sent: `encodeKey` of the parts. */
  readonly path: string;
  /** As it is sent: the result of `encodeQuery`. */
  readonly query: string;
  /** Names and values in turn. All of them are signed. */
  readonly headers: string[];
  /** SHA-256 of the body in hex, or `UNSIGNED_PAYLOAD`. */
  readonly payloadHash: string;
}

export interface PresignRequest {
  readonly method: string;
  readonly path: string;
  /** More parameters, names and values in turn, not encoded. */
  readonly query: readonly string[];
  /** Must be sent as they are by whoever uses the URL. Includes `host`. */
  readonly headers: string[];
  /** Seconds. */
  readonly expiresIn: number;
}

/** Signs for one region and service. */
export class Signer {
  readonly region: string;
  readonly service: string;
  #day = "";
  #secret = "";
  #scope = "";
  #key: HmacKey | undefined;
  /** Of the headers that were signed last, and of most that will be. */
  readonly #names: string[] = [];
  #joinedNames = "";

  constructor(region: string, service = "s3") {
    this.region = region;
    this.service = service;
  }

  /** Sorts the request's headers and adds the date, the session token and the signature. `now`: milliseconds. */
  sign(request: SignableRequest, credentials: Credentials, now: number): void {
    const { headers } = request;
    const date = timestamp(now);
    headers.push("x-amz-date", date);
    if (credentials.sessionToken !== undefined) {
      headers.push("x-amz-security-token", credentials.sessionToken);
    }
    sortPairs(headers);
    const names = this.#join(headers);
    const signature = this.#signature(request, names, credentials, date);
    const who = `${credentials.accessKeyId}/${this.#scope}`;
    headers.push(
      "authorization",
      `${ALGORITHM} Credential=${who}, SignedHeaders=${names}, Signature=${signature}`,
    );
  }

  /** The query string of a signed URL, without "?". */
  presign(request: PresignRequest, credentials: Credentials, now: number): string {
    const date = timestamp(now);
    this.#prepare(credentials, date);
    sortPairs(request.headers);
    const names = this.#join(request.headers);
    const token = credentials.sessionToken;
    const query = encodeQuery([
      ...request.query,
      ...["X-Amz-Algorithm", ALGORITHM],
      ...["X-Amz-Credential", `${credentials.accessKeyId}/${this.#scope}`],
      ...["X-Amz-Date", date],
      ...["X-Amz-Expires", String(request.expiresIn)],
      ...(token === undefined ? [] : ["X-Amz-Security-Token", token]),
      ...["X-Amz-SignedHeaders", names],
    ]);
    const signable = { ...request, query, payloadHash: UNSIGNED_PAYLOAD };
    return `${query}&X-Amz-Signature=${this.#signature(signable, names, credentials, date)}`;
  }

  #signature(request: SignableRequest, names: string, by: Credentials, date: string): string {
    this.#prepare(by, date);
    const { method, path, query, headers, payloadHash } = request;
    const lines = [method, path, query];
    for (let i = 0; i < headers.length; i += 2) {
      lines.push(`${headers[i]}:${collapse(headers[i + 1] as string)}`);
    }
    lines.push("", names, payloadHash);
    const hashed = sha256(lines.join("\n"));
    return (this.#key as HmacKey).digest(`${ALGORITHM}\n${date}\n${this.#scope}\n${hashed}`);
  }

  /** The names of headers, as they are signed. */
  #join(headers: readonly string[]): string {
    const names = this.#names;
    let isSame = names.length * 2 === headers.length;
    for (let i = 0; isSame && i < names.length; i++) isSame = names[i] === headers[2 * i];
    if (isSame) return this.#joinedNames;
    names.length = 0;
    for (let i = 0; i < headers.length; i += 2) names.push(headers[i] as string);
    this.#joinedNames = names.join(";");
    return this.#joinedNames;
  }

  /** The key of the day, which costs four HMACs. */
  #prepare({ secretAccessKey }: Credentials, date: string): void {
    const day = date.slice(0, 8);
    if (day === this.#day && secretAccessKey === this.#secret) return;
    this.#day = day;
    this.#secret = secretAccessKey;
    this.#scope = `${day}/${this.region}/${this.service}/aws4_request`;
    const key = this.#scope
      .split("/")
      .reduce(
        (secret, text) => Buffer.from(new HmacKey(secret).digest(text), "hex"),
        Buffer.from(`AWS4${secretAccessKey}`),
      );
    this.#key = new HmacKey(key);
  }
}

/** A key or bucket as it stands in a path: everything but letters, digits and `-._~/` as %XX. */
export function encodeKey(key: string): string {
  if (/^[A-Za-z0-9\-._~/]*$/.test(key)) return key;
  return encodeText(key).replaceAll("%2F", "/");
}

/** Names and values in turn, not encoded, as a query string in the order that is signed. */
export function encodeQuery(parameters: readonly string[]): string {
  const pairs: string[] = [];
  for (let i = 0; i < parameters.length; i += 2) {
    pairs.push(encodeText(parameters[i] as string), encodeText(parameters[i + 1] as string));
  }
  sortPairs(pairs);
  let query = "";
  for (let i = 0; i < pairs.length; i += 2) {
    query += `${i === 0 ? "" : "&"}${pairs[i]}=${pairs[i + 1]}`;
  }
  return query;
}

function encodeText(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

let lastSecond = NaN;
let lastTimestamp = "";

/** `20130524T000000Z`. */
function timestamp(now: number): string {
  const second = Math.floor(now / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastTimestamp = new Date(second * 1000).toISOString().replace(/[-:]|\.\d{3}/g, "");
  }
  return lastTimestamp;
}

/** The value as the store will see it: no space at the ends, single ones inside. */
function collapse(value: string): string {
  return value.includes("  ") ? value.trim().replace(/ +/g, " ") : value.trim();
}

/** Sorts by name, then by value, in place. Insertion: a dozen pairs, mostly in order already. */
function sortPairs(pairs: string[]): void {
  for (let i = 2; i < pairs.length; i += 2) {
    const name = pairs[i] as string;
    const value = pairs[i + 1] as string;
    let at = i;
    while (at > 0 && isAfter(pairs, at - 2, name, value)) {
      pairs[at] = pairs[at - 2] as string;
      pairs[at + 1] = pairs[at - 1] as string;
      at -= 2;
    }
    pairs[at] = name;
    pairs[at + 1] = value;
  }
}

function isAfter(pairs: readonly string[], at: number, name: string, value: string): boolean {
  const other = pairs[at] as string;
  return other === name ? (pairs[at + 1] as string) > value : other > name;
}
