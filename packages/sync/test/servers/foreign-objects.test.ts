/** Objects that another tool wrote, in a store of which nothing is known yet. */
import { type Driver, openDriver } from "@omnisync/storage";
import { sync } from "@omnisync/sync";
import { startStrictS3 } from "@omnisync/testkit/strict-s3";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { bytes, contents, place, storeWith } from "../stores.ts";

/** A bucket of a server of no known provider, with an object that has no attributes. */
async function scene(content: string) {
  const cache = mkdtempSync(join(tmpdir(), "omnisync-foreign-"));
  vi.stubEnv("XDG_CACHE_HOME", cache);
  const server = await startStrictS3({ buckets: { bucket: {} } });
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await server.close();
    rmSync(cache, { recursive: true });
  });
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  const open = async (more: Record<string, string | boolean>): Promise<Driver> => {
    const settings = { bucket: "bucket", endpoint, region, accessKeyId, secretAccessKey };
    const driver = await openDriver({ driver: "s3", root: "", ...settings, ...more }, { env: {} });
    onTestFinished(() => driver.close());
    return driver;
  };
  const other = await open({ provider: "aws", noMetadata: true });
  await other.write("file", bytes(content));
  return { server, store: await open({ provider: "other" }) };
}

it.each([true, false])("[SY-18] the first run knows what is equal, dry run: %s", async (dryRun) => {
  const { server, store } = await scene("content");
  const source = place(await storeWith({ file: "content" }));
  const actions: string[] = [];
  await sync(source, place(store), { dryRun, onEvent: ({ kind }) => void actions.push(kind) });
  expect(actions).toEqual(["attributes"]);
  const puts = server.log.filter(
    ({ operation, key }) => operation === "PutObject" && key === "file",
  );
  expect(puts.length).toBe(1);
});

it("[SY-18] what differs is sent", async () => {
  const { store } = await scene("c0ntent");
  await sync(place(await storeWith({ file: "content" })), place(store));
  expect(await contents(store)).toEqual({ file: "content" });
});
