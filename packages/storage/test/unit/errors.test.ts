import { readFileSync } from "node:fs";
import {
  ERROR_CODES,
  StorageError,
  isStorageError,
  printable,
  throwIfAborted,
  toStorageError,
} from "@omnisync/storage";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const SPEC = new URL("../../../../docs/spec/storage.md", import.meta.url);

/** `code → retry class`, of the table of error codes. */
function documentedCodes(): Map<string, string> {
  const rows = readFileSync(SPEC, "utf8").matchAll(
    /^\| `([a-z-]+)` *\| [^|]+ \| (\w+) *\| [^|]+ \|$/gm,
  );
  return new Map([...rows].map((row) => [row[1] as string, row[2] as string]));
}

describe("error codes and their documentation", () => {
  test("[ST-18] the same codes in both", () => {
    expect([...documentedCodes().keys()].toSorted()).toEqual([...ERROR_CODES].toSorted());
  });

  test.each(ERROR_CODES)("[ST-18] %s is retried as documented", (code) => {
    expect(new StorageError(code).retry).toBe(documentedCodes().get(code));
  });
});

describe("StorageError", () => {
  test("message, path, cause and overrides", () => {
    const cause = new Error("EIO");
    const error = new StorageError("unavailable", {
      path: "a\nb",
      message: "could not be read",
      operation: "read",
      retry: "never",
      retryAfter: 1500,
      cause,
    });
    expect(error).toMatchObject({
      name: "StorageError",
      message: "a\\nb: could not be read",
      code: "unavailable",
      path: "a\nb",
      operation: "read",
      retry: "never",
      retryAfter: 1500,
      cause,
    });
    expect(new StorageError("directory-not-empty").message).toBe("directory not empty");
    expect("cause" in new StorageError("closed")).toBe(false);
  });

  test("isStorageError looks at the codes if any are given", () => {
    const error = new StorageError("not-found");
    expect(isStorageError(error)).toBe(true);
    expect(isStorageError(error, "closed", "not-found")).toBe(true);
    expect(isStorageError(error, "closed")).toBe(false);
    expect(isStorageError(new Error("not-found"))).toBe(false);
  });

  test("toStorageError keeps its own, names aborts, wraps the rest", () => {
    const own = new StorageError("corrupt");
    expect(toStorageError(own, { path: "x" })).toBe(own);
    const aborted = AbortSignal.abort().reason as Error;
    expect(toStorageError(aborted, { path: "x" })).toMatchObject({ code: "aborted", path: "x" });
    const strange = new Error("strange");
    expect(toStorageError(strange)).toMatchObject({
      code: "internal",
      message: "strange",
      cause: strange,
    });
    expect(toStorageError("text")).toMatchObject({ code: "internal", message: "text" });
  });

  test("throwIfAborted", () => {
    throwIfAborted(undefined);
    throwIfAborted(new AbortController().signal);
    const reason = new Error("enough");
    expect(() => throwIfAborted(AbortSignal.abort(reason), "x")).toThrow(
      expect.objectContaining({ code: "aborted", path: "x", cause: reason }),
    );
  });
});

describe("printable", () => {
  test.each([
    ["plain", "plain"],
    ["Grüße 日本語 😀", "Grüße 日本語 😀"],
    ["a\nb\tc\rd", "a\\nb\\tc\\rd"],
    ["\u0000\u001b[31m\u007f", "\\u0000\\u001b[31m\\u007f"],
    ["c1 \u0085\u009b", "c1 \\u0085\\u009b"],
    ["\u2028\u2029", "\\u2028\\u2029"],
    ["\u202egnp.exe\u2066", "\\u202egnp.exe\\u2066"],
  ])("%j", (name, shown) => {
    expect(printable(name)).toBe(shown);
  });

  test("never lets a control or direction character through", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        expect(printable(name)).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});
