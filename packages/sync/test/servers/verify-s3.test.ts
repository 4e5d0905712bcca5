/** Checking, verifying and removing duplicates where hashes are claims of a store. */
import { type Driver, hashBytes } from "@omnisync/storage";
import { Faults, fault, intercept } from "@omnisync/storage/layers";
import {
  check,
  copyPathWithHash,
  findDuplicates,
  hashPlace,
  sync,
  verifyAllIntegrity,
  verifyPlace,
} from "@omnisync/sync";
import { serverOrSkip } from "@omnisync/testkit/servers/inject";
import { startStrictS3 } from "@omnisync/testkit/strict-s3";
import { afterAll, describe, expect, it } from "vitest";
import { type S3Access, s3Setup } from "../../../storage/test/servers/s3-setup.ts";
import { T0, bytes, contents, place, storeWith } from "../stores.ts";

/** Longer than what goes in one request. */
const LARGE: Uint8Array = Uint8Array.from({ length: 18 * 1024 * 1024 }, (_, i) => (i * 7) % 251);

const strict = await startStrictS3({ keepLog: false });
afterAll(() => strict.close());
await suite("the strict S3 server", strict);
const rgw = serverOrSkip("radosgw");
if (rgw !== undefined) await suite("radosgw", rgw);

/**
 * An object whose hash is that of another content, as if its bytes had gone bad. A whole write would be refused;
 * of an upload in parts nobody knows the content when its hash is given.
 */
async function writeAs(
  store: Driver,
  path: string,
  content: string,
  claimed: string,
): Promise<string> {
  const blake3 = hashBytes("blake3", bytes(claimed));
  const upload = await store.multipart!.create(path, { hashes: { blake3 }, mtime: T0 });
  const part = await store.multipart!.putPart(upload, 1, bytes(content));
  await store.multipart!.complete(upload, [part]);
  return blake3;
}

async function suite(name: string, access: S3Access): Promise<void> {
  const setup = await s3Setup(access);
  const reads = (faults: Faults): number =>
    faults.calls.filter(({ operation }) => operation === "read").length;

  describe(name, () => {
    it("[SY-345] what was uploaded, in one piece or in parts, verifies; what is damaged does not", async () => {
      const store = await setup.open();
      await sync(place(await storeWith({ small: "content", large: LARGE })), place(store));
      expect(await verifyPlace(place(store))).toMatchObject({ match: 2, verified: true });
      // As if the bytes had gone bad under their name: the hash kept with them is that of others.
      const blake3 = await writeAs(store, "small", "c0ntent", "content");
      expect(await verifyAllIntegrity(place(store))).toMatchObject([
        { path: "small", kind: "mismatch", by: { name: "blake3", value: blake3 } },
      ]);
    });

    it("[SY-345] objects of other tools are held against their ETag", async () => {
      const store = await setup.open();
      await store.write("foreign", bytes("content"));
      const { body } = await store.read("foreign");
      for await (const _chunk of body);
      expect((await store.stat("foreign"))?.hashes?.blake3).toBeUndefined();
      expect(await verifyPlace(place(store))).toMatchObject({ match: 1, verified: true });
    });

    it("[SY-393] of two that remove duplicates at once the second is refused", async () => {
      const store = await setup.open();
      for (const path of ["a", "ab"]) await store.write(path, bytes("same"), { mtime: T0 });
      const second = place(await setup.reopen!(store));
      let refused: unknown;
      const racing = intercept(store, {
        around: async ({ operation, path }, run) => {
          if (operation !== "remove" || path !== "ab") return run();
          using found = await findDuplicates(second);
          await found.remove({ keep: "longest-path" }).catch((error) => (refused = error));
          return await run();
        },
      });
      using found = await findDuplicates(place(racing));
      expect(await found.remove({ keep: "shortest-path" })).toMatchObject({ removed: 1 });
      expect(refused).toMatchObject({ code: "precondition-failed" });
      expect(Object.keys(await contents(store))).toEqual(["a"]);
    });

    it("[SY-346] sums come from the store where it knows them, and hold", async () => {
      const store = await setup.open();
      await sync(place(await storeWith({ a: "1", "d/b": "22" })), place(store));
      const faults = new Faults();
      const watched = fault(store, faults);
      const sums = await Array.fromAsync(hashPlace(place(watched), "md5"));
      expect(sums).toMatchObject([
        { path: "a", hash: hashBytes("md5", bytes("1")) },
        { path: "d/b", hash: hashBytes("md5", bytes("22")) },
      ]);
      expect(await verifyPlace(place(watched), { sums })).toMatchObject({ match: 2, bytesRead: 0 });
      expect(reads(faults)).toBe(0);
      expect(await verifyPlace(place(watched), { sums, download: true })).toMatchObject({
        match: 2,
        bytesRead: 3,
      });
    });

    it("[SY-345] links kept as objects are no files to verify, nor extra", async () => {
      const store = await setup.open();
      const source = await storeWith({ a: "1" });
      await source.writeLink("l", "a");
      await sync(place(source), place(store));
      const sums = await Array.fromAsync(hashPlace(place(store), "sha256"));
      expect(sums.map(({ path }) => path)).toEqual(["a"]);
      expect(await verifyPlace(place(store))).toMatchObject({ match: 1, verified: true });
      expect(await verifyPlace(place(store), { sums })).toMatchObject({ extra: 0, verified: true });
      expect(await check(place(source), place(store), { download: true })).toMatchObject({
        match: 2,
        inSync: true,
      });
    });

    it("[SY-340] download finds what all stored hashes hide", async () => {
      const store = await setup.open();
      const source = await storeWith({ a: "good" });
      await writeAs(store, "a", "goof", "good");
      expect(await check(place(source), place(store), { checksum: true })).toMatchObject({
        inSync: true,
      });
      expect(await check(place(source), place(store), { download: true })).toMatchObject({
        differ: 1,
        inSync: false,
      });
    });

    it("[SY-351] duplicates are found without reading, and read before one goes", async () => {
      const store = await setup.open();
      for (const [path, text] of Object.entries({ a: "same", b: "same", c: "so?!" })) {
        await writeAs(store, path, text, text);
      }
      await writeAs(store, "lie", "not!", "same");
      const faults = new Faults();
      const found = await findDuplicates(place(fault(store, faults)));
      try {
        expect(reads(faults)).toBe(0);
        expect(found).toMatchObject({ sets: 1, duplicates: 2 });
        expect(await found.remove()).toMatchObject({ removed: 1, changed: 1, failed: 0 });
      } finally {
        found.close();
      }
      expect(await contents(store)).toEqual({ a: "same", c: "so?!", lie: "not!" });
    });

    it("[SY-352] an object that was replaced meanwhile stays", async () => {
      const store = await setup.open();
      for (const path of ["a", "b", "c"]) await store.write(path, bytes("same"));
      const found = await findDuplicates(place(store));
      try {
        await store.write("b", bytes("new!"));
        expect(await found.remove()).toMatchObject({ removed: 1, changed: 1 });
      } finally {
        found.close();
      }
      expect(await contents(store)).toEqual({ a: "same", b: "new!" });
    });

    it("[SY-358] copyPathWithHash gives the hash of what the store holds", async () => {
      const store: Driver = await setup.open();
      const source = await storeWith({ f: "content" });
      for (const name of ["md5", "sha256", "crc32"] as const) {
        expect(await copyPathWithHash(place(source, "f"), place(store, name), name)).toBe(
          hashBytes(name, bytes("content")),
        );
      }
    });
  });
}
