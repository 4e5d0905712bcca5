import { type Driver, type ReadOptions, StorageError } from "@omnisync/storage";
import { expect } from "vitest";
import { bytesOf, expectBytes, get, getText, noise, put, refused } from "./content.ts";
import type { Suite } from "./suite.ts";

const LARGE = 6 * 1024 * 1024 + 17;

export function addReadTests(suite: Suite): void {
  const { capabilities } = suite;
  const large = suite.filled("read: large", async (driver) => {
    await driver.write("large", noise(LARGE));
    await put(driver, "digits", "0123456789");
    await put(driver, "empty", "");
    await put(driver, "dir/file", "x");
  });

  suite.test("ST-50", "content and entry belong together", async () => {
    const driver = await large();
    for (const path of ["digits", "empty", "dir/file"]) {
      const { entry, body } = await driver.read(path);
      const chunks = await Array.fromAsync(body);
      expect(entry).toEqual(await driver.stat(path));
      expect(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)).toBe(entry.size);
    }
    expectBytes(await get(driver, "large"), noise(LARGE));
  });

  suite.test("ST-51", "missing, and a directory", async () => {
    const driver = await large();
    await refused(driver.read("none"), "not-found");
    await refused(driver.read("none/none"), "not-found");
    await refused(driver.read("dir"), "is-a-directory");
    await refused(
      driver.read("digits/below"),
      "not-found",
      ...(capabilities.fileAndDirectory ? [] : (["not-a-directory"] as const)),
    );
  });

  suite.test("ST-53", "ranges", async () => {
    const driver = await large();
    const range = (path: string, offset: number, length?: number): Promise<string> =>
      getText(driver, path, { range: { offset, length } });
    expect(await range("digits", 0)).toBe("0123456789");
    expect(await range("digits", 0, 1)).toBe("0");
    expect(await range("digits", 3, 4)).toBe("3456");
    expect(await range("digits", 7)).toBe("789");
    expect(await range("digits", 9, 1)).toBe("9");
    expect(await range("digits", 8, 100)).toBe("89");
    expect(await range("digits", 10)).toBe("");
    expect(await range("digits", 10, 5)).toBe("");
    expect(await range("digits", 1_000_000, 5)).toBe("");
    expect(await range("digits", 4, 0)).toBe("");
    expect(await range("empty", 0)).toBe("");
    expect(await range("empty", 0, 0)).toBe("");
    expect(await range("empty", 0, 5)).toBe("");
    expect(await range("empty", 5, 5)).toBe("");
  });

  suite.test("ST-53", "ranges of a large file, and the size of the whole", async () => {
    const driver = await large();
    const whole = noise(LARGE);
    for (const [offset, length] of [
      [0, 65_536],
      [65_535, 2],
      [1_048_577, 3_000_001],
      [LARGE - 1, 1],
      [LARGE - 100, 1000],
    ] as const) {
      const { entry, body } = await driver.read("large", { range: { offset, length } });
      const bytes = Buffer.concat(await Array.fromAsync(body));
      expectBytes(bytes, whole.subarray(offset, offset + length));
      expect(entry.size).toBe(LARGE);
    }
    const empty = await driver.read("digits", { range: { offset: 50 } });
    expect(empty.entry).toEqual(await driver.stat("digits"));
    await Array.fromAsync(empty.body);
  });

  suite.test("ST-54", "ranges that make no sense", async () => {
    const driver = await large();
    for (const range of [
      { offset: -1 },
      { offset: 0.5 },
      { offset: NaN },
      { offset: 0, length: -1 },
      { offset: 0, length: 1.5 },
    ])
      await refused(driver.read("digits", { range }), "invalid-argument");
  });

  suite.test("ST-55", "ifMatch", async ({ driver }) => {
    const first = await put(driver, "file", "first");
    expect(await getText(driver, "file", { ifMatch: first.etag })).toBe("first");
    expect(await rangeText(driver, { ifMatch: first.etag })).toBe("ir");
    await put(driver, "file", "other");
    await refused(driver.read("file", { ifMatch: first.etag }), "precondition-failed");
    await refused(
      driver.read("file", { ifMatch: first.etag, range: { offset: 1, length: 2 } }),
      "precondition-failed",
    );
  });

  suite.test("ST-56", "bodies left early free what they hold", async () => {
    const driver = await large();
    for (let i = 0; i < 40; i++) {
      const { body } = await driver.read("large");
      for await (const chunk of body) {
        expect(chunk.byteLength).toBeGreaterThan(0);
        break;
      }
    }
    expect(await getText(driver, "digits")).toBe("0123456789");
  });

  suite.test("ST-3 ST-57", "abort, before and in the middle", async () => {
    const driver = await large();
    await refused(driver.read("digits", { signal: AbortSignal.abort() }), "aborted");
    const controller = new AbortController();
    const { body } = await driver.read("large", { signal: controller.signal });
    const reading = async (): Promise<void> => {
      for await (const _ of body) controller.abort();
    };
    await refused(reading(), "aborted");
    expect(await getText(driver, "digits")).toBe("0123456789");
  });

  suite.test(
    "ST-58",
    "a file replaced while it is read: all old, or an error",
    async ({ driver }) => {
      await driver.write("file", noise(LARGE, 1));
      const got = await readWhile(driver, () => driver.write("file", noise(LARGE, 2)));
      if (got !== undefined) expectBytes(got, noise(LARGE, 1));
      expectBytes(await get(driver, "file"), noise(LARGE, 2));
    },
  );

  suite.test(
    "ST-58",
    "a file removed while it is read: all of it, or an error",
    async ({ driver }) => {
      await driver.write("file", noise(LARGE, 1));
      const got = await readWhile(driver, () => driver.remove("file"));
      if (got !== undefined) expectBytes(got, noise(LARGE, 1));
      expect(await driver.stat("file")).toBeUndefined();
    },
  );

  suite.test("ST-1", "many readers of one file at once", async () => {
    const driver = await large();
    const whole = noise(LARGE);
    await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const offset = i * 700_000;
        const bytes = await get(driver, "large", { range: { offset, length: 700_000 } });
        expectBytes(bytes, whole.subarray(offset, offset + 700_000));
      }),
    );
  });

  suite.test(
    "ST-6",
    "what a reader does to its chunks does not reach the store",
    async ({ driver }) => {
      await driver.write("file", bytesOf("content"));
      for await (const chunk of (await driver.read("file")).body) chunk.fill(0);
      expect(await getText(driver, "file")).toBe("content");
    },
  );
}

function rangeText(driver: Driver, options: ReadOptions): Promise<string> {
  return getText(driver, "file", { ...options, range: { offset: 1, length: 2 } });
}

/** Reads `file`, doing something after the first chunk; `undefined` if the body then threw. */
async function readWhile(
  driver: Driver,
  change: () => Promise<unknown>,
): Promise<Uint8Array | undefined> {
  const { body } = await driver.read("file");
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      if (chunks.length === 1) await change();
    }
  } catch (error) {
    expect(error).toBeInstanceOf(StorageError);
    await refused(Promise.reject(error), "changed", "corrupt", "not-found");
    return undefined;
  }
  return Buffer.concat(chunks);
}
