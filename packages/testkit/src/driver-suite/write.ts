import { type Body, StorageError, type WriteOptions, hashBytes } from "@omnisync/storage";
import { expect } from "vitest";
import {
  NOT_BYTES,
  bytesOf,
  expectBytes,
  expectOnly,
  expectStatOf,
  get,
  getText,
  heldBody,
  noise,
  put,
  refused,
  streamOf,
  stuckBody,
  visible,
  watchedBody,
} from "./content.ts";
import type { Suite } from "./suite.ts";

/** Above every buffer that a driver may use before it decides how to send. */
const LARGE = 9 * 1024 * 1024 + 13;

export function addWriteTests(suite: Suite): void {
  addBodyTests(suite);
  addFailureTests(suite);
  addAtomicityTests(suite);
  addPlacementTests(suite);
}

function addBodyTests(suite: Suite): void {
  const chunks = [bytesOf("one "), bytesOf(""), bytesOf("two "), bytesOf("three")];
  const bodies: Readonly<Record<string, () => Body>> = {
    bytes: () => bytesOf("one two three"),
    "part of a larger buffer": () => bytesOf("zero one two three four").subarray(5, 18),
    "a stream": () => streamOf(...chunks),
    "a function": () => () => streamOf(...chunks),
  };

  for (const [kind, body] of Object.entries(bodies)) {
    suite.test("ST-60 ST-61", `${kind}, of known and unknown size`, async ({ driver }) => {
      for (const size of [13, undefined]) {
        const entry = await driver.write("file", body(), { size });
        expect(entry).toMatchObject({ path: "file", kind: "file", size: 13, complete: true });
        await expectStatOf(driver, entry);
        await expectOnly(driver, "file", "one two three");
        await driver.remove("file");
      }
    });
  }

  if (suite.capabilities.paces) {
    suite.test("ST-300", "asks for every byte before it leaves", async ({ driver }) => {
      let taken = 0;
      const pace = { pieceSize: 5, take: async (bytes: number) => void (taken += bytes) };
      const text = "1234 bytes".padEnd(1234);
      const bytes = bytesOf(text);
      for (const body of [bytes, streamOf(bytes), () => streamOf(bytes)]) {
        taken = 0;
        await driver.write("file", body, { pace });
        expect(taken).toBe(1234);
        const refuse = { pieceSize: 5, take: () => Promise.reject(new StorageError("aborted")) };
        await refused(driver.write("new", bytes, { pace: refuse }), "aborted");
        await expectOnly(driver, "file", text);
      }
      if (driver.multipart === undefined) return;
      const upload = await driver.multipart.create("parts");
      taken = 0;
      await driver.multipart.putPart(upload, 1, bytes, { pace });
      expect(taken).toBe(1234);
      await driver.multipart.abort(upload);
    });
  }

  suite.test("ST-60", "empty files", async ({ driver }) => {
    const empty: readonly Body[] = [
      new Uint8Array(0),
      streamOf(),
      streamOf(new Uint8Array(0)),
      () => streamOf(),
    ];
    for (const [index, body] of empty.entries()) {
      for (const size of index % 2 === 0 ? [0] : [undefined]) {
        const entry = await driver.write(`empty${index}`, body, { size });
        expect(entry.size).toBe(0);
        await expectStatOf(driver, entry);
        expect((await get(driver, `empty${index}`)).byteLength).toBe(0);
      }
    }
  });

  suite.test("ST-60 ST-61", "a large file in uneven chunks", async ({ driver }) => {
    const whole = noise(LARGE);
    const pieces = (): AsyncIterable<Uint8Array> =>
      streamOf(
        whole.subarray(0, 1),
        whole.subarray(1, 65_537),
        whole.subarray(65_537, 5_242_881),
        whole.subarray(5_242_881),
      );
    for (const size of [LARGE, undefined]) {
      const entry = await driver.write("large", pieces(), { size });
      expect(entry.size).toBe(LARGE);
      expectBytes(await get(driver, "large"), whole);
    }
    await driver.write("large", whole);
    expectBytes(await get(driver, "large"), whole);
  });

  suite.test("ST-6", "a buffer that the caller uses again", async ({ driver }) => {
    const buffer = bytesOf("content");
    await driver.write("bytes", buffer);
    await driver.write("stream", streamOf(buffer));
    buffer.fill(0);
    expect(await getText(driver, "bytes")).toBe("content");
    expect(await getText(driver, "stream")).toBe("content");
  });

  suite.test("ST-6", "a buffer that the body uses again for each chunk", async ({ driver }) => {
    const whole = noise(300_000);
    async function* reusing(): AsyncGenerator<Uint8Array> {
      const buffer = new Uint8Array(70_000);
      for (let at = 0; at < whole.byteLength; at += buffer.byteLength) {
        const piece = whole.subarray(at, at + buffer.byteLength);
        buffer.set(piece);
        yield buffer.subarray(0, piece.byteLength);
        buffer.fill(0);
      }
    }
    for (const size of [whole.byteLength, undefined]) {
      await driver.write("reused", reusing(), { size });
      expectBytes(await get(driver, "reused"), whole);
    }
  });

  suite.test("ST-6", "the options are not changed", async ({ driver }) => {
    const options = Object.freeze({ size: 1, mtime: 1000, ifMatch: undefined });
    await driver.write("file", bytesOf("x"), options);
    expect(options).toEqual({ size: 1, mtime: 1000, ifMatch: undefined });
  });

  suite.test("ST-70", "the same write twice", async ({ driver }) => {
    await put(driver, "file", "same");
    await put(driver, "file", "same");
    await expectOnly(driver, "file", "same");
  });

  suite.test("ST-60", "a durable write", async ({ driver }) => {
    await driver.write("dir/file", bytesOf("safe"), { durable: true });
    await expectOnly(driver, "dir/file", "safe");
  });

  suite.test("ST-69", "hashes that the caller knows", async ({ driver }) => {
    const bytes = bytesOf("content");
    const hashes = {
      md5: hashBytes("md5", bytes),
      sha256: hashBytes("sha256", bytes),
      blake3: hashBytes("blake3", bytes),
    };
    await driver.write("file", bytes, { hashes });
    await driver.write("streamed", streamOf(bytes), { hashes, size: 7 });
    const wrong = { sha256: hashBytes("sha256", bytesOf("other")) };
    const attempt = driver.write("file", bytesOf("changed"), { hashes: wrong });
    const kept = await attempt.then(
      () => "changed",
      async (error: unknown) => {
        await refused(Promise.reject(error), "corrupt");
        return "content";
      },
    );
    expect(await getText(driver, "file")).toBe(kept);
    expect((await driver.stat("file"))?.hashes?.sha256).not.toBe(wrong.sha256);
  });
}

