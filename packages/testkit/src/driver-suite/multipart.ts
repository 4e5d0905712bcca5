import { type Driver, type Part, type Upload, hashBytes } from "@omnisync/storage";
import { expect } from "vitest";
import {
  NOT_BYTES,
  bytesOf,
  expectBytes,
  expectOnly,
  expectStatOf,
  get,
  getText,
  listNames,
  noise,
  put,
  refused,
  visible,
} from "./content.ts";
import type { Suite } from "./suite.ts";

export function addMultipartTests(suite: Suite): void {
  const limits = suite.capabilities.multipart;
  if (limits === undefined) return;
  /** The smallest part that may stand before the last. */
  const partSize = Math.max(limits.minPartSize, 1000);

  addAssemblyTests(suite, partSize);
  addRefusalTests(suite, partSize);
  addUploadListTests(suite);
  addConditionTests(suite);
  addCopyPartTests(suite, partSize);
}

function addAssemblyTests(suite: Suite, partSize: number): void {
  const { capabilities } = suite;

  suite.test(
    "ST-150 ST-151 ST-156",
    "parts out of order, with gaps in the numbers",
    async ({ driver, reopen }) => {
      const multipart = driver.multipart!;
      const reader = await reopen();
      const whole = noise(2 * partSize + 777);
      const upload = await multipart.create("dir/file");
      const [first, second] = [whole.subarray(0, partSize), whole.subarray(partSize, 2 * partSize)];
      const third = await multipart.putPart(upload, 900, whole.subarray(2 * partSize));
      const [one, two] = await Promise.all([
        multipart.putPart(upload, 2, first),
        multipart.putPart(upload, 7, second),
      ]);
      expect(await reader.stat("dir/file")).toBeUndefined();
      expect(await listNames(reader, "", { recursive: true })).toEqual([]);
      const held = await listedParts(driver, upload);
      expect(held.map(({ number, size }) => [number, size])).toEqual([
        [2, partSize],
        [7, partSize],
        [900, 777],
      ]);
      expect(held.map((part) => part.etag)).toEqual([one.etag, two.etag, third.etag]);
      const entry = await multipart.complete(upload, [one, two, third]);
      expect(entry).toMatchObject({ path: "dir/file", kind: "file", size: whole.byteLength });
      await expectStatOf(driver, entry);
      expectBytes(await get(driver, "dir/file"), whole);
      const middle = { offset: partSize - 10, length: 20 };
      expectBytes(
        await get(driver, "dir/file", { range: middle }),
        whole.subarray(partSize - 10, partSize + 10),
      );
      expect(await visible(driver)).toEqual(["dir/file"]);
    },
  );

  suite.test("ST-150 ST-84", "attributes are those of create", async ({ driver }) => {
    const mtime = Date.UTC(2011, 10, 9);
    const attributes = {
      mtime,
      ...(capabilities.contentType ? { contentType: "text/x-parts" } : {}),
      ...(capabilities.metadata ? { metadata: { color: "grün" } } : {}),
    };
    const upload = await driver.multipart!.create("file", attributes);
    const entry = await completeWith(driver, upload, "tiny");
    const { mtime: _, ...others } = attributes;
    expect(entry).toMatchObject(capabilities.mtimePrecision === undefined ? others : attributes);
    await expectStatOf(driver, entry);
  });

  suite.test("ST-152", "a part sent again counts, the earlier one does not", async ({ driver }) => {
    const upload = await driver.multipart!.create("file");
    const earlier = await driver.multipart!.putPart(upload, 1, bytesOf("earlier"));
    const later = await driver.multipart!.putPart(upload, 1, bytesOf("later one"));
    const held = await listedParts(driver, upload);
    expect(held.map(({ size, etag }) => [size, etag])).toEqual([[9, later.etag]]);
    await refused(driver.multipart!.complete(upload, [earlier]), "invalid-argument");
    await driver.multipart!.complete(upload, [later]);
    await expectOnly(driver, "file", "later one");
  });

  suite.test("ST-150", "a part left out is not in the object", async ({ driver }) => {
    const upload = await driver.multipart!.create("file");
    await driver.multipart!.putPart(upload, 1, bytesOf("unwanted"));
    const wanted = await driver.multipart!.putPart(upload, 2, bytesOf("wanted"));
    await driver.multipart!.complete(upload, [wanted]);
    await expectOnly(driver, "file", "wanted");
  });

  suite.test(
    "ST-151 ST-67",
    "old content stays until complete, then goes whole",
    async ({ driver }) => {
      await driver.write("file", bytesOf("old"), { mtime: 1000 });
      const upload = await driver.multipart!.create("file", { mtime: 2000 });
      const part = await driver.multipart!.putPart(upload, 1, bytesOf("new"));
      await expectOnly(driver, "file", "old");
      await driver.multipart!.complete(upload, [part]);
      await expectOnly(driver, "file", "new");
    },
  );

  suite.test("ST-154", "complete again gives the same entry", async ({ driver, reopen }) => {
    const upload = await driver.multipart!.create("file");
    const part = await driver.multipart!.putPart(upload, 1, bytesOf("content"));
    const entry = await driver.multipart!.complete(upload, [part]);
    expect(await driver.multipart!.complete(upload, [part])).toEqual(entry);
    const other = await reopen();
    expect(await other.multipart!.complete(upload, [part])).toEqual(entry);
    await expectOnly(driver, "file", "content");
  });

  suite.test("ST-6", "a buffer that the caller uses again", async ({ driver }) => {
    const upload = await driver.multipart!.create("file");
    const buffer = bytesOf("content");
    const part = await driver.multipart!.putPart(upload, 1, buffer);
    buffer.fill(0);
    await driver.multipart!.complete(upload, [part]);
    await expectOnly(driver, "file", "content");
  });
}

