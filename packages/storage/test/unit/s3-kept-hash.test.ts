/** Where the ETag is no MD5, the hash of what was sent lies with the object. */
import { expect, test } from "vitest";
import { hashBytes } from "../../src/hashes.ts";
import type { S3Driver } from "../../src/drivers/s3/s3-driver.ts";
import { bytesOf, driverOn, startServer } from "./s3-helpers.ts";

const CONTENT = bytesOf("content");
const BLAKE3 = hashBytes("blake3", CONTENT);

async function blake3After(driver: S3Driver, path: string): Promise<string | undefined> {
  const written = await driver.write(path, CONTENT);
  const found = await driver.stat(path);
  expect(found?.hashes?.blake3).toBe(written.hashes?.blake3);
  return found?.hashes?.blake3;
}

test.each([
  ["a key of KMS", { serverSideEncryption: "aws:kms", sseKmsKeyId: "k1" }],
  ["two layers of KMS", { serverSideEncryption: "aws:kms:dsse" }],
  ["a customer's key", { sseCustomerKey: Buffer.alloc(32, "k").toString("base64") }],
])("[ST-27] encrypted with %s", async (_, changes) => {
  const driver = driverOn(await startServer(), changes);
  expect(await blake3After(driver, "a")).toBe(BLAKE3);
});

test("[ST-27] a bucket that encrypts so by itself, from the second object on", async () => {
  const server = await startServer();
  server.faults.add({
    when: ({ operation }) => operation === "PutObject" || operation === "HeadObject",
    do: {
      kind: "edit-response",
      edit: (it) => ({
        ...it,
        headers: { ...it.headers, "x-amz-server-side-encryption": "aws:kms" },
      }),
    },
    times: Infinity,
  });
  const driver = driverOn(server);
  expect(await blake3After(driver, "first")).toBeUndefined();
  expect(await blake3After(driver, "second")).toBe(BLAKE3);
});

test("[ST-27] none is computed where the ETag tells, and none kept where nothing is", async () => {
  const server = await startServer();
  expect(await blake3After(driverOn(server), "a")).toBeUndefined();
  const bare = driverOn(server, { serverSideEncryption: "aws:kms", noMetadata: true });
  expect(await blake3After(bare, "b")).toBeUndefined();
});