function addFailureTests(suite: Suite): void {
  const odd: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "upper case": { md5: hashBytes("md5", bytesOf("new")).toUpperCase() },
    "too short": { sha256: "00" },
    "no hex": { blake3: "x".repeat(64) },
    "an unknown name": { sha512: "0".repeat(128) },
  };
  for (const [title, hashes] of Object.entries(odd)) {
    suite.test("ST-76", `a hash with ${title}`, async ({ driver }) => {
      await put(driver, "file", "old");
      for (const body of [bytesOf("new"), stuckBody(bytesOf("new"))])
        await refused(driver.write("file", body, { hashes }), "invalid-argument");
      const upload = await driver.multipart?.create("file");
      const part = driver.multipart?.putPart(upload!, 1, bytesOf("new"), { hashes });
      if (part !== undefined) await refused(part, "invalid-argument");
      await driver.multipart?.abort(upload!);
      await expectOnly(driver, "file", "old");
    });
  }

  suite.test("ST-8", "the stream of a refused write is left", async ({ driver }) => {
    await put(driver, "file", "old");
    const refusals: readonly (readonly [path: string, options: WriteOptions])[] = [
      ["a//b", {}],
      ["file", { signal: AbortSignal.abort() }],
      ["file", { size: 1 }],
      ["file", { ifNoneMatch: "*" }],
    ];
    const refuse = async (path: string, options: WriteOptions = {}): Promise<void> => {
      const { body, isOver } = watchedBody(bytesOf("new"));
      await expect(driver.write(path, body, options)).rejects.toThrow();
      // Whoever leaves a stream need not wait for it.
      await new Promise(setImmediate);
      expect(isOver(), JSON.stringify(options)).toBe(true);
    };
    for (const [path, options] of refusals) await refuse(path, options);
    await expectOnly(driver, "file", "old");
    await driver.close();
    await refuse("file");
  });

  suite.test("ST-7", "bodies and chunks that are not bytes", async ({ driver }) => {
    await put(driver, "file", "old");
    for (const odd of NOT_BYTES) {
      for (const size of [undefined, LARGE]) {
        const stream = streamOf(bytesOf("first"), odd);
        for (const body of [odd, () => odd as never, stream, () => streamOf(odd)])
          await refused(driver.write("file", body, { size }), "invalid-argument");
        await refused(driver.write("new", streamOf(odd), { size }), "invalid-argument");
      }
    }
    await expectOnly(driver, "file", "old");
  });

  const short = (): AsyncIterable<Uint8Array> => streamOf(bytesOf("only"), bytesOf(" ten!!"));

  for (const [title, size] of [
    ["shorter than announced", 11],
    ["much shorter than announced", LARGE],
    ["longer than announced", 9],
    ["longer than announced nothing", 0],
  ] as const) {
    suite.test("ST-62", `a body ${title}`, async ({ driver }) => {
      for (const body of [bytesOf("only ten!!"), short(), short])
        await refused(driver.write("new", body, { size }), "corrupt");
      expect(await visible(driver)).toEqual([]);
      await put(driver, "file", "old");
      for (const body of [bytesOf("only ten!!"), short(), short])
        await refused(driver.write("file", body, { size }), "corrupt");
      await expectOnly(driver, "file", "old");
    });
  }

  suite.test("ST-62", "a large body of the wrong size", async ({ driver }) => {
    await put(driver, "file", "old");
    for (const size of [LARGE - 1, LARGE + 1])
      await refused(driver.write("file", streamOf(...inPieces(LARGE)), { size }), "corrupt");
    await expectOnly(driver, "file", "old");
  });

  for (const size of [undefined, 20, LARGE]) {
    suite.test(
      "ST-2 ST-63",
      `a body of ${size ?? "unknown size"} that throws`,
      async ({ driver }) => {
        const problem = new Error("the source broke");
        async function* broken(thrown: unknown): AsyncGenerator<Uint8Array> {
          yield bytesOf("half of it");
          await new Promise(setImmediate);
          throw thrown;
        }
        const error = await refused(driver.write("new", broken(problem), { size }), "internal");
        expect(error.cause).toBe(problem);
        expect(await visible(driver)).toEqual([]);
        await put(driver, "file", "old");
        await refused(
          driver.write("file", () => broken(problem), { size }),
          "internal",
        );
        const own = new StorageError("changed", { path: "elsewhere" });
        expect(await refused(driver.write("file", broken(own), { size }), "changed")).toBe(own);
        await expectOnly(driver, "file", "old");
      },
    );
  }

  suite.test("ST-63", "a large body that throws near its end", async ({ driver }) => {
    await put(driver, "file", "old");
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield* inPieces(LARGE);
      throw new Error("the source broke");
    }
    await refused(driver.write("file", broken()), "internal");
    await refused(driver.write("new", broken()), "internal");
    await expectOnly(driver, "file", "old");
  });

  for (const size of [undefined, 20, LARGE]) {
    suite.test("ST-3 ST-64", `abort in a body of ${size ?? "unknown size"}`, async ({ driver }) => {
      await put(driver, "file", "old");
      for (const path of ["file", "new"]) {
        const controller = new AbortController();
        const { signal } = controller;
        const { body, reached } = heldBody(bytesOf("first half"), bytesOf("other half"));
        const writing = driver.write(path, body, { size, signal });
        await Promise.race([reached, writing]);
        controller.abort();
        await refused(writing, "aborted");
      }
      await expectOnly(driver, "file", "old");
    });
  }

  suite.test(
    "ST-3 ST-64",
    "abort before the start, and of a body that is stuck",
    async ({ driver }) => {
      const aborted = AbortSignal.abort();
      await refused(driver.write("new", bytesOf("x"), { signal: aborted }), "aborted");
      const signal = AbortSignal.timeout(50);
      await refused(driver.write("new", stuckBody(bytesOf("x")), { signal }), "aborted");
      const large = AbortSignal.timeout(300);
      await refused(driver.write("new", stuckBody(noise(LARGE)), { signal: large }), "aborted");
      expect(await visible(driver)).toEqual([]);
    },
  );
}

