import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { bucket, startWitness } from "./strict-s3/witness.ts";

const path = `/${bucket}/key`;
const key = Buffer.alloc(32, 1).toString("base64");
const otherKey = Buffer.alloc(32, 2).toString("base64");

function customer(value: string, prefix = "x-amz-server-side-encryption"): Record<string, string> {
  const md5 = createHash("md5").update(Buffer.from(value, "base64")).digest("base64");
  return {
    [`${prefix}-customer-algorithm`]: "AES256",
    [`${prefix}-customer-key`]: value,
    [`${prefix}-customer-key-md5`]: md5,
  };
}

test("KMS: echoed, and the ETag is not an MD5 of the content", async () => {
  await using witness = await startWitness();
  const headers = {
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": "my-key",
  };
  const put = await witness.send({ method: "PUT", path, headers, body: "content" });
  expect(put.headers).toMatchObject(headers);
  const md5 = createHash("md5").update("content").digest("hex");
  expect(put.headers["etag"]).toMatch(/^"[0-9a-f]{32}"$/);
  expect(put.headers["etag"]).not.toBe(`"${md5}"`);
  expect((await witness.send({ path })).headers).toMatchObject(headers);
  const unknown = { "x-amz-server-side-encryption": "rot13" };
  expect((await witness.send({ method: "PUT", path, headers: unknown })).status).toBe(400);
});

test("customer keys: asked for again on reading, and the right one", async () => {
  await using witness = await startWitness();
  const put = await witness.send({ method: "PUT", path, headers: customer(key), body: "content" });
  expect(put.status).toBe(200);
  const codeWith = async (headers: Record<string, string>, method = "GET") => {
    const { status, code } = await witness.send({ method, path, headers });
    return [status, code];
  };
  expect(await codeWith(customer(key))).toEqual([200, ""]);
  expect(await codeWith({})).toEqual([400, "InvalidRequest"]);
  expect(await codeWith({}, "HEAD")).toEqual([400, ""]);
  expect(await codeWith(customer(otherKey))).toEqual([403, "AccessDenied"]);
  const broken = { ...customer(key), "x-amz-server-side-encryption-customer-key": otherKey };
  expect(await codeWith(broken)).toEqual([400, "InvalidArgument"]);
  expect(JSON.stringify(witness.server.log)).not.toContain(key);
});

test("customer keys are refused on objects that were stored without", async () => {
  await using witness = await startWitness();
  await witness.send({ method: "PUT", path, body: "content" });
  expect((await witness.send({ path, headers: customer(key) })).code).toBe("InvalidRequest");
});

test("copies need the key of the source", async () => {
  await using witness = await startWitness();
  await witness.send({ method: "PUT", path, headers: customer(key), body: "content" });
  const copy = (headers: Record<string, string>) =>
    witness.send({
      method: "PUT",
      path: `/${bucket}/copy`,
      headers: { "x-amz-copy-source": `${bucket}/key`, ...headers },
    });
  expect((await copy({})).code).toBe("InvalidRequest");
  const source = customer(key, "x-amz-copy-source-server-side-encryption");
  expect((await copy(source)).status).toBe(200);
  expect((await witness.send({ path: `/${bucket}/copy` })).body.toString()).toBe("content");
});

test("every part must come with the key of its upload", async () => {
  await using witness = await startWitness();
  const begun = await witness.send({
    method: "POST",
    path: `${path}?uploads`,
    headers: customer(key),
  });
  const id = /<UploadId>(.*)<\/UploadId>/.exec(begun.body.toString())?.[1] ?? "";
  const part = (headers: Record<string, string>) =>
    witness.send({
      method: "PUT",
      path: `${path}?partNumber=1&uploadId=${id}`,
      headers,
      body: "content",
    });
  expect((await part({})).code).toBe("InvalidRequest");
  expect((await part(customer(otherKey))).code).toBe("InvalidRequest");
  expect((await part(customer(key))).status).toBe(200);
});
