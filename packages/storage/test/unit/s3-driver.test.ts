import { describe, expect, test, vi } from "vitest";
import type { Upload } from "../../src/driver.ts";
import { type StorageError, isStorageError } from "../../src/errors.ts";
import { hashBytes } from "../../src/hashes.ts";
import { S3Client } from "../../src/drivers/s3/s3-client.ts";
import type { S3Driver } from "../../src/drivers/s3/s3-driver.ts";
import { providerByName } from "../../src/drivers/s3/providers.ts";
import { BUCKET, bytesOf, configOf, driverOn, namesIn, startServer, textAt } from "./s3-helpers.ts";

const MIB = 1024 ** 2;

// Tens of megabytes go through some of these, on a machine that may have other work.
vi.setConfig({ testTimeout: 30_000 });

async function failure(attempt: Promise<unknown>): Promise<StorageError> {
  return attempt.then(
    () => expect.fail("succeeded"),
    (error: StorageError) => error,
  );
}

async function* streamOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function uploadsIn(driver: S3Driver): Promise<Upload[]> {
  return (await Array.fromAsync(driver.multipart.listUploads(""))).flat();
}

function blake3Of(text: string): string {
  return hashBytes("blake3", bytesOf(text));
}

function noise(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = Math.imul(i, 2_654_435_761) >>> 13;
  return bytes;
}

describe("[ST-59] a download", () => {
  test.each([
    ["cut off", { kind: "cut-body", afterBytes: 60_000 } as const],
    ["reset", { kind: "cut-body", afterBytes: 60_000, style: "reset" } as const],
    ["with a byte changed", { kind: "flip-response", at: 70_000 } as const],
  ])("that is %s is corrupt", async (_, fault) => {
    const server = await startServer();
    const driver = driverOn(server);
    await driver.write("a", noise(100_000));
    server.faults.add({ when: ({ operation }) => operation === "GetObject", do: fault });
    const { body } = await driver.read("a");
    expect(await failure(Array.fromAsync(body))).toMatchObject({ code: "corrupt", path: "a" });
  });

  test("of a range that the store does not keep to is corrupt", async () => {
    const server = await startServer();
    const driver = driverOn(server);
    await driver.write("a", noise(1000));
    server.faults.add({
      when: ({ operation }) => operation === "GetObject",
      do: {
        kind: "edit-response",
        edit: (it) => ({
          ...it,
          headers: { ...it.headers, "content-range": "bytes 0-9/1000" },
        }),
      },
    });
    const read = driver.read("a", { range: { offset: 10, length: 10 } });
    expect((await failure(read)).code).toBe("corrupt");
  });

  test("[ST-56] left before its first byte frees its connection", async () => {
    const server = await startServer();
    const driver = driverOn(server, { connections: 1 });
    await driver.write("a", noise(3 * MIB));
    for (let i = 0; i < 3; i++) {
      const { body } = await driver.read("a");
      await body[Symbol.asyncIterator]().return?.();
    }
    expect(await driver.stat("a")).toBeDefined();
  });
});

