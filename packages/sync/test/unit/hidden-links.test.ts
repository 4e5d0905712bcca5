/** Links on a store that keeps them as small objects, whose listing does not tell them from files. */
import { type Driver, FileDriver, MemoryDriver } from "@omnisync/storage";
import { disable } from "@omnisync/storage/layers";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { AttributeCache, check, sync } from "../../src/index.ts";
import { type TestBucket, serveBucket } from "../bucket.ts";
import { T0, bytes, contents, place, storeWith } from "../stores.ts";

const FILES = { file: "content" };

async function bucketWithLinks(): Promise<TestBucket & { readonly source: Driver }> {
  const bucket = await serveBucket({ buckets: { bucket: {}, other: {} } });
  const { open } = bucket;
  const source = await open();
  await source.write("file", bytes(FILES.file), { mtime: T0 });
  await source.writeLink!("inside", "file", { mtime: T0 });
  await source.writeLink!("outside", "../../etc/passwd", { mtime: T0 });
  return { ...bucket, source };
}

it.each([
  ["skip", [], FILES],
  ["safe", [], { ...FILES, inside: "-> file" }],
  ["skip", ["readBlock"], FILES],
  ["safe", ["readBlock"], { ...FILES, inside: "-> file" }],
] as const)(
  "[SY-40] links: %s leaves out links that look like files (without %j)",
  async (links, off, left) => {
    const { source } = await bucketWithLinks();
    const destination = new MemoryDriver();
    const report = await sync(place(disable(source, ...off)), place(destination), { links });
    expect(report.failed).toBe(0);
    expect(await contents(destination)).toEqual(left);
  },
);

it("[SY-40] links that are left out are left out of copies by the store too", async () => {
  const { source, open } = await bucketWithLinks();
  const destination = await open({ bucket: "other" });
  const report = await sync(place(source), place(destination), { links: "skip" });
  expect(report).toMatchObject({ created: 1, ignored: 2 });
  expect(await contents(destination)).toEqual(FILES);
});

it("[SY-26] [SY-40] what a small object is is asked once", async () => {
  const { source, server } = await bucketWithLinks();
  const directory = mkdtempSync(join(tmpdir(), "omnisync-links-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const attributeCache = AttributeCache.open(":memory:");
  const options = { links: "skip", attributeCache } as const;
  const destination = place(new FileDriver({ root: directory }));
  await sync(place(source), destination, options);
  expect(readdirSync(directory)).toEqual(["file"]);
  const before = server.requests.HeadObject;
  expect(await sync(place(source), destination, options)).toMatchObject({
    unchanged: 1,
    ignored: 2,
  });
  expect(server.requests.HeadObject).toBe(before);
});

it("[SY-40] [SY-80] check leaves them out as well", async () => {
  const { source } = await bucketWithLinks();
  const other = place(await storeWith(FILES));
  const options = { links: "skip" } as const;
  expect(await check(place(source), other, options)).toMatchObject({ match: 1, inSync: true });
  expect(await check(other, place(source), options)).toMatchObject({ match: 1, inSync: true });
  expect(await check(place(source), other)).toMatchObject({ sourceOnly: 2 });
});
