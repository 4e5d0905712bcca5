import type { Attributes, Driver, Entry } from "@omnisync/storage";
import { expect } from "vitest";
import {
  allRefused,
  bytesOf,
  expectOnly,
  getText,
  put,
  refused,
  streamOf,
  visible,
} from "./content.ts";
import type { Suite } from "./suite.ts";

/** Milliseconds: whole, with fractions, the epoch, before 1970, around and after 2038. */
const TIMES: readonly number[] = [
  Date.UTC(2024, 1, 29, 12, 34, 56),
  Date.UTC(2024, 1, 29, 12, 34, 56) + 789,
  1_700_000_000_123.456,
  1_700_000_000_999.999,
  0,
  1,
  -1,
  Date.UTC(1960, 5, 15, 1, 2, 3) + 4,
  2 ** 31 * 1000 - 1,
  2 ** 31 * 1000,
  Date.UTC(2100, 0, 1) + 0.125,
  Date.UTC(2299, 11, 31, 23, 59, 59) + 999,
];

const FRACTIONS_BEFORE_1970: readonly number[] = [-0.5, -86_400_000.25, -1_000_000_000_000.125];

/** Doubles of this size are 0.0005 ms apart; the conversions to and fro may lose one step each. */
const ROUNDING = 0.001;

export function addAttributeTests(suite: Suite): void {
  const { capabilities } = suite;
  const { mtimePrecision } = capabilities;

  const keepsTimes = async (driver: Driver, times: readonly number[]): Promise<void> => {
    for (const [index, mtime] of times.entries()) {
      const path = `file${index}`;
      const written = await driver.write(path, streamOf(bytesOf("x")), { mtime, size: 1 });
      const known = (await driver.stat(path))?.mtime;
      expect(written.mtime, path).toBe(known);
      if (mtimePrecision === undefined) continue;
      expect(known, `${path} ${mtime}`).toBeTypeOf("number");
      expect(Math.abs(known! - mtime), `${path}: ${mtime} became ${known}`).toBeLessThan(
        mtimePrecision + ROUNDING,
      );
    }
  };

  suite.test("ST-80", "mtime", async ({ driver }) => {
    await keepsTimes(driver, TIMES);
  });

  suite.test("ST-80", "mtime with fractions before 1970", async ({ driver }) => {
    await keepsTimes(driver, FRACTIONS_BEFORE_1970);
  });

  if (capabilities.mode) {
    suite.test("ST-81", "mode", async ({ driver }) => {
      for (const mode of [0o600, 0o644, 0o755, 0o444, 0o777, 0o640]) {
        const entry = await driver.write("file", bytesOf("x"), { mode });
        expect(entry.mode).toBe(mode);
        expect((await driver.stat("file"))?.mode).toBe(mode);
      }
    });
  }

  if (capabilities.contentType) {
    suite.test("ST-82", "content type", async ({ driver }) => {
      for (const contentType of ["text/plain; charset=utf-8", "application/x-odd", "image/png"]) {
        await driver.write("file.txt", bytesOf("x"), { contentType });
        expect((await driver.stat("file.txt"))?.contentType).toBe(contentType);
      }
    });
  }

  addRefusalTests(suite);
  addMetadataTests(suite);
  if (capabilities.setAttributes) addSetAttributesTests(suite);
}

function addRefusalTests(suite: Suite): void {
  const names = ["", "a b", "Ä", "UPPER", "a:b", "a\r\nb", "mtime", "uid", "omnisync-blake3"];
  const odd: readonly Attributes[] = [
    ...[NaN, Infinity, -Infinity].map((mtime) => ({ mtime })),
    ...[-1, 1.5, NaN, 0o10000, 0o100644].map((mode) => ({ mode })),
    ...(suite.capabilities.metadata ? names : []).map((name) => ({ metadata: { [name]: "x" } })),
  ];

  suite.test("ST-87", "values that no store can keep", async ({ driver }) => {
    const { mtime } = await put(driver, "file", "old");
    for (const attributes of odd) {
      const calls: readonly (Promise<unknown> | undefined)[] = [
        driver.write("file", bytesOf("x"), attributes),
        driver.write("new", streamOf(bytesOf("x")), attributes),
        driver.copy?.({ driver, path: "file" }, "new", attributes),
        driver.setAttributes?.("file", attributes),
        driver.mkdir?.("new", attributes),
        driver.writeLink?.("new", "file", attributes),
        driver.makeSpecial?.("new", { type: "fifo" }, attributes),
        driver.multipart?.create("new", attributes),
      ];
      await allRefused(calls, "invalid-argument");
    }
    await expectOnly(driver, "file", "old");
    expect((await driver.stat("file"))?.mtime).toBe(mtime);
    expect(await driver.stat("new")).toBeUndefined();
  });
}

