/**
 * What the signature of a request must be, after AWS Signature Version 4 (S3's dialect: the path is
 * encoded once and not normalised). Made anew from the decoded request, so a client that signs
 * something other than what it sends, or encodes it otherwise, does not match.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { encodeForSignature } from "./percent.ts";
import type { S3Request } from "./request.ts";

interface Scope {
  /** `yyyymmdd`. */
  readonly date: string;
  readonly region: string;
}

export interface Signed {
  readonly scope: Scope;
  /** `yyyymmddThhmmssZ`. */
  readonly timestamp: string;
  readonly signedHeaders: readonly string[];
  /** Last line of the canonical request. */
  readonly payloadHash: string;
}

/** Every header of these is a part of what a client asks for, so it must be signed. */
export function mustBeSigned(name: string): boolean {
  return name === "host" || name.startsWith("x-amz-");
}

export function signatureMatches(
  request: S3Request,
  signed: Signed,
  secret: string,
  given: string,
): boolean {
  const expected = Buffer.from(sign(secret, signed.scope, stringToSign(request, signed)));
  const actual = Buffer.from(given);
  return expected.byteLength === actual.byteLength && timingSafeEqual(expected, actual);
}

export function stringToSign(request: S3Request, signed: Signed): string {
  const { date, region } = signed.scope;
  return [
    "AWS4-HMAC-SHA256",
    signed.timestamp,
    `${date}/${region}/s3/aws4_request`,
    // Node gives header values as Latin-1: one character per byte that was sent.
    createHash("sha256").update(canonicalRequest(request, signed), "latin1").digest("hex"),
  ].join("\n");
}

export function canonicalRequest(request: S3Request, signed: Signed): string {
  const headers = signed.signedHeaders.map((name) => {
    const value = request.headers.get(name) ?? "";
    return `${name}:${value.trim().replace(/ +/g, " ")}\n`;
  });
  return [
    request.method,
    request.path.split("/").map(encodeForSignature).join("/"),
    canonicalQuery(request),
    headers.join(""),
    signed.signedHeaders.join(";"),
    signed.payloadHash,
  ].join("\n");
}

function canonicalQuery(request: S3Request): string {
  return request.parameters
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => [encodeForSignature(name), encodeForSignature(value)] as const)
    .sort(([a, x], [b, y]) => order(a, b) || order(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function sign(secret: string, { date, region }: Scope, text: string): string {
  const hmac = (key: string | Buffer, data: string) =>
    createHmac("sha256", key).update(data).digest();
  const key = ["s3", "aws4_request"].reduce(hmac, hmac(hmac(`AWS4${secret}`, date), region));
  return hmac(key, text).toString("hex");
}