describe("a lost answer", () => {
  test("of a conditional PUT is success, if what lies there is what was sent", async () => {
    const server = await startServer();
    const driver = driverOn(server);
    server.faults.add({ do: { kind: "cut-response", afterBytes: 0 } });
    const entry = await driver.write("a", bytesOf("mine"), { ifNoneMatch: "*", mtime: 1000 });
    expect(entry).toEqual(await driver.stat("a"));
    expect(server.log.map(({ status }) => status)).toContain(412);
  });

  test("of a conditional PUT is refused, if it is somebody else's", async () => {
    const server = await startServer();
    const driver = driverOn(server);
    await driver.write("a", bytesOf("theirs"));
    server.faults.add({ do: { kind: "cut-request", afterBytes: 0 } });
    const write = driver.write("a", bytesOf("mine"), { ifNoneMatch: "*" });
    expect((await failure(write)).code).toBe("precondition-failed");
    expect(await textAt(driver, "a")).toBe("theirs");
  });

  test.each(["same-answer", "no-such-upload"] as const)(
    "[ST-154] of Complete is success (%s)",
    async (completeRepeat) => {
      const server = await startServer({ completeRepeat });
      const driver = driverOn(server);
      server.faults.add({
        when: ({ operation }) => operation === "CompleteMultipartUpload",
        do: { kind: "cut-response", afterBytes: 0 },
      });
      const content = noise(11 * MIB);
      const entry = await driver.write("a", content);
      expect(entry).toMatchObject({ size: 11 * MIB, parts: { size: 5 * MIB } });
      expect(server.requests.CompleteMultipartUpload).toBe(2);
      expect(server.requests.AbortMultipartUpload).toBe(0);
    },
  );

  test("of Complete with a condition is success", async () => {
    const server = await startServer({ completeRepeat: "no-such-upload" });
    const driver = driverOn(server);
    const upload = await driver.multipart.create("a");
    const part = await driver.multipart.putPart(upload, 1, bytesOf("mine"));
    server.faults.add({ do: { kind: "cut-response", afterBytes: 0 } });
    const entry = await driver.multipart.complete(upload, [part], { ifNoneMatch: "*" });
    expect(entry.size).toBe(4);
  });

  test("of a conditional DELETE is success", async () => {
    const server = await startServer();
    const driver = driverOn(server);
    const { etag } = await driver.write("a", bytesOf("x"));
    server.faults.add({ do: { kind: "cut-response", afterBytes: 0 } });
    await driver.remove("a", { ifMatch: etag });
    expect(await driver.stat("a")).toBeUndefined();
  });

  test.each([true, false])(
    "[ST-161] Complete says whether what lies there is its own: %s",
    async (isOwn) => {
      const server = await startServer();
      const driver = driverOn(server);
      const upload = await driver.multipart.create("a");
      const part = await driver.multipart.putPart(upload, 1, bytesOf("mine"));
      server.faults.add({
        when: ({ operation }) => operation === "HeadObject",
        do: { kind: "delay", ms: isOwn ? 0 : 400 },
      });
      const completing = driver.multipart.complete(upload, [part]);
      while (server.requests.HeadObject === 0) await new Promise(setImmediate);
      if (!isOwn) await driver.write("a", bytesOf("other"));
      expect(await completing).toMatchObject({ isOwn });
    },
  );

  test.each([true, false])(
    "[ST-135] a copy says whether what lies there is its own: %s",
    async (isOwn) => {
      const server = await startServer();
      const driver = driverOn(server);
      await driver.write("a", bytesOf("mine"));
      const heads = server.requests.HeadObject;
      server.faults.add({
        when: ({ operation }) => operation === "HeadObject",
        do: { kind: "delay", ms: isOwn ? 0 : 400 },
      });
      const copying = driver.copy({ driver, path: "a" }, "b");
      while (server.requests.HeadObject === heads) await new Promise(setImmediate);
      if (!isOwn) await driver.write("b", bytesOf("other"));
      expect(await copying).toMatchObject({ isOwn });
    },
  );

  test("Complete of an upload that is really gone is not-found", async () => {
    const server = await startServer();
    const driver = driverOn(server);
    await driver.write("a", bytesOf("other"));
    const upload = await driver.multipart.create("a");
    const part = await driver.multipart.putPart(upload, 1, bytesOf("mine"));
    await driver.multipart.abort(upload);
    expect((await failure(driver.multipart.complete(upload, [part]))).code).toBe("not-found");
    expect(await textAt(driver, "a")).toBe("other");
  });
});