function addRefusalTests(suite: Suite, partSize: number): void {
  const { minPartSize, maxParts } = suite.capabilities.multipart!;

  suite.test("ST-153", "parts that are not there as named, or out of order", async ({ driver }) => {
    const multipart = driver.multipart!;
    const upload = await multipart.create("file");
    const one = await multipart.putPart(upload, 1, noise(partSize));
    const two = await multipart.putPart(upload, 2, bytesOf("last"));
    for (const parts of [
      [two, one],
      [one, one],
      [one, { ...two, number: 3 }],
      [one, { ...two, etag: one.etag }],
    ])
      await refused(multipart.complete(upload, parts), "invalid-argument");
    expect(await visible(driver)).toEqual([]);
    await multipart.complete(upload, [one, two]);
    expect((await driver.stat("file"))?.size).toBe(partSize + 4);
  });

  suite.test("ST-7", "parts that are not bytes", async ({ driver }) => {
    const upload = await driver.multipart!.create("file");
    for (const odd of NOT_BYTES)
      await refused(driver.multipart!.putPart(upload, 1, odd), "invalid-argument");
    const parts = await Array.fromAsync(driver.multipart!.listParts(upload));
    expect(parts.flat()).toEqual([]);
    await driver.multipart!.abort(upload);
  });

  if (minPartSize > 1) {
    suite.test("ST-153", "a part below the least size before the last", async ({ driver }) => {
      const multipart = driver.multipart!;
      const upload = await multipart.create("file");
      const one = await multipart.putPart(upload, 1, noise(minPartSize - 1));
      const two = await multipart.putPart(upload, 2, bytesOf("last"));
      await refused(multipart.complete(upload, [one, two]), "invalid-argument");
      expect(await visible(driver)).toEqual([]);
      await multipart.abort(upload);
    });
  }

  suite.test("ST-160", "numbers that no part has", async ({ driver }) => {
    const upload = await driver.multipart!.create("file");
    for (const number of [0, -1, 1.5, maxParts + 1])
      await refused(driver.multipart!.putPart(upload, number, bytesOf("x")), "invalid-argument");
    const last = await driver.multipart!.putPart(upload, maxParts, bytesOf("x"));
    await driver.multipart!.complete(upload, [last]);
    await expectOnly(driver, "file", "x");
  });

  suite.test("ST-155", "abort leaves nothing and ends the upload", async ({ driver }) => {
    const multipart = driver.multipart!;
    await put(driver, "file", "old");
    const upload = await multipart.create("file");
    const part = await multipart.putPart(upload, 1, bytesOf("new"));
    await multipart.abort(upload);
    await multipart.abort(upload);
    await refused(multipart.putPart(upload, 2, bytesOf("x")), "not-found");
    await refused(listedParts(driver, upload), "not-found");
    await refused(multipart.complete(upload, [part]), "not-found");
    expect((await Array.fromAsync(multipart.listUploads(""))).flat()).toEqual([]);
    await expectOnly(driver, "file", "old");
  });

  suite.test("ST-3", "aborted calls", async ({ driver }) => {
    const signal = AbortSignal.abort();
    const multipart = driver.multipart!;
    await refused(multipart.create("file", { signal }), "aborted");
    const upload = await multipart.create("file");
    await refused(multipart.putPart(upload, 1, bytesOf("x"), { signal }), "aborted");
    const part = await multipart.putPart(upload, 1, bytesOf("x"));
    await refused(multipart.complete(upload, [part], { signal }), "aborted");
    expect(await visible(driver)).toEqual([]);
  });
}