function addAtomicityTests(suite: Suite): void {
  suite.test("ST-65", "readers see one version or the other, whole", async ({ driver, reopen }) => {
    const reader = await reopen();
    const versions = [noise(300_000, 1), noise(300_001, 2)] as const;
    await driver.write("file", versions[0]);
    let writing = true;
    const read = async (): Promise<void> => {
      while (writing) {
        // A replaced file may end a body with an error (ST-58), never with a mix.
        const bytes = await get(reader, "file").catch((error: unknown) =>
          refused(Promise.reject(error), "changed", "corrupt"),
        );
        if (bytes instanceof Uint8Array)
          expect(versions.some((version) => Buffer.compare(version, bytes) === 0)).toBe(true);
        expect(await reader.stat("file")).toBeDefined();
      }
    };
    const readers = Promise.all([read(), read(), read()]);
    try {
      for (let i = 1; i <= 20; i++) await driver.write("file", versions[i % 2 === 0 ? 0 : 1]);
    } finally {
      writing = false;
      await readers;
    }
  });

  suite.test("ST-65", "an unfinished write shows nothing", async ({ driver, reopen }) => {
    const reader = await reopen();
    await put(driver, "file", "old");
    for (const path of ["file", "new"]) {
      const { body, reached, release } = heldBody(bytesOf("first half, "), bytesOf("other half"));
      const writing = driver.write(path, body);
      await Promise.race([reached, writing]);
      expect(await getText(reader, "file")).toBe("old");
      expect(await reader.stat("new")).toBeUndefined();
      const listed = await Array.fromAsync(reader.list("", { recursive: true }));
      expect(listed.flat().map((entry) => entry.path)).toEqual(["file"]);
      release();
      await writing;
      expect(await getText(reader, path)).toBe("first half, other half");
      if (path === "file") await put(driver, "file", "old");
    }
  });

  suite.test("ST-1", "16 writers of one path leave one of them", async ({ driver }) => {
    const versions = Array.from({ length: 16 }, (_, i) => noise(50_000 + i, i + 1));
    await Promise.all(versions.map((version) => driver.write("dir/file", version)));
    const bytes = await get(driver, "dir/file");
    expectBytes(bytes, versions[bytes.byteLength - 50_000]!);
    expect(await visible(driver)).toEqual(["dir/file"]);
  });

  suite.test("ST-1", "many writers beside each other", async ({ driver }) => {
    const paths = Array.from({ length: 64 }, (_, i) => `d${i % 8}/e${i % 4}/f${i}`);
    await Promise.all(paths.map((path) => put(driver, path, path)));
    expect(new Set(await visible(driver))).toEqual(new Set(paths));
  });
}

