import { expect, test } from "vitest";
import { BUCKET, bytesOf, driverOn, startServer } from "./s3-helpers.ts";

const MIB = 1024 ** 2;

/** What makes an object; what only reads, or sends a part of one, must not say any of it. */
const MAKING = ["PutObject", "CreateMultipartUpload", "CopyObject"];

test("storage class and encryption: every request that makes an object says them, no other does", async () => {
  const server = await startServer({ buckets: { [BUCKET]: {} } });
  const driver = driverOn(server, {
    storageClass: "STANDARD_IA",
    serverSideEncryption: "aws:kms",
    sseKmsKeyId: "key-1",
  });
  await driver.write("small", bytesOf("x"));
  await driver.write("large", new Uint8Array(17 * MIB));
  await driver.write("link", bytesOf("x"), { storageClass: "GLACIER_IR" });
  await driver.copy({ driver, path: "small" }, "copy");
  await driver.setAttributes("small", { mtime: 2000 });
  for await (const _ of (await driver.read("copy")).body);
  await driver.stat("large");
  await driver.remove("copy");
  const operations = new Set<string>();
  for (const { operation, headers, key } of server.log) {
    operations.add(operation);
    const isMaking = MAKING.includes(operation);
    const of = `${operation} ${key}`;
    const storageClass = key === "link" ? "GLACIER_IR" : "STANDARD_IA";
    expect(headers["x-amz-storage-class"], of).toBe(isMaking ? storageClass : undefined);
    const encryption = isMaking ? ["aws:kms", "key-1"] : [undefined, undefined];
    expect(
      [
        headers["x-amz-server-side-encryption"],
        headers["x-amz-server-side-encryption-aws-kms-key-id"],
      ],
      of,
    ).toEqual(encryption);
  }
  expect([...operations]).toEqual(expect.arrayContaining([...MAKING, "UploadPart", "GetObject"]));
});
