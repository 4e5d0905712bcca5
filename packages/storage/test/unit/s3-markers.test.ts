/** Objects that stand for directories: what is written of them, and at what cost. */
import { expect, test } from "vitest";
import { BUCKET, bytesOf, driverOn, startServer } from "./s3-helpers.ts";

test("[ST-281] a marker keeps what is not given, and what other tools noted", async () => {
  const server = await startServer();
  const driver = driverOn(server);
  const noted = { contentType: "application/x-directory", metadata: { other: "tool" } };
  await driver.mkdir("dir", { ...noted, mode: 0o700, uid: 7, acl: "user::rwx", mtime: 1000 });
  await driver.mkdir("dir", { mode: 0o750, acl: "" });
  expect(await driver.stat("dir")).toMatchObject({ mode: 0o750, uid: 7, mtime: 1000 });
  expect((await driver.stat("dir"))?.acl).toBeUndefined();
  const put = server.log.findLast(({ operation }) => operation === "PutObject");
  expect(put?.headers).toMatchObject({
    "content-type": noted.contentType,
    "x-amz-meta-other": "tool",
    "x-amz-meta-mode": "040750",
  });
});

test("[ST-281] who may write only makes markers all the same", async () => {
  const server = await startServer();
  server.faults.add({
    when: ({ operation }) => operation === "HeadObject",
    do: { kind: "error", code: "AccessDenied" },
    times: Infinity,
  });
  await driverOn(server).mkdir("dir", { mode: 0o700 });
  server.faults.clear();
  expect(await driverOn(server).stat("dir")).toMatchObject({ kind: "directory", mode: 0o700 });
});

test("[ST-280] a marker is found by one request", async () => {
  const server = await startServer();
  const driver = driverOn(server);
  await driver.mkdir("dir", { mode: 0o700 });
  await driver.write("dir", bytesOf("x"));
  const before = server.log.length;
  expect(await driver.stat("dir", { directory: true })).toMatchObject({ mode: 0o700 });
  expect(server.log.slice(before).map(({ operation, key }) => [operation, key])).toEqual([
    ["HeadObject", "dir/"],
  ]);
});

test("[ST-282] a bucket keeps no attributes, and is not asked", async () => {
  const server = await startServer();
  const driver = driverOn(server);
  await expect(driver.mkdir("", { mode: 0o700 })).rejects.toMatchObject({ code: "unsupported" });
  expect(server.log).toEqual([]);
  await driverOn(server, { root: "prefix" }).mkdir("", { mode: 0o700 });
  expect(server.log.map(({ bucket, key }) => [bucket, key])).toContainEqual([BUCKET, "prefix/"]);
  expect(await driver.stat("prefix")).toMatchObject({ kind: "directory", mode: 0o700 });
});