describe("uploads in parts", () => {
  test("[ST-60] a long stream: every byte, few in flight, a hash by parts", async () => {
    const server = await startServer();
    const driver = driverOn(server);
    const content = noise(17 * MIB + 3);
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < content.length; at += 777_777)
      chunks.push(content.subarray(at, at + 777_777));
    const entry = await driver.write("a", streamOf(...chunks), {
      hashes: { blake3: hashBytes("blake3", content) },
    });
    expect(
      Buffer.concat(await Array.fromAsync((await driver.read("a")).body)).equals(content),
    ).toBe(true);
    const { parts, hashes } = (await driver.stat("a"))!;
    const md5s = [0, 5, 10, 15].map((at) =>
      hashBytes("md5", content.subarray(at * MIB, (at + 5) * MIB)),
    );
    expect(parts).toEqual({
      size: 5 * MIB,
      md5: hashBytes("md5", Buffer.from(md5s.join(""), "hex")),
    });
    expect(hashes?.blake3).toBe(hashBytes("blake3", content));
    expect(entry.etag).toBe(`${parts?.md5}-4`);
  });

  test("[ST-60] a stream of unknown size, longer than what is collected for one PUT", async () => {
    const server = await startServer();
    // The first to lie in memory that was used before is sent again when the next ones have come.
    server.faults.add({
      when: ({ query }) => query.get("partNumber") === "5",
      do: { kind: "error", code: "InternalError" },
    });
    const driver = driverOn(server, { singlePutLimit: 12 * MIB });
    const content = noise(43 * MIB + 5);
    // One buffer for every chunk, as a producer may well have.
    const buffer = new Uint8Array(MIB);
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < content.length; at += MIB) {
        const chunk = content.subarray(at, at + MIB);
        buffer.set(chunk);
        yield buffer.subarray(0, chunk.length);
      }
    }
    await driver.write("a", body());
    const stored = Buffer.concat(await Array.fromAsync((await driver.read("a")).body));
    expect(stored.equals(content)).toBe(true);
  });

  test.each([
    ["too short", 12 * MIB + 1, {}],
    ["too long", 12 * MIB - 1, {}],
    ["of another hash", 12 * MIB, { blake3: "0".repeat(64) }],
  ])("[ST-62] a body %s stores nothing and leaves no upload", async (_, size, hashes) => {
    const server = await startServer();
    const driver = driverOn(server);
    const write = driver.write("a", streamOf(noise(12 * MIB)), { size, hashes });
    expect((await failure(write)).code).toBe("corrupt");
    expect(await driver.stat("a")).toBeUndefined();
    expect(await uploadsIn(driver)).toEqual([]);
  });

  test("[ST-2] a body that throws, or is aborted while stuck, leaves no upload", async () => {
    const server = await startServer();
    const driver = driverOn(server);
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield noise(11 * MIB);
      throw new Error("the source broke");
    }
    const error = await failure(driver.write("a", broken()));
    expect(error).toMatchObject({ code: "internal", path: "a" });
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield noise(11 * MIB);
      await new Promise(() => {});
    }
    for (const wait of ["CreateMultipartUpload", "UploadPart"] as const) {
      const controller = new AbortController();
      const { signal } = controller;
      const before = server.requests[wait];
      const writing = failure(driver.write("a", stuck(), { signal }));
      await vi.waitUntil(() => server.requests[wait] > before, 10_000);
      controller.abort();
      expect((await writing).code).toBe("aborted");
      await vi.waitUntil(async () => (await uploadsIn(driver)).length === 0, 10_000);
    }
    expect(await namesIn(driver)).toEqual([]);
  });

  test("a part that fails for good ends the upload", async () => {
    const server = await startServer();
    const driver = driverOn(server);
    server.faults.add({
      when: ({ operation, n }) => operation === "UploadPart" && n === 2,
      do: { kind: "error", code: "AccessDenied" },
    });
    expect((await failure(driver.write("a", noise(17 * MIB)))).code).toBe("permission-denied");
    expect(server.requests.AbortMultipartUpload).toBe(1);
  });

  test("a part with a wrong hash is refused at once", async () => {
    const server = await startServer();
    const driver = driverOn(server, { maxAttempts: 1 });
    const upload = await driver.multipart.create("a");
    const put = driver.multipart.putPart(upload, 1, noise(100_000), {
      hashes: { md5: "0".repeat(32) },
    });
    expect(await failure(put)).toMatchObject({ code: "corrupt", retry: "never" });
  });

  test("a stored part whose ETag is another is corrupt", async () => {
    const server = await startServer();
    const driver = driverOn(server);
    const upload = await driver.multipart.create("a");
    const etag = `"${"0".repeat(32)}"`;
    server.faults.add({
      do: { kind: "edit-response", edit: (it) => ({ ...it, headers: { ...it.headers, etag } }) },
    });
    const put = driver.multipart.putPart(upload, 1, noise(100_000));
    expect((await failure(put)).code).toBe("corrupt");
  });
});

