/** Signatures in the places of a run: seen by nobody, and nothing is asked about those that no name gives away. */
import { type Driver, openStorage } from "@omnisync/storage";
import { intercept } from "@omnisync/storage/layers";
import { check, forgetSignatures, signObject, sync } from "@omnisync/sync";
import { expect, test } from "vitest";
import { serveBucket } from "../bucket.ts";
import { bytes, contents, place } from "../stores.ts";

const CONTENT = new Uint8Array(100_000).fill(7);
let serial = 0;

interface Scene {
  readonly driver: Driver;
  /** Paths that were read. */
  readonly reads: string[];
  names(): Promise<readonly string[]>;
}

async function createScene(): Promise<Scene> {
  const storage = await openStorage(`memory://hidden-${++serial}`);
  const reads: string[] = [];
  const driver = intercept(storage.driver, {
    around: async (call, run) => {
      if (call.operation === "read") reads.push(call.path);
      return run();
    },
  });
  await storage.writeAll("a", CONTENT, { mtime: 0 });
  const names = async (): Promise<readonly string[]> => {
    const found: string[] = [];
    for await (const page of driver.list("", { recursive: true, includeReserved: true }))
      for (const { path } of page) found.push(path);
    return found;
  };
  return { driver, reads, names };
}

test("[SY-411] a sidecar is neither an extra nor a difference, on either side", async () => {
  const [one, other] = [await createScene(), await createScene()];
  const places = [
    { driver: one.driver, path: "" },
    { driver: other.driver, path: "" },
  ] as const;
  await signObject({ driver: one.driver, path: "a" }, { signatures: "sidecar" });
  const up = await sync(places[0], places[1], { delete: true });
  expect(up).toMatchObject({ sourceEntries: 1, unchanged: 1, created: 0, removed: 0 });
  const back = await sync(places[1], places[0], { delete: true });
  expect(back).toMatchObject({ destinationEntries: 1, unchanged: 1, removed: 0 });
  expect(await one.names()).toEqual(["a", "a.hssig"]);
  expect(await other.names()).toEqual(["a"]);
  expect(await check(places[0], places[1])).toMatchObject({ inSync: true, match: 1 });
});

test("[SY-411] files that name a sidecar name nothing, at either side", async () => {
  const [one, other] = [await createScene(), await createScene()];
  const [source, destination] = [place(one.driver), place(other.driver)];
  const files = ["a", "a.hssig", "b.hssig"];
  await signObject({ ...destination, path: "a" }, { signatures: "sidecar" });
  await other.driver.write("b.hssig", bytes("mine, not a signature"));
  expect(await sync(source, destination, { files, deleteMissing: true })).toMatchObject({
    destinationEntries: 2,
    removed: 1,
  });
  expect(await other.names()).toEqual(["a", "a.hssig"]);
  const signature = (await contents(other.driver))["a.hssig"];
  await sync(destination, source, { files, ignoreMissing: true });
  expect(await one.names()).toEqual(["a"]);
  await signObject({ ...source, path: "a" }, { signatures: "sidecar", blockSize: 128 * 1024 });
  await sync(source, destination, { files, ignoreMissing: true });
  expect((await contents(other.driver))["a.hssig"]).toBe(signature);
});

test("[SY-411] none of those under .omnisync/ is looked into", async () => {
  const [one, other] = [await createScene(), await createScene()];
  await signObject({ driver: other.driver, path: "a" });
  other.reads.length = 0;
  await sync({ driver: one.driver, path: "" }, { driver: other.driver, path: "" });
  expect(other.reads).toEqual([]);
});

test("[SY-412] forgetSignatures takes both kinds, and no file of somebody else's", async () => {
  const { driver, names } = await createScene();
  const at = place(driver, "a");
  await signObject(at);
  await signObject(at, { signatures: "sidecar" });
  expect(await names()).toHaveLength(3);
  await forgetSignatures(at);
  expect(await names()).toEqual(["a"]);
  await driver.write("a.hssig", bytes("mine, not a signature"));
  await forgetSignatures(at);
  expect(await names()).toEqual(["a", "a.hssig"]);
});

test("[SY-412] what never had a signature leaves no mark of its removal in a bucket with versions", async () => {
  const bucket = await serveBucket({ buckets: { bucket: { versioning: "Enabled" } } });
  const driver = await bucket.open();
  await forgetSignatures(place(driver, "a"));
  const marks: string[] = [];
  for await (const page of driver.listVersions!("", { recursive: true, includeReserved: true }))
    for (const { path } of page) marks.push(path);
  expect(marks).toEqual([]);
});
