/** What another machine changes at a store, seen by one that remembers what it wrote there. */
import { MemoryDriver } from "@omnisync/storage";
import { describe, expect, it } from "vitest";
import { AttributeCache, check, sync } from "../../src/index.ts";
import { type TestBucket, serveBucket } from "../bucket.ts";
import { T0, place, storeWith } from "../stores.ts";

const FILES = { a: "1", b: "2", link: "target" };

interface Scene extends TestBucket {
  /** Lets time pass at the store. */
  wait(seconds: number): void;
}

async function bucketWithClock(): Promise<Scene> {
  let late = 0;
  const bucket = await serveBucket({ now: () => Date.now() + late });
  return { ...bucket, wait: (seconds) => void (late += seconds * 1000) };
}

describe("[SY-29] attributes that another machine changed, content unchanged", () => {
  it.each(["from a write", "from a look"])("are seen, what was known being %s", async (known) => {
    const { open, wait } = await bucketWithClock();
    const source = await storeWith(FILES, { mtime: T0, mode: 0o644 });
    const [mine, theirs] = [await open(), await open()];
    const attributeCache = AttributeCache.open(":memory:");
    const writing = known === "from a write" ? { attributeCache } : {};
    await sync(place(source), place(mine), writing);
    wait(60);
    await sync(place(source), place(mine), { attributeCache });
    await theirs.setAttributes!("a", { mode: 0o600 });
    expect(await check(place(source), place(mine), { attributeCache })).toMatchObject({
      match: 2,
      differ: 1,
    });
    const report = await sync(place(source), place(mine), { attributeCache });
    expect(report).toMatchObject({ attributesSet: 1, unchanged: 2 });
    expect(await theirs.stat("a")).toMatchObject({ mode: 0o644 });
    const back = new MemoryDriver();
    await sync(place(mine), place(back), { attributeCache });
    wait(60);
    await theirs.setAttributes!("b", { mtime: T0 - 5000 });
    await sync(place(mine), place(back), { attributeCache });
    expect(await back.stat("b")).toMatchObject({ mtime: T0 - 5000 });
  });

  it("[SY-26] [SY-28] and where none did, a second run asks for nothing", async () => {
    const { open, server, wait } = await bucketWithClock();
    const source = await storeWith({ ...FILES, large: new Uint8Array(6 * 1024 ** 2) });
    const driver = await open({ partSize: 5 * 1024 ** 2, singlePutLimit: 5 * 1024 ** 2 });
    const attributeCache = AttributeCache.open(":memory:");
    await sync(place(source), place(driver), { attributeCache });
    const before = server.requests.HeadObject;
    for (const seconds of [0, 60]) {
      wait(seconds);
      expect(await sync(place(source), place(driver), { attributeCache })).toMatchObject({
        unchanged: 4,
        bytesTransferred: 0,
      });
    }
    expect(server.requests.HeadObject).toBe(before);
  });
});