describe("listings", () => {
  test("[ST-42] keys that are no paths are reported, the rest is listed", async () => {
    const server = await startServer();
    const client = new S3Client(configOf(server));
    const odd = ["a//b", "../up", "/lead", "x/./y", "x/../y", "dir/", "full/", "trail//"];
    for (const key of [...odd, "good", "x/good"]) {
      const body = key === "full/" ? bytesOf("x") : new Uint8Array(0);
      const payloadHash = hashBytes("sha256", body);
      await client.send({
        method: "PUT",
        operation: "put",
        path: undefined,
        key,
        body,
        payloadHash,
      });
    }
    await client.close();
    const driver = driverOn(server);
    const problems: StorageError[] = [];
    const options = {
      recursive: true,
      onProblem: (problem: StorageError) => problems.push(problem),
    };
    const pages = await Array.fromAsync(driver.list("", options));
    expect(pages.flat().map(({ path, kind }) => `${kind} ${path}`)).toEqual([
      "directory dir",
      "file good",
      "file x/good",
    ]);
    const bad = ["../up", "/lead", "a//b", "full/", "trail//", "x/../y", "x/./y"];
    expect(new Set(problems.map(({ path }) => path))).toEqual(new Set(bad));
    for (const problem of problems) expect(problem.code).toBe("invalid-path");
    expect((await failure(Array.fromAsync(driver.list("", { recursive: true })))).code).toBe(
      "invalid-path",
    );
    const top = await Array.fromAsync(driver.list("", { onProblem: () => {} }));
    expect(top.flat().map(({ path }) => path)).toEqual(["a", "dir", "full", "good", "trail", "x"]);
  });

  test.each([
    ["the current listing, short pages", {}, true],
    ["the older listing, by marker", { listV2: false } as const, false],
    ["keys that are not encoded", { urlEncodingList: false } as const, true],
  ])("%s: everything, in order", async (_, quirks, shortPages) => {
    const server = await startServer({ shortPages });
    const driver = driverOn(server, { quirks });
    const names = Array.from({ length: 30 }, (_unused, i) => `d/${i} &+%2F ü`).sort();
    for (const name of names) await driver.write(name, bytesOf("x"));
    expect(await namesIn(driver)).toEqual(names);
    const direct = await Array.fromAsync(driver.list(""));
    expect(direct.flat().map(({ path, kind }) => [path, kind])).toEqual([["d", "directory"]]);
  });

  test.each([
    ["a provider that is known for it", { provider: "storj" }],
    ["a server that is said to", { unorderedList: true }],
  ])(
    "[ST-43] %s lists in an order of its own: all of it, and no order is claimed",
    async (_, as) => {
      const server = await startServer({ shortPages: true, scrambledLists: true });
      const driver = driverOn(server, as);
      const names = Array.from({ length: 30 }, (_unused, i) => `d${i % 3}/f${i}`);
      for (const name of names) await driver.write(name, bytesOf("x"));
      expect(driver.capabilities).toMatchObject({ orderedList: false, resumableList: false });
      const found = await namesIn(driver);
      expect(found).not.toEqual([...names].sort());
      expect(found.sort()).toEqual([...names].sort());
      const startAfter = "d1/f2";
      const later = await Array.fromAsync(driver.list("", { recursive: true, startAfter }));
      expect(
        later
          .flat()
          .map(({ path }) => path)
          .sort(),
      ).toEqual(names.filter((name) => name > startAfter).sort());
      await driver.setAttributes("d1/f1", { mtime: 1000 });
      await driver.mkdir("d1", { mode: 0o700 });
      expect(await driver.stat("d1")).toMatchObject({ kind: "directory", mode: 0o700 });
    },
  );

  test("[ST-41] a page that is cut makes the listing throw, however it is cut", async () => {
    const server = await startServer();
    const driver = driverOn(server, { maxAttempts: 1 });
    for (const name of ["a", "b", "c"]) await driver.write(name, bytesOf("x"));
    const whole = 900;
    for (let end = 0; end < whole; end += 13) {
      server.faults.add({
        do: {
          kind: "edit-response",
          edit: (it) => {
            const body = Buffer.concat(it.body);
            return { ...it, body: [body.subarray(0, Math.min(end, body.byteLength - 1))] };
          },
        },
      });
      const error = await failure(Array.fromAsync(driver.list("")));
      expect(error).toMatchObject({ code: "corrupt", path: "" });
    }
  });

  test("[ST-41] a page that says it goes on, but not where, makes the listing throw", async () => {
    const server = await startServer();
    const driver = driverOn(server);
    server.faults.add({
      do: {
        kind: "edit-response",
        edit: (it) => ({
          ...it,
          body: [
            Buffer.from("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"),
          ],
        }),
      },
    });
    expect((await failure(Array.fromAsync(driver.list("")))).code).toBe("corrupt");
  });

  test("a missing bucket is not-found, and a path in it is missing", async () => {
    const server = await startServer();
    const driver = driverOn(server, { bucket: "none" });
    expect((await failure(Array.fromAsync(driver.list("")))).code).toBe("not-found");
    expect(await driver.stat("")).toBeUndefined();
    expect(await driver.stat("a")).toBeUndefined();
    expect((await failure(driver.remove("a"))).code).toBe("not-found");
  });
});

