import { describe, expect, test } from "vitest";
import type { ErrorCode, RetryClass } from "../../src/errors.ts";
import {
  readFailure,
  refusalOf,
  translateFailure,
  translateTransportError,
} from "../../src/drivers/s3/s3-errors.ts";

const CONTEXT = { operation: "read", path: "a/b" };

function translate(
  status: number,
  code: string,
  headers = {},
): ReturnType<typeof translateFailure> {
  const body = code === "" ? "" : `<Error><Code>${code}</Code><Message>said so</Message></Error>`;
  return translateFailure(readFailure(status, headers, body), CONTEXT);
}

test.each<[number, string, ErrorCode, RetryClass]>([
  [404, "NoSuchKey", "not-found", "never"],
  [404, "NoSuchBucket", "not-found", "never"],
  [404, "NoSuchUpload", "not-found", "never"],
  [404, "", "not-found", "never"],
  [403, "", "permission-denied", "never"],
  [403, "AccessDenied", "permission-denied", "never"],
  [403, "InvalidAccessKeyId", "unauthenticated", "never"],
  [403, "SignatureDoesNotMatch", "unauthenticated", "never"],
  [400, "ExpiredToken", "unauthenticated", "never"],
  [403, "RequestTimeTooSkewed", "unauthenticated", "never"],
  [412, "PreconditionFailed", "precondition-failed", "never"],
  [412, "", "precondition-failed", "never"],
  [409, "ConditionalRequestConflict", "precondition-failed", "now"],
  [409, "OperationAborted", "unavailable", "later"],
  [503, "SlowDown", "throttled", "later"],
  [503, "", "throttled", "later"],
  [429, "", "throttled", "later"],
  [500, "InternalError", "unavailable", "later"],
  [200, "InternalError", "unavailable", "later"],
  [502, "", "unavailable", "later"],
  [400, "RequestTimeout", "timeout", "now"],
  [400, "BadDigest", "corrupt", "now"],
  [400, "XAmzContentSHA256Mismatch", "corrupt", "now"],
  [416, "InvalidRange", "invalid-argument", "never"],
  [400, "EntityTooSmall", "invalid-argument", "never"],
  [400, "EntityTooLarge", "too-large", "never"],
  [400, "KeyTooLongError", "name-too-long", "never"],
  [400, "InvalidPart", "invalid-argument", "never"],
  [501, "NotImplemented", "unsupported", "never"],
  [405, "MethodNotAllowed", "unsupported", "never"],
  [403, "InvalidObjectState", "unsupported", "never"],
  [507, "", "no-space", "never"],
  [409, "BucketNotEmpty", "directory-not-empty", "never"],
  [302, "", "invalid-argument", "never"],
  [400, "SomethingNew", "invalid-argument", "never"],
  [500, "SomethingNew", "unavailable", "later"],
])("[ST-18] %i %s is %s, to be retried %s", (status, code, expected, retry) => {
  const error = translate(status, code);
  expect(error).toMatchObject({ code: expected, retry, path: "a/b", operation: "read" });
  expect(refusalOf(error)).toMatchObject({ status, code });
});

describe("what an error tells", () => {
  test("a code or region that is no plain word is none", () => {
    for (const code of ["constructor", "__proto__", "a\u001b[2Jb", "x".repeat(500)]) {
      const error = translate(403, code, { "x-amz-bucket-region": "eu\u001b/x" });
      expect(error.code).toBe("permission-denied");
      expect(error.message).not.toContain("\u001b");
      expect(error.message.length).toBeLessThan(300);
      expect(readFailure(301, { "x-amz-bucket-region": "eu/x" }, "").region).toBeUndefined();
    }
  });

  test("the store's code and message, control characters escaped", () => {
    const body = "<Error><Code>AccessDenied</Code><Message>a&#10;b&#27;[31m</Message></Error>";
    const { message } = translateFailure(readFailure(403, {}, body), CONTEXT);
    expect(message).toContain("AccessDenied (HTTP 403): a\\nb\\u001b[31m");
  });

  test("not what the store quotes of the request", () => {
    const body =
      "<Error><Code>SignatureDoesNotMatch</Code><Message>no match</Message>" +
      "<StringToSign>SECRET-1</StringToSign><SignatureProvided>SECRET-2</SignatureProvided></Error>";
    const error = translateFailure(readFailure(403, {}, body), CONTEXT);
    expect(JSON.stringify([error.message, String(error.cause), error])).not.toContain("SECRET");
  });

  test("how long to wait", () => {
    expect(translate(503, "SlowDown", { "retry-after": "3" }).retryAfter).toBe(3000);
    const date = new Date(Date.now() + 60_000).toUTCString();
    expect(translate(503, "SlowDown", { "retry-after": date }).retryAfter).toBeGreaterThan(50_000);
    expect(translate(503, "SlowDown", { "retry-after": "soon" }).retryAfter).toBeUndefined();
  });

  test("the region of a bucket that is elsewhere", () => {
    const body = "<Error><Code>PermanentRedirect</Code><Region>eu-west-1</Region></Error>";
    expect(translateFailure(readFailure(301, {}, body), CONTEXT).message).toContain("eu-west-1");
    expect(readFailure(400, { "x-amz-bucket-region": "eu-west-2" }, "").region).toBe("eu-west-2");
  });

  test("a proxy's page in place of an error is no error document", () => {
    expect(readFailure(502, {}, "<html><Error unclosed").code).toBe("");
  });
});

test.each<[string, ErrorCode, RetryClass]>([
  ["ECONNRESET", "unavailable", "now"],
  ["UND_ERR_SOCKET", "unavailable", "now"],
  ["ECONNREFUSED", "unavailable", "later"],
  ["ENOTFOUND", "unavailable", "later"],
  ["UND_ERR_HEADERS_TIMEOUT", "timeout", "later"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "unavailable", "never"],
  ["CERT_HAS_EXPIRED", "unavailable", "never"],
  ["UND_ERR_INVALID_ARG", "invalid-argument", "never"],
  ["ERR_SOMETHING", "internal", "never"],
])("%s on the way is %s, to be retried %s", (code, expected, retry) => {
  const error = translateTransportError(Object.assign(new Error("x"), { code }), CONTEXT);
  expect(error).toMatchObject({ code: expected, retry, path: "a/b" });
});

test("a refused connection to every address of a host", () => {
  const each = Object.assign(new Error("x"), { code: "ECONNREFUSED" });
  expect(translateTransportError(new AggregateError([each, each]), CONTEXT).code).toBe(
    "unavailable",
  );
});
