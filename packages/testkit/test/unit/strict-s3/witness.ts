/**
 * What the tests of the strict S3 server drive it with: AWS's own client as the outside witness that
 * honest requests pass, and raw requests with a signature of their own, to be broken by hand.
 */
import { createHash, createHmac } from "node:crypto";
import { request as httpRequest } from "node:http";
import { S3Client, S3ServiceException } from "@aws-sdk/client-s3";
import type { S3ClientConfig } from "@aws-sdk/client-s3";
import { startStrictS3 } from "../../../src/index.ts";
import type { StrictS3, StrictS3Options } from "../../../src/index.ts";

export const bucket = "bucket";

export interface Witness extends AsyncDisposable {
  readonly server: StrictS3;
  readonly client: S3Client;
  /** Sends a signed request. */
  send(request: RawRequest): Promise<RawResponse>;
  /** The signed headers that `send` would send. */
  sign(request: RawRequest): Record<string, string>;
}

export interface RawRequest {
  readonly method?: string;
  /** Already encoded, with query: `/bucket/key?x=y`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Changes the signed headers before they are sent. */
  readonly tamper?: (headers: Record<string, string>) => Record<string, string>;
  readonly sign?: Partial<Signing> | false;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** `<Code>` of an error document, else "". */
  readonly code: string;
}

interface Signing {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly date: Date;
  readonly token: string;
  /** Headers left out of the signature. */
  readonly unsigned: readonly string[];
}

export async function startWitness(
  options: StrictS3Options = {},
  config: S3ClientConfig = {},
): Promise<Witness> {
  const server = await startStrictS3({ buckets: { [bucket]: {} }, ...options });
  const client = createClient(server, config);
  return {
    server,
    client,
    send: (request) => send(server, request),
    sign: (request) => signedHeaders(server, request),
    async [Symbol.asyncDispose]() {
      client.destroy();
      await server.close();
    },
  };
}

export function createClient(server: StrictS3, config: S3ClientConfig = {}): S3Client {
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  return new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    maxAttempts: 1,
    ...config,
  });
}

/** The code of the error that the promise of an SDK call ends with. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof S3ServiceException) return error.name;
    throw error;
  }
  return "no error";
}

function send(server: StrictS3, request: RawRequest): Promise<RawResponse> {
  const signed = signedHeaders(server, request);
  const headers = request.tamper?.(signed) ?? signed;
  return exchange(server.port, { ...request, headers }, Buffer.from(request.body ?? ""));
}

function signedHeaders(server: StrictS3, request: RawRequest): Record<string, string> {
  const body = Buffer.from(request.body ?? "");
  const host = `127.0.0.1:${server.port}`;
  const headers = { host, "content-length": String(body.byteLength), ...request.headers };
  return request.sign === false ? headers : signHeaders(server, { ...request, headers }, body);
}

/** One request over a connection of its own. */
export function exchange(
  port: number,
  { method = "GET", path, headers = {} }: RawRequest,
  body: Uint8Array,
): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { host: "127.0.0.1", port, method, path, headers, agent: false },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const bytes = Buffer.concat(chunks);
          const code = /<Code>(.*?)<\/Code>/.exec(bytes.toString())?.[1] ?? "";
          const { statusCode: status = 0, headers: answered } = incoming;
          resolve({ status, headers: answered, body: bytes, code });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/**
 * Signature Version 4 in its shortest form: the path must be encoded as S3 wants it and the query be in
 * order. It is no copy of the server's: that decodes and encodes anew, this signs what it sends.
 */
function signHeaders(
  server: StrictS3,
  { method = "GET", path, headers = {}, sign }: RawRequest,
  body: Uint8Array,
): Record<string, string> {
  const signing = {
    ...server,
    date: new Date(),
    token: "",
    unsigned: [] as string[],
    ...(sign === false ? {} : sign),
  };
  const all: Record<string, string> = {
    "x-amz-date": timestampOf(signing.date),
    "x-amz-content-sha256": createHash("sha256").update(body).digest("hex"),
    ...(signing.token === "" ? {} : { "x-amz-security-token": signing.token }),
    ...headers,
  };
  const names = Object.keys(all)
    .filter((name) => name === "host" || name.startsWith("x-amz-"))
    .filter((name) => !signing.unsigned.includes(name))
    .sort();
  const [pathname = "", query = ""] = path.split("?");
  const pairs = query
    .split("&")
    .map((pair) => (pair === "" || pair.includes("=") ? pair : `${pair}=`));
  const signature = signatureOf(signing, [
    method,
    pathname,
    pairs.join("&"),
    ...names.map((name) => `${name}:${all[name]}`),
    "",
    names.join(";"),
    all["x-amz-content-sha256"] ?? "",
  ]);
  const credential = `${signing.accessKeyId}/${scopeOf(signing)}`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=${names.join(";")},Signature=${signature}`;
  return { ...all, authorization };
}

/** A presigned path for `GET /bucket/key` and its kin, with only `host` signed. */
export function presign(
  server: StrictS3,
  { method, path, expires = 60, date = new Date() }: PresignRequest,
): string {
  const signing = { ...server, date };
  const query = String(
    new URLSearchParams([
      ["X-Amz-Algorithm", "AWS4-HMAC-SHA256"],
      ["X-Amz-Credential", `${server.accessKeyId}/${scopeOf(signing)}`],
      ["X-Amz-Date", timestampOf(date)],
      ["X-Amz-Expires", String(expires)],
      ["X-Amz-SignedHeaders", "host"],
    ]),
  );
  const host = `host:127.0.0.1:${server.port}`;
  const lines = [method, path, query, host, "", "host", "UNSIGNED-PAYLOAD"];
  return `${path}?${query}&X-Amz-Signature=${signatureOf(signing, lines)}`;
}

interface PresignRequest {
  readonly method: string;
  readonly path: string;
  readonly expires?: number;
  readonly date?: Date;
}

type Key = Pick<Signing, "secretAccessKey" | "region" | "date">;

function signatureOf(key: Key, canonicalLines: readonly string[]): string {
  const hash = createHash("sha256").update(canonicalLines.join("\n"), "latin1").digest("hex");
  const scope = scopeOf(key);
  let secret: Buffer | string = `AWS4${key.secretAccessKey}`;
  for (const part of scope.split("/")) {
    secret = createHmac("sha256", secret).update(part).digest();
  }
  return createHmac("sha256", secret)
    .update(`AWS4-HMAC-SHA256\n${timestampOf(key.date)}\n${scope}\n${hash}`)
    .digest("hex");
}

function scopeOf({ date, region }: Pick<Signing, "date" | "region">): string {
  return `${timestampOf(date).slice(0, 8)}/${region}/s3/aws4_request`;
}

function timestampOf(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d+/g, "");
}