describe("copies", () => {
  const small = { limits: { maxCopySize: 6 * MIB, maxPutSize: 6 * MIB, maxPartSize: 6 * MIB } };
  const quirks = { maxPartSize: 6 * MIB };

  test("[ST-130] of what is too large for one copy: in parts, with its attributes", async () => {
    const server = await startServer(small);
    const driver = driverOn(server, { quirks });
    const content = noise(13 * MIB);
    const attributes = { mtime: 5000, mode: 0o600, contentType: "text/x", metadata: { a: "ü" } };
    await driver.write("a", content, attributes);
    const copied = await driver.copy({ driver, path: "a" }, "b");
    expect(copied).toMatchObject({ ...attributes, size: 13 * MIB });
    expect(server.requests.UploadPartCopy).toBe(3);
    expect(
      Buffer.concat(await Array.fromAsync((await driver.read("b")).body)).equals(content),
    ).toBe(true);
    const changed = await driver.setAttributes("b", { mtime: 6000 });
    expect(changed).toMatchObject({ ...attributes, mtime: 6000 });
    expect((await driver.copy({ driver, path: "a" }, "c", { mode: 0o644 })).mode).toBe(0o644);
    expect(await uploadsIn(driver)).toEqual([]);
  });

  test("of what changes meanwhile store nothing and leave no upload", async () => {
    const server = await startServer(small);
    const driver = driverOn(server, {
      quirks: {
        ...quirks,
        conditions: {
          create: true,
          replace: true,
          remove: true,
          complete: true,
          copySource: false,
          partSource: false,
        },
      },
    });
    const content = noise(13 * MIB);
    await driver.write("a", content);
    const next = content.toReversed();
    server.faults.add({
      when: ({ operation, n }) => operation === "UploadPartCopy" && n === 2,
      do: { kind: "delay", ms: 2000 },
    });
    const copying = failure(driver.copy({ driver, path: "a" }, "b"));
    await vi.waitUntil(() => server.requests.UploadPartCopy === 3, 10_000);
    await driver.write("a", next);
    expect((await copying).code).toBe("changed");
    expect(await driver.stat("b")).toBeUndefined();
    expect(await uploadsIn(driver)).toEqual([]);
  });

  const ignored = { copySource: false, copyTarget: false, create: false, replace: false } as const;
  test.each([
    ["a condition on the source", {}, true],
    ["none", { ...ignored }, false],
  ])(
    "[ST-86] attributes never come to lie with other content (held by %s)",
    async (_, off, isHeld) => {
      const server = await startServer();
      const quirks = { conditions: { ...providerByName("aws").quirks.conditions, ...off } };
      const driver = driverOn(server, { quirks });
      for (const copies of [false, true]) {
        const path = copies ? "copy" : "a";
        await driver.write("a", bytesOf("old"), {
          mtime: 5000,
          hashes: { blake3: blake3Of("old") },
        });
        const { etag } = (await driver.stat("a"))!;
        const n = server.requests.CopyObject + 1;
        server.faults.add({
          when: ({ operation }) => operation === "CopyObject",
          do: { kind: "delay", ms: 1000 },
        });
        const changing = failure(
          copies
            ? driver.copy({ driver, path: "a" }, path, { mode: 0o600 })
            : driver.setAttributes(path, { mode: 0o600 }),
        );
        await vi.waitUntil(() => server.requests.CopyObject === n, 10_000);
        await driver.write("a", bytesOf("new"), {
          mtime: 6000,
          hashes: { blake3: blake3Of("new") },
        });
        expect((await changing).code).toBe("changed");
        const now = await driver.stat(path);
        if (isHeld) expect(now?.mtime).toBe(copies ? undefined : 6000);
        else
          expect(now).toMatchObject({ size: 3, hashes: { md5: hashBytes("md5", bytesOf("new")) } });
        if (!isHeld) expect([now?.mtime, now?.hashes?.blake3]).toEqual([undefined, undefined]);
        expect(now?.etag).not.toBe(etag);
      }
    },
  );

  test("[ST-86] a copy onto itself is held by its target where the store honours only that", async () => {
    const server = await startServer();
    const conditions = { ...providerByName("aws").quirks.conditions, copySource: false };
    const driver = driverOn(server, { quirks: { conditions } });
    await driver.probe({ write: true });
    await driver.write("a", bytesOf("old"), { mtime: 5000 });
    const n = server.requests.CopyObject + 1;
    server.faults.add({
      when: ({ operation }) => operation === "CopyObject",
      do: { kind: "delay", ms: 1000 },
    });
    const changing = failure(driver.setAttributes("a", { mode: 0o600 }));
    await vi.waitUntil(() => server.requests.CopyObject === n, 10_000);
    await driver.write("a", bytesOf("new"), { mtime: 6000 });
    expect((await changing).code).toBe("changed");
    expect(await driver.stat("a")).toMatchObject({ mtime: 6000 });
  });

  test("[ST-86] what no ETag can show keeps no hash, where nothing holds the copy", async () => {
    const server = await startServer();
    const conditions = { ...providerByName("aws").quirks.conditions, ...ignored };
    const driver = driverOn(server, { quirks: { conditions } });
    const content = noise(6 * MIB);
    await driver.write("a", content, { hashes: { blake3: hashBytes("blake3", content) } });
    await driver.write("b", bytesOf("x"), { hashes: { blake3: blake3Of("x") } });
    expect((await driver.stat("a"))?.hashes?.blake3).toBeDefined();
    expect((await driver.setAttributes("a", { mtime: 7000 })).hashes?.blake3).toBeUndefined();
    expect((await driver.setAttributes("b", { mtime: 7000 })).hashes?.blake3).toBe(blake3Of("x"));
    expect((await driver.copy({ driver, path: "b" }, "c", { mtime: 8000 })).hashes?.blake3).toBe(
      blake3Of("x"),
    );
  });

  test("[ST-85] keep what S3 has and omnisync does not show", async () => {
    const server = await startServer();
    const client = new S3Client(configOf(server));
    const headers = [
      "cache-control",
      "max-age=5",
      "content-encoding",
      "x",
      "content-type",
      "text/x",
    ];
    const body = bytesOf("x");
    await client.send({
      ...{ method: "PUT", operation: "put", path: undefined, key: "a", headers, body },
      payloadHash: hashBytes("sha256", body),
    });
    const driver = driverOn(server);
    await driver.setAttributes("a", { mtime: 5000 });
    const answer = await client.send({
      method: "HEAD",
      operation: "head",
      path: undefined,
      key: "a",
    });
    await client.close();
    expect(answer.headers).toMatchObject({ "cache-control": "max-age=5", "content-encoding": "x" });
    expect(await driver.stat("a")).toMatchObject({ mtime: 5000, contentType: "text/x" });
  });

  test("[ST-134] are for the same endpoint and the same account", async () => {
    const server = await startServer({ buckets: { [BUCKET]: {}, other: {} } });
    const driver = driverOn(server);
    const sibling = driverOn(server, { bucket: "other" });
    const stranger = driverOn(await startServer());
    await Promise.all([driver.probe(), sibling.probe(), stranger.probe()]);
    expect(driver.canCopyFrom(sibling)).toBe(true);
    expect(driver.canCopyFrom(stranger)).toBe(false);
    await sibling.write("a +%/ü", bytesOf("x"));
    await driver.copy({ driver: sibling, path: "a +%/ü" }, "b");
    expect(await textAt(driver, "b")).toBe("x");
  });
});