function addUploadListTests(suite: Suite): void {
  suite.test("ST-157", "uploads in progress under a directory", async ({ driver }) => {
    const multipart = driver.multipart!;
    const paths = ["dir/one", "dir/sub/two", "dir0/three", "dirt", "top"];
    const uploads = await Promise.all(paths.map((path) => multipart.create(path)));
    const twin = await multipart.create("dir/one");
    expect(twin.id).not.toBe(uploads[0]?.id);
    const under = async (directory: string): Promise<string[]> =>
      (await Array.fromAsync(multipart.listUploads(directory)))
        .flat()
        .map((upload) => upload.path)
        .sort();
    expect(await under("dir")).toEqual(["dir/one", "dir/one", "dir/sub/two"]);
    expect(await under("")).toEqual([...paths, "dir/one"].sort());
    expect(await under("none")).toEqual([]);
    const [found] = (await Array.fromAsync(multipart.listUploads("dir0"))).flat();
    expect(found?.id).toBe(uploads[2]?.id);
    if (found?.startedAt !== undefined)
      expect(Math.abs(found.startedAt - Date.now())).toBeLessThan(86_400_000);
    await completeWith(driver, found!, "x");
    for (const upload of [...uploads, twin]) await multipart.abort(upload);
    expect(await under("")).toEqual([]);
    await expectOnly(driver, "dir0/three", "x");
  });

  suite.test("ST-12 ST-157", "an upload with an odd name", async ({ driver }) => {
    const path = "dir &+%2F/ü 😀\n<x>";
    await driver.multipart!.create(path);
    const [found] = (await Array.fromAsync(driver.multipart!.listUploads(""))).flat();
    expect(found?.path).toBe(path);
    await completeWith(driver, found!, "odd");
    await expectOnly(driver, path, "odd");
  });
}

function addConditionTests(suite: Suite): void {
  const { complete } = suite.capabilities.conditions;

  suite.test("ST-158 ST-104", "conditions of complete", async ({ driver }) => {
    const multipart = driver.multipart!;
    const old = await put(driver, "file", "old");
    const upload = await multipart.create("file");
    const parts = [await multipart.putPart(upload, 1, bytesOf("new"))];
    if (!complete) {
      await refused(multipart.complete(upload, parts, { ifNoneMatch: "*" }), "unsupported");
      await refused(multipart.complete(upload, parts, { ifMatch: old.etag }), "unsupported");
      await expectOnly(driver, "file", "old");
      return;
    }
    await refused(multipart.complete(upload, parts, { ifNoneMatch: "*" }), "precondition-failed");
    await put(driver, "file", "changed");
    await refused(multipart.complete(upload, parts, { ifMatch: old.etag }), "precondition-failed");
    await expectOnly(driver, "file", "changed");
    const { etag: ifMatch } = (await driver.stat("file"))!;
    const again = await multipart.create("file");
    const fresh = [await multipart.putPart(again, 1, bytesOf("new"))];
    await multipart.complete(again, fresh, { ifMatch });
    await expectOnly(driver, "file", "new");
  });

  if (!complete) return;
  suite.test("ST-158", "complete of a path that is gone", async ({ driver }) => {
    const multipart = driver.multipart!;
    const { etag: ifMatch } = await put(driver, "file", "old");
    const upload = await multipart.create("file");
    const parts = [await multipart.putPart(upload, 1, bytesOf("new"))];
    await driver.remove("file");
    await refused(multipart.complete(upload, parts, { ifMatch }), "precondition-failed");
    expect(await visible(driver)).toEqual([]);
    await multipart.abort(upload);
  });

  suite.test("ST-158", "complete of a new path", async ({ driver }) => {
    const multipart = driver.multipart!;
    const uploads = await Promise.all([1, 2, 3, 4].map(() => multipart.create("file")));
    const results = await Promise.allSettled(
      uploads.map(async (upload, i) => {
        const part = await multipart.putPart(upload, 1, bytesOf(`upload ${i}`));
        return multipart.complete(upload, [part], { ifNoneMatch: "*" });
      }),
    );
    const winners = results.flatMap((result, i) => (result.status === "fulfilled" ? [i] : []));
    expect(winners.length).toBe(1);
    await expectOnly(driver, "file", `upload ${winners[0]}`);
  });
}

