import { hash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Signer, encodeKey, encodeQuery } from "../../src/drivers/s3/sigv4.ts";
import {
  PRESIGNED_SIGNATURE,
  S3_EXAMPLES,
  SESSION_TOKEN,
  SUITE,
  type Vector,
} from "./s3-sigv4-vectors.ts";

const SUITE_TIME = Date.UTC(2015, 7, 30, 12, 36);
const SUITE_KEYS = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};
const S3_TIME = Date.UTC(2013, 4, 24);
const S3_KEYS = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const S3_HOST = "examplebucket.s3.amazonaws.com";

function sign(signer: Signer, vector: Vector, host: string, keys: object, now: number): string[] {
  const headers = ["host", host, ...(vector.headers ?? [])];
  const request = {
    method: vector.method,
    path: encodeKey(vector.path),
    query: encodeQuery(vector.query ?? []),
    headers,
    payloadHash: hash("sha256", vector.body ?? "", "hex"),
  };
  const { sessionToken } = vector;
  signer.sign(request, { ...(keys as typeof S3_KEYS), sessionToken }, now);
  return headers;
}

describe("AWS's test suite", () => {
  const signer = new Signer("us-east-1", "service");
  test.each(SUITE)("$name", (vector) => {
    const headers = sign(signer, vector, "example.amazonaws.com", SUITE_KEYS, SUITE_TIME);
    const scope = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
    expect(headers.slice(-2)).toEqual([
      "authorization",
      `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${vector.signedHeaders}, Signature=${vector.signature}`,
    ]);
  });
});

describe("the examples of the S3 reference", () => {
  const signer = new Signer("us-east-1");
  test.each(S3_EXAMPLES)("$name", (vector) => {
    const [authorization] = sign(signer, vector, S3_HOST, S3_KEYS, S3_TIME).slice(-1);
    expect(authorization).toContain(`SignedHeaders=${vector.signedHeaders}, `);
    expect(authorization).toContain(`Signature=${vector.signature}`);
  });

  test("a signed URL", () => {
    const request = { method: "GET", path: "/test.txt", query: [], headers: ["host", S3_HOST] };
    expect(signer.presign({ ...request, expiresIn: 86_400 }, S3_KEYS, S3_TIME)).toBe(
      "X-Amz-Algorithm=AWS4-HMAC-SHA256" +
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request" +
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host" +
        `&X-Amz-Signature=${PRESIGNED_SIGNATURE}`,
    );
  });
});

test("a signed URL holds the session token, which is part of what is signed", () => {
  const url = (sessionToken: string | undefined): string =>
    new Signer("us-east-1").presign(
      { method: "PUT", path: "/a", query: [], headers: ["host", S3_HOST], expiresIn: 60 },
      { ...S3_KEYS, sessionToken },
      S3_TIME,
    );
  expect(url(SESSION_TOKEN)).toContain(
    `&X-Amz-Security-Token=${encodeURIComponent(SESSION_TOKEN)}`,
  );
  const signature = (text: string): string | undefined => text.split("X-Amz-Signature=")[1];
  expect(signature(url(SESSION_TOKEN))).not.toBe(signature(url(undefined)));
});

test("the key that is kept belongs to the day, the secret and the region", () => {
  const signer = new Signer("us-east-1");
  const [vector] = S3_EXAMPLES as [Vector];
  const again = (keys: object, now: number): string =>
    sign(signer, vector, S3_HOST, keys, now).at(-1) as string;
  const first = again(S3_KEYS, S3_TIME);
  expect(again(S3_KEYS, S3_TIME + 86_400_000)).not.toBe(first);
  expect(again({ ...S3_KEYS, secretAccessKey: "other" }, S3_TIME)).not.toBe(first);
  expect(again(S3_KEYS, S3_TIME)).toBe(first);
  const elsewhere = sign(new Signer("eu-west-1"), vector, S3_HOST, S3_KEYS, S3_TIME).at(-1);
  expect(elsewhere).toContain("/eu-west-1/s3/");
});

test("keys are encoded byte by byte, slashes stay", () => {
  expect(encodeKey("a/b c+d~e_f.g-h")).toBe("a/b%20c%2Bd~e_f.g-h");
  expect(encodeKey("ü/😀!'()*")).toBe("%C3%BC/%F0%9F%98%80%21%27%28%29%2A");
  expect(encodeKey("100%/%2F")).toBe("100%25/%252F");
});