describe("many at once", () => {
  test("[ST-200] names that XML cannot hold are removed too", async () => {
    const server = await startServer();
    const driver = driverOn(server);
    const names = ["a", "b\u0001", "c\uffff", "d\r\n&<>", "missing"];
    for (const name of names.slice(0, -1)) await driver.write(name, bytesOf("x"));
    expect(await driver.removeMany!(names)).toEqual([]);
    expect(await namesIn(driver)).toEqual([]);
  });

  test("[ST-201] what the store does not answer for counts as failed", async () => {
    const server = await startServer();
    const driver = driverOn(server);
    for (const name of ["a", "b"]) await driver.write(name, bytesOf("x"));
    server.faults.add({
      do: {
        kind: "edit-response",
        edit: (it) => {
          const text = Buffer.concat(it.body).toString();
          const body = text.replace(/<Deleted><Key>a<\/Key>.*?<\/Deleted>/, "");
          const denied = "<Error><Key>b</Key><Code>AccessDenied</Code></Error>";
          return { ...it, body: [Buffer.from(body.replace(/<Deleted>.*<\/Deleted>/, denied))] };
        },
      },
    });
    const failures = await driver.removeMany!(["a", "b"]);
    expect(failures.map(({ path, code }) => `${path} ${code}`).sort()).toEqual([
      "a unavailable",
      "b permission-denied",
    ]);
  });

  test("a store without such a request gets one each", async () => {
    const server = await startServer();
    const driver = driverOn(server);
    await driver.write("a", bytesOf("x"));
    server.faults.add({ do: { kind: "error", code: "NotImplemented" } });
    expect(await driver.removeMany!(["a"])).toEqual([]);
    expect(server.requests.DeleteObject).toBe(1);
    expect(driverOn(server, { quirks: { removeManyLimit: false } }).removeMany).toBeUndefined();
  });
});