function addCopyPartTests(suite: Suite, partSize: number): void {
  const { copyPart, conditions } = suite.capabilities;

  if (!copyPart) {
    suite.test("ST-159", "copyPart is refused", async ({ driver }) => {
      await put(driver, "source", "content");
      const upload = await driver.multipart!.create("file");
      const range = { offset: 0, length: 7 };
      await refused(
        driver.multipart!.copyPart(upload, 1, { driver, path: "source" }, range),
        "unsupported",
      );
      await driver.multipart!.abort(upload);
    });
    return;
  }

  suite.test("ST-159", "an object of copied and sent parts", async ({ driver }) => {
    const multipart = driver.multipart!;
    const old = noise(2 * partSize + 100, 5);
    const source = { driver, path: "dir/ü +%2F source" };
    await driver.write(source.path, old);
    const upload = await multipart.create("file");
    const inserted = noise(partSize, 6);
    const parts = await Promise.all([
      multipart.copyPart(upload, 1, source, { offset: 0, length: partSize }),
      multipart.putPart(upload, 2, inserted),
      multipart.copyPart(upload, 3, source, { offset: partSize + 1, length: partSize + 99 }),
    ]);
    expect(parts.map((part) => part.size)).toEqual([partSize, partSize, partSize + 99]);
    const md5 = hashBytes("md5", old.subarray(partSize + 1));
    expect([md5, undefined]).toContain(parts[2].md5);
    await multipart.complete(upload, parts);
    expectBytes(
      await get(driver, "file"),
      Buffer.concat([old.subarray(0, partSize), inserted, old.subarray(partSize + 1)]),
    );
  });

  suite.test("ST-159", "onto the object that is being replaced", async ({ driver }) => {
    const multipart = driver.multipart!;
    const old = noise(partSize + 10, 7);
    await driver.write("file", old);
    const upload = await multipart.create("file");
    const source = { driver, path: "file" };
    const parts = [
      await multipart.copyPart(upload, 1, source, { offset: 0, length: partSize }),
      await multipart.putPart(upload, 2, bytesOf("new end")),
    ];
    await multipart.complete(upload, parts);
    expectBytes(
      await get(driver, "file"),
      Buffer.concat([old.subarray(0, partSize), bytesOf("new end")]),
    );
  });

  suite.test("ST-132 ST-159", "a source that is missing, or another", async ({ driver }) => {
    const multipart = driver.multipart!;
    const { etag: ifMatch } = await driver.write("source", noise(partSize));
    const upload = await multipart.create("file");
    const range = { offset: 0, length: partSize };
    await refused(multipart.copyPart(upload, 1, { driver, path: "none" }, range), "not-found");
    await driver.write("source", noise(partSize, 2));
    await refused(
      multipart.copyPart(upload, 1, { driver, path: "source", ifMatch }, range),
      conditions.partSource ? "precondition-failed" : "unsupported",
    );
    await multipart.abort(upload);
    expect(await visible(driver)).toEqual(["source"]);
    expect(await getText(driver, "source", { range: { offset: 0, length: 0 } })).toBe("");
  });
}

async function completeWith(
  driver: Driver,
  upload: Upload,
  text: string,
): ReturnType<NonNullable<Driver["multipart"]>["complete"]> {
  const part = await driver.multipart!.putPart(upload, 1, bytesOf(text));
  return driver.multipart!.complete(upload, [part]);
}

async function listedParts(driver: Driver, upload: Upload): Promise<readonly Part[]> {
  return (await Array.fromAsync(driver.multipart!.listParts(upload))).flat();
}
