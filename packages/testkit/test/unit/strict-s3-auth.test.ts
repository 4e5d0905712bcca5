import { ListBucketsCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { startStrictS3 } from "../../src/index.ts";
import {
  bucket,
  codeOf,
  createClient,
  exchange,
  presign,
  startWitness,
} from "./strict-s3/witness.ts";
import type { RawRequest } from "./strict-s3/witness.ts";

const get: RawRequest = { path: `/${bucket}/key` };
const hour = 3_600_000;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and sigv4-query-string-auth.html */
const published = {
  host: "examplebucket.s3.amazonaws.com",
  credential: "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request",
  empty: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
};

async function startPublished() {
  return startStrictS3({
    credentials: [
      {
        accessKeyId: "AKIAIOSFODNN7EXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
      },
    ],
    buckets: { examplebucket: {} },
    virtualHost: "s3.amazonaws.com",
    now: () => Date.UTC(2013, 4, 24),
  });
}

function publishedAuth(signedHeaders: string, signature: string): string {
  return `AWS4-HMAC-SHA256 Credential=${published.credential},SignedHeaders=${signedHeaders},Signature=${signature}`;
}

test("AWS's published signatures are right, a changed one is not", async () => {
  await using server = await startPublished();
  const common = { host: published.host, "x-amz-date": "20130524T000000Z" };
  const put = await exchange(
    server.port,
    {
      method: "PUT",
      path: "/test%24file.text",
      headers: {
        ...common,
        date: "Fri, 24 May 2013 00:00:00 GMT",
        "content-length": "21",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
        authorization: publishedAuth(
          "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
          "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
      },
    },
    Buffer.from("Welcome to Amazon S3."),
  );
  expect(put.status).toBe(200);
  const list = (signature: string) =>
    exchange(
      server.port,
      {
        path: "/?max-keys=2&prefix=J",
        headers: {
          ...common,
          "x-amz-content-sha256": published.empty,
          authorization: publishedAuth("host;x-amz-content-sha256;x-amz-date", signature),
        },
      },
      Buffer.alloc(0),
    );
  const right = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7";
  expect((await list(right)).status).toBe(200);
  expect((await list(right.replace("3", "4"))).code).toBe("SignatureDoesNotMatch");
});

test("AWS's published presigned URL is right, expires, and serves no other key", async () => {
  let now = Date.UTC(2013, 4, 24);
  await using server = await startStrictS3({
    credentials: [
      {
        accessKeyId: "AKIAIOSFODNN7EXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
      },
    ],
    buckets: { examplebucket: {} },
    virtualHost: "s3.amazonaws.com",
    now: () => now,
  });
  const query = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${published.credential.replaceAll("/", "%2F")}&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404`;
  const fetchKey = (key: string) =>
    exchange(
      server.port,
      { path: `/${key}?${query}`, headers: { host: published.host } },
      Buffer.alloc(0),
    );
  expect((await fetchKey("test.txt")).code).toBe("NoSuchKey");
  expect((await fetchKey("other.txt")).code).toBe("SignatureDoesNotMatch");
  now += 25 * hour;
  const expired = await fetchKey("test.txt");
  expect([expired.status, expired.code]).toEqual([403, "AccessDenied"]);
  expect(expired.body.toString()).toContain("Request has expired");
});

test("AWS's client signs keys of every kind so that they are accepted", async () => {
  await using witness = await startWitness();
  for (const Key of ["a b+c", "ü/Ω/😀", "100%/%20", "(x)!*'~", "a//b", "/x", "semi;colon=&?#"]) {
    await witness.client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: "x" }));
  }
  expect(witness.server.requests.PutObject).toBe(7);
  expect(witness.server.log.map(({ key }) => key)).toContain("a b+c");
});

test("wrong keys, secrets, regions and clocks are refused, each with its code", async () => {
  await using witness = await startWitness({ region: "eu-west-1" });
  const codeWith = async (sign: NonNullable<RawRequest["sign"]>) => {
    const { status, code } = await witness.send({ ...get, sign });
    return [status, code];
  };
  expect(await codeWith({})).toEqual([404, "NoSuchKey"]);
  expect(await codeWith({ accessKeyId: "AKIANOBODY" })).toEqual([403, "InvalidAccessKeyId"]);
  expect(await codeWith({ secretAccessKey: "wrong" })).toEqual([403, "SignatureDoesNotMatch"]);
  for (const skew of [-hour, hour]) {
    const date = new Date(Date.now() + skew);
    expect(await codeWith({ date })).toEqual([403, "RequestTimeTooSkewed"]);
  }
  const wrongRegion = await witness.send({ ...get, sign: { region: "us-east-1" } });
  expect([wrongRegion.status, wrongRegion.code]).toEqual([400, "AuthorizationHeaderMalformed"]);
  expect(wrongRegion.body.toString()).toContain("<Region>eu-west-1</Region>");
  expect(wrongRegion.headers["x-amz-bucket-region"]).toBe("eu-west-1");
});

test("every x-amz- header and host must be signed, and none changed afterwards", async () => {
  await using witness = await startWitness();
  const headers = { "x-amz-meta-a": "1" };
  const unsigned = await witness.send({ ...get, headers, sign: { unsigned: ["x-amz-meta-a"] } });
  expect([unsigned.status, unsigned.code]).toEqual([403, "AccessDenied"]);
  expect(unsigned.body.toString()).toContain("<HeadersNotSigned>x-amz-meta-a</HeadersNotSigned>");
  const noHost = await witness.send({ ...get, sign: { unsigned: ["host"] } });
  expect(noHost.body.toString()).toContain("<HeadersNotSigned>host</HeadersNotSigned>");
  const changed = await witness.send({
    ...get,
    headers,
    tamper: (all) => ({ ...all, "x-amz-meta-a": "2" }),
  });
  expect(changed.code).toBe("SignatureDoesNotMatch");
});

test("a path that is not encoded as S3 wants it does not match its signature", async () => {
  await using witness = await startWitness();
  expect((await witness.send({ path: `/${bucket}/a%2Bb` })).code).toBe("NoSuchKey");
  expect((await witness.send({ path: `/${bucket}/a+b` })).code).toBe("SignatureDoesNotMatch");
  expect((await witness.send({ path: `/${bucket}/a(b)` })).code).toBe("SignatureDoesNotMatch");
  expect((await witness.send({ path: `/${bucket}/%ff` })).code).toBe("InvalidURI");
});

test("anonymous requests see nothing, unless a bucket is public, and then only read", async () => {
  await using witness = await startWitness({
    buckets: { [bucket]: { publicRead: true }, other: {} },
  });
  const anonymous = (method: string, path: string) => witness.send({ method, path, sign: false });
  expect((await anonymous("GET", "/other/key")).code).toBe("AccessDenied");
  expect((await anonymous("GET", "/")).status).toBe(403);
  expect((await anonymous("GET", `/${bucket}/key`)).code).toBe("NoSuchKey");
  expect((await anonymous("PUT", `/${bucket}/key`)).code).toBe("AccessDenied");
});

test("the payload hash must be there, well-formed and right", async () => {
  await using witness = await startWitness();
  const put: RawRequest = { method: "PUT", path: `/${bucket}/key`, body: "content" };
  const withHash = (hash: string) =>
    witness.send({ ...put, headers: { "x-amz-content-sha256": hash } });
  expect((await withHash("UNSIGNED-PAYLOAD")).status).toBe(200);
  expect((await withHash(published.empty)).code).toBe("XAmzContentSHA256Mismatch");
  expect((await withHash("abc")).code).toBe("InvalidArgument");
  expect((await withHash("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")).status).toBe(501);
  const missing = await witness.send({
    ...put,
    tamper: ({ "x-amz-content-sha256": _hash, ...rest }) => rest,
  });
  expect(missing.code).toBe("InvalidRequest");
});

test("presigned URLs: put and get work; late, early, long and changed ones do not", async () => {
  await using witness = await startWitness();
  const { server } = witness;
  const path = `/${bucket}/key`;
  const use = (target: string, method: string, body = "") =>
    witness.send({ method, path: target, body, sign: false });
  const put = presign(server, { method: "PUT", path });
  expect((await use(put, "PUT", "content")).status).toBe(200);
  expect((await use(presign(server, { method: "GET", path }), "GET")).body.toString()).toBe(
    "content",
  );
  expect((await use(put, "GET")).code).toBe("SignatureDoesNotMatch");
  expect((await use(put.replace("Expires=60", "Expires=61"), "PUT")).code).toBe(
    "SignatureDoesNotMatch",
  );
  const at = (offset: number) => new Date(Date.now() + offset);
  const late = presign(server, { method: "GET", path, date: at(-hour) });
  expect((await use(late, "GET")).code).toBe("AccessDenied");
  const early = presign(server, { method: "GET", path, date: at(hour) });
  expect((await use(early, "GET")).body.toString()).toContain("Request is not valid yet");
  const long = presign(server, { method: "GET", path, expires: 604_801 });
  expect((await use(long, "GET")).code).toBe("AuthorizationQueryParametersError");
  const extra = await witness.send({
    method: "PUT",
    path: put,
    headers: { "x-amz-meta-a": "1" },
    sign: false,
  });
  expect(extra.body.toString()).toContain("<HeadersNotSigned>x-amz-meta-a</HeadersNotSigned>");
});

test("temporary credentials need their token, the right one, in time", async () => {
  const temporary = {
    accessKeyId: "ASIATEMPORARY",
    secretAccessKey: "secret",
    sessionToken: "token",
    expiresAt: Number.POSITIVE_INFINITY,
  };
  await using witness = await startWitness({ credentials: [temporary] });
  const codeWith = (sessionToken?: string) => {
    const credentials = {
      accessKeyId: temporary.accessKeyId,
      secretAccessKey: temporary.secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    };
    const client = createClient(witness.server, { credentials });
    return codeOf(client.send(new ListBucketsCommand({})));
  };
  expect(await codeWith("token")).toBe("no error");
  expect(await codeWith()).toBe("InvalidAccessKeyId");
  expect(await codeWith("other")).toBe("InvalidToken");
  temporary.expiresAt = Date.now() - 1;
  expect(await codeWith("token")).toBe("ExpiredToken");
});

test("the log has neither signatures nor tokens", async () => {
  await using witness = await startWitness();
  await witness.send(get);
  await witness.send({ path: presign(witness.server, { method: "GET", path: "/" }), sign: false });
  const text = JSON.stringify(witness.server.log);
  expect(text).not.toMatch(/signature=|"authorization"|X-Amz-Signature/i);
  expect(witness.server.log[0]).toMatchObject({ operation: "GetObject", key: "key", status: 404 });
});
