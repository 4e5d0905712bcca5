import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Driver, openDriver } from "@omnisync/storage";
import { type StrictS3, startStrictS3 } from "@omnisync/testkit/strict-s3";
import { sync } from "@omnisync/sync";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bytes, contents, place } from "../stores.ts";

let server: StrictS3;
let cache: string;

beforeAll(async () => {
  cache = mkdtempSync(join(tmpdir(), "omnisync-two-names-"));
  process.env["XDG_CACHE_HOME"] = cache;
  server = await startStrictS3({ buckets: { bucket: {}, other: {} } });
});

afterAll(async () => {
  await server.close();
  rmSync(cache, { recursive: true });
});

function open(host: string, bucket: string): Promise<Driver> {
  const { region, accessKeyId, secretAccessKey } = server;
  const endpoint = `http://${host}:${server.port}`;
  const settings = { bucket, endpoint, region, accessKeyId, secretAccessKey };
  return openDriver({ driver: "s3", root: "", ...settings }, { env: {} });
}

it("[SY-60] a bucket reached by the server's name and by its address keeps what is moved onto itself", async () => {
  const [byAddress, byName, other] = [
    await open("127.0.0.1", "bucket"),
    await open("localhost", "bucket"),
    await open("localhost", "other"),
  ];
  await byAddress.write("in/a", bytes("1"));
  await byAddress.write("b", bytes("2"));
  for (const path of ["", "in", "b"]) {
    const report = await sync(place(byAddress, path), place(byName, path), { move: true });
    expect(report.sourcesRemoved).toBe(0);
    expect(report.failures[0]?.error.message).toMatch(/one file/);
  }
  expect(await contents(byName)).toEqual({ b: "2", "in/a": "1" });
  const report = await sync(place(byAddress), place(other), { move: true });
  expect(report).toMatchObject({ sourcesRemoved: 2, failed: 0 });
  expect(await contents(other)).toEqual({ b: "2", "in/a": "1" });
  for (const driver of [byAddress, other]) {
    for await (const page of driver.list("", { recursive: true, includeReserved: true })) {
      expect(page.filter(({ path }) => path.includes("one-store"))).toEqual([]);
    }
  }
  for (const driver of [byAddress, byName, other]) await driver.close();
});