test("customer keys: every request that needs them has them", async () => {
  const server = await startServer();
  const sseCustomerKey = Buffer.from("0123456789abcdef0123456789abcdef").toString("base64");
  const driver = driverOn(server, { sseCustomerKey });
  const content = noise(6 * MIB);
  await driver.write("small", bytesOf("x"), { mtime: 1000 });
  await driver.write("large", content);
  expect(await textAt(driver, "small")).toBe("x");
  expect((await driver.stat("small"))?.hashes?.md5).toBeUndefined();
  await driver.copy({ driver, path: "large" }, "copy");
  expect(await driver.setAttributes("small", { mtime: 2000 })).toMatchObject({ mtime: 2000 });
  const { body } = await driver.read("copy");
  expect(Buffer.concat(await Array.fromAsync(body)).equals(content)).toBe(true);
  const without = await failure(driverOn(server).stat("small"));
  expect(isStorageError(without)).toBe(true);
});

test("requester pays: every request says so", async () => {
  const server = await startServer({ buckets: { [BUCKET]: { requesterPays: true } } });
  const driver = driverOn(server, { requesterPays: true });
  await driver.write("a", noise(6 * MIB));
  await driver.copy({ driver, path: "a" }, "b");
  await driver.mkdir("d");
  await driver.rmdir("d");
  expect(await driver.removeMany!(["a", "b"])).toEqual([]);
  for (const { headers, operation } of server.log)
    expect(headers["x-amz-request-payer"], operation).toBe("requester");
});

test("a store that gives checksums only to who may decrypt is asked without", async () => {
  const server = await startServer();
  const driver = driverOn(server);
  await driver.write("a", bytesOf("x"));
  server.faults.add({ do: { kind: "error", code: "AccessDenied" } });
  expect(await driver.stat("a")).toMatchObject({ size: 1 });
  const before = server.requests.HeadObject;
  await driver.stat("a");
  expect(server.requests.HeadObject).toBe(before + 1);
});
