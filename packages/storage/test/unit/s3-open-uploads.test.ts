import { expect, test } from "vitest";
import { isStorageError } from "../../src/errors.ts";
import type { S3Driver } from "../../src/drivers/s3/s3-driver.ts";
import { bytesOf, driverOn, startServer } from "./s3-helpers.ts";

const PART = bytesOf("part");

/** A driver and a second one of somebody else, on a server that loses the answer to a beginning. */
async function scene(lost: number) {
  const server = await startServer();
  const [driver, other] = [driverOn(server), driverOn(server)];
  server.faults.add({
    when: ({ operation, key }) => operation === "CreateMultipartUpload" && key === "file",
    do: { kind: "cut-response", afterBytes: 0 },
    times: lost,
  });
  return { server, driver, other };
}

async function openIn(driver: S3Driver): Promise<readonly string[]> {
  return (await Array.fromAsync(driver.multipart.listUploads(""))).flat().map(({ path }) => path);
}

test.each(["complete", "abort"] as const)(
  "[ST-197] a beginning whose answer was lost is given up at the end of the upload: %s",
  async (end) => {
    const { driver, other } = await scene(2);
    const upload = await driver.multipart.create("file");
    expect(await openIn(other)).toEqual(["file", "file", "file"]);
    if (end === "abort") await driver.multipart.abort(upload);
    else await driver.multipart.complete(upload, [await driver.multipart.putPart(upload, 1, PART)]);
    expect(await openIn(other)).toEqual([]);
    expect((await driver.stat("file"))?.size).toBe(end === "abort" ? undefined : PART.byteLength);
  },
);

test("[ST-197] what somebody else has begun meanwhile, and sent a part of, stays", async () => {
  const { driver, other, server } = await scene(0);
  const [theirs, elsewhere] = [await other.multipart.create("file"), "file/below"];
  await other.multipart.create(elsewhere);
  server.faults.add({
    when: ({ operation }) => operation === "CreateMultipartUpload",
    do: { kind: "cut-response", afterBytes: 0 },
  });
  const upload = await driver.multipart.create("file");
  const part = await other.multipart.putPart(theirs, 1, PART);
  await driver.multipart.abort(upload);
  expect(await openIn(other)).toEqual(["file", elsewhere]);
  expect((await other.multipart.complete(theirs, [part])).size).toBe(PART.byteLength);
});

test("[ST-197] where every answer was lost, nothing stays of the attempts", async () => {
  const { driver, other } = await scene(Infinity);
  await expect(driver.multipart.create("file")).rejects.toSatisfy((error) =>
    isStorageError(error, "unavailable"),
  );
  expect(await openIn(other)).toEqual([]);
});

test("[ST-197] a beginning that went well asks for no list", async () => {
  const { driver, server } = await scene(0);
  await driver.multipart.abort(await driver.multipart.create("file"));
  expect(server.requests).toMatchObject({ ListMultipartUploads: 0, ListParts: 0 });
});