function addMetadataTests(suite: Suite): void {
  const { capabilities } = suite;

  if (!capabilities.metadata) {
    suite.test("ST-83", "metadata that the store cannot keep is refused", async ({ driver }) => {
      const metadata = { color: "red" };
      await refused(driver.write("file", bytesOf("x"), { metadata }), "unsupported");
      expect(await visible(driver)).toEqual([]);
    });
    return;
  }

  suite.test("ST-83 ST-84", "metadata", async ({ driver }) => {
    const metadata = {
      color: "red",
      "with-dash": "two words",
      x1: "1",
      umlaut: "Grüße, 日本語 😀",
      latin: "é",
      percent: "100%25",
      encoded: "=?UTF-8?B?w6k=?=",
      quotes: `"a" 'b' \\`,
    };
    const entry = await driver.write("file", bytesOf("x"), { metadata, mtime: 1000, mode: 0o600 });
    expect(entry.metadata).toEqual(metadata);
    expect((await driver.stat("file"))?.metadata).toEqual(metadata);
    const read = await driver.read("file");
    await Array.fromAsync(read.body);
    expect(read.entry.metadata).toEqual(metadata);
  });

  suite.test("ST-84", "nobody's metadata is empty", async ({ driver }) => {
    await driver.write("file", bytesOf("x"), { mtime: 1234.5, mode: 0o640 });
    expect((await driver.stat("file"))?.metadata ?? {}).toEqual({});
  });

  suite.test("ST-6", "metadata changed by the caller afterwards", async ({ driver }) => {
    const metadata = { color: "red" };
    await driver.write("file", bytesOf("x"), { metadata });
    metadata.color = "blue";
    expect((await driver.stat("file"))?.metadata).toEqual({ color: "red" });
  });
}

function addSetAttributesTests(suite: Suite): void {
  const { capabilities } = suite;
  const mtime = Date.UTC(2005, 5, 5);
  const before: Attributes = {
    mtime: Date.UTC(2004, 4, 4),
    ...(capabilities.mode ? { mode: 0o600 } : {}),
    ...(capabilities.contentType ? { contentType: "text/x-one" } : {}),
    ...(capabilities.metadata ? { metadata: { color: "red" } } : {}),
  };
  const kept = async (driver: Driver, expected: Attributes): Promise<void> => {
    const entry = await driver.stat("file");
    expect(pick(entry!, expected)).toEqual(expected);
    expect(await getText(driver, "file")).toBe("content");
  };

  suite.test("ST-85", "what is given changes, the rest stays", async ({ driver }) => {
    await driver.write("file", bytesOf("content"), before);
    if (capabilities.mtimePrecision !== undefined) {
      expect((await driver.setAttributes!("file", { mtime })).mtime).toBe(mtime);
      await kept(driver, { ...before, mtime });
    }
    const { mtime: _, ...others } = before;
    if (capabilities.mode) {
      await driver.setAttributes!("file", { mode: 0o444 });
      await kept(driver, { ...others, mode: 0o444 });
    }
    if (capabilities.metadata) {
      await driver.setAttributes!("file", { metadata: { shape: "round" } });
      expect((await driver.stat("file"))?.metadata).toEqual({ shape: "round" });
    }
    await expectOnly(driver, "file", "content");
  });

  suite.test("ST-85", "missing", async ({ driver }) => {
    await refused(driver.setAttributes!("none", { mtime }), "not-found");
    expect(await visible(driver)).toEqual([]);
  });

  suite.test("ST-3 ST-85", "aborted", async ({ driver }) => {
    await put(driver, "file", "content");
    const signal = AbortSignal.abort();
    await refused(driver.setAttributes!("file", { mtime }, { signal }), "aborted");
    expect((await driver.stat("file"))?.mtime).not.toBe(mtime);
  });
}

function pick(entry: Entry, names: Attributes): Attributes {
  const known: Readonly<Record<string, unknown>> = { ...entry };
  return Object.fromEntries(Object.keys(names).map((name) => [name, known[name]]));
}
