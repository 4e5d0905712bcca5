import type { Entry } from "@omnisync/storage";
import { AttributeCache } from "@omnisync/sync";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const full: Entry = {
  path: "p/ä b",
  kind: "file",
  size: 3,
  complete: true,
  etag: "e1",
  storedAt: 7_000,
  mtime: 1_700_000_000_000.123,
  mode: 0o640,
  hashes: { blake3: "aa" },
};
const listed: Entry = {
  path: "ä b",
  kind: "file",
  size: 3,
  complete: false,
  etag: "e1",
  storedAt: 7_123,
};

describe("AttributeCache", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "omnisync-test-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it("completes an entry of the same ETag, also after it was closed and opened", () => {
    const path = join(directory, "sub", "attributes.db");
    const cache = AttributeCache.open(path);
    cache.remember("s3://x", full);
    cache.close();
    const again = AttributeCache.open(path);
    const [entry] = again.complete("s3://x", [listed], "p/");
    expect(entry).toEqual({ ...full, path: "ä b", storedAt: 7_123 });
    again.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("knows nothing of another ETag, store or path", () => {
    const cache = AttributeCache.open(":memory:");
    cache.remember("s3://x", full);
    cache.flush();
    expect(cache.complete("s3://x", [{ ...listed, etag: "e2" }], "p/")[0]?.complete).toBe(false);
    expect(cache.complete("s3://y", [listed], "p/")[0]?.complete).toBe(false);
    expect(cache.complete("s3://x", [listed], "q/")[0]?.complete).toBe(false);
    cache.close();
  });

  it.each([
    ["stored then", { storedAt: 7_000 }, [6_000, 7_000, 7_999], [5_999, 8_000]],
    ["answered then", { storedAt: undefined, storedBy: 7_000 }, [0, 7_999, 8_999], [9_000]],
    ["at an unknown time", { storedAt: undefined }, [], [0, 7_000]],
  ])("[SY-29] what was %s counts if a listing shows that time", (_, known, same, other) => {
    const cache = AttributeCache.open(":memory:");
    const { storedAt: _at, ...plain } = full;
    cache.remember("s", { ...plain, ...known });
    cache.flush();
    const knows = (storedAt: number | undefined): boolean =>
      cache.complete("s", [{ ...listed, storedAt }], "p/")[0]!.complete;
    expect(same.filter((time) => !knows(time))).toEqual([]);
    expect(other.filter(knows)).toEqual([]);
    // A store that tells no times is taken at its ETags.
    expect(knows(undefined)).toBe(true);
    cache.close();
  });

  it("remembers neither incomplete entries nor directories", () => {
    const cache = AttributeCache.open(":memory:");
    cache.remember("s", { ...full, complete: false });
    cache.remember("s", { ...full, kind: "directory" });
    cache.flush();
    expect(cache.complete("s", [listed], "p/")[0]?.complete).toBe(false);
    cache.close();
  });

  it("starts afresh over a damaged file and one of another version", () => {
    const path = join(directory, "attributes.db");
    writeFileSync(
      path,
      "this is no database, and long enough to be looked at as if it were one".repeat(99),
    );
    const cache = AttributeCache.open(path);
    cache.remember("s", full);
    cache.close();
    expect(AttributeCache.open(path).complete("s", [listed], "p/")[0]?.complete).toBe(true);
  });

  it("two may use one file at a time", () => {
    const path = join(directory, "attributes.db");
    const [one, two] = [AttributeCache.open(path), AttributeCache.open(path)];
    one.remember("s", full);
    one.flush();
    expect(two.complete("s", [listed], "p/")[0]?.complete).toBe(true);
    two.remember("s", { ...full, etag: "e2" });
    two.close();
    expect(one.complete("s", [{ ...listed, etag: "e2" }], "p/")[0]?.complete).toBe(true);
    one.close();
  });
});