function addPlacementTests(suite: Suite): void {
  const { capabilities } = suite;

  suite.test("ST-66", "parents are created", async ({ driver }) => {
    await put(driver, "a/b/c/file", "x");
    await expectOnly(driver, "a/b/c/file", "x");
    expect((await driver.stat("a/b"))?.kind).toBe("directory");
  });

  suite.test("ST-67", "nothing of the replaced file stays", async ({ driver }) => {
    const { metadata } = capabilities;
    const contentType = "text/x-old";
    const mtime = Date.UTC(2001, 1, 3);
    await driver.write("file", bytesOf("old"), {
      mtime,
      mode: 0o600,
      contentType,
      ...(metadata ? { metadata: { old: "yes" } } : {}),
    });
    await put(driver, "fresh", "a new file");
    const replaced = await put(driver, "file", "new");
    const fresh = await driver.stat("fresh");
    expect(replaced.mtime).not.toBe(mtime);
    expect(replaced.contentType).toBe(fresh?.contentType);
    expect(replaced.metadata ?? {}).toEqual({});
    // Permission bits may stay: on a disk, who replaces a file means its content.
    if (replaced.mode !== 0o600) expect(replaced.mode).toBe(fresh?.mode);
  });

  if (capabilities.fileAndDirectory) {
    suite.test("ST-68", "a and a/b side by side", async ({ driver }) => {
      await put(driver, "a", "file");
      await put(driver, "a/b", "below");
      expect(await getText(driver, "a")).toBe("file");
      expect(await getText(driver, "a/b")).toBe("below");
      expect((await driver.stat("a"))?.kind).toBe("file");
      const entries = await Array.fromAsync(driver.list(""));
      expect(entries.flat().map((entry) => `${entry.kind} ${entry.path}`)).toEqual([
        "file a",
        "directory a",
      ]);
      await driver.remove("a");
      expect((await driver.stat("a"))?.kind).toBe("directory");
      await expectOnly(driver, "a/b", "below");
    });
    return;
  }

  suite.test("ST-68", "a directory at the path, a file above it", async ({ driver }) => {
    await put(driver, "dir/file", "x");
    await refused(driver.write("dir", bytesOf("y")), "is-a-directory");
    await refused(driver.write("dir/file/below", bytesOf("y")), "not-a-directory");
    await expectOnly(driver, "dir/file", "x");
  });
}

function* inPieces(size: number): Generator<Uint8Array> {
  const whole = noise(size);
  for (let at = 0; at < size; at += 1_000_000) yield whole.subarray(at, at + 1_000_000);
}
