import type { Entry } from "@omnisync/storage";
import { describe, expect, it } from "vitest";
import type { Obstacle, Pair } from "../../src/merge/merge-join.ts";
import { type PlanRules, planPair } from "../../src/plan/plan-pair.ts";
import { T0 } from "../stores.ts";

const RULES: PlanRules = {
  checksum: false,
  sizeOnly: false,
  mtimeWindow: 1,
  compareMode: true,
  proveContent: false,
  limits: undefined,
  delete: false,
  force: false,
  append: false,
  update: false,
  existing: false,
  ignoreExisting: false,
  links: "keep",
  hidesLinks: false,
  keepsLinks: true,
  directories: true,
};

function entry(changes: Partial<Entry> = {}): Entry {
  return { path: "f", kind: "file", size: 3, complete: true, mtime: T0, mode: 0o644, ...changes };
}

const link = (linkTarget?: string): Entry => entry({ kind: "symlink", linkTarget });
const directory = entry({ kind: "directory", size: 0 });
const small = entry({ complete: false });
const hidden = { links: "skip", hidesLinks: true } as const;
const other = entry({ kind: "other", size: 0 });

/** `kind reason` of the step. */
function plan(
  source?: Entry,
  destination?: Entry,
  rules: Partial<PlanRules> = {},
  obstacle?: Obstacle,
): string {
  const pair: Pair = { path: "f", source, destination, obstacle };
  const step = planPair(pair, { ...RULES, ...rules });
  return [
    step.kind,
    "reason" in step
      ? step.reason
      : "what" in step
        ? step.what
        : "when" in step
          ? step.when
          : "code" in step
            ? step.code
            : "",
  ]
    .join(" ")
    .trim();
}

const MD5 = "0123456789abcdef0123456789abcdef";
const OTHER_MD5 = "fedcba9876543210fedcba9876543210";

describe("planPair", () => {
  it.each([
    ["[SY-20] new", entry(), undefined, {}, "copy new"],
    ["[SY-20] other size", entry(), entry({ size: 4 }), {}, "copy size"],
    [
      "[SY-20] other size of an incomplete one needs no attributes",
      entry(),
      entry({ size: 4, complete: false }),
      {},
      "copy size",
    ],
    [
      "[SY-20] size only",
      entry(),
      entry({ mtime: 0, complete: false }),
      { sizeOnly: true },
      "unchanged",
    ],
    ["[SY-21] same", entry(), entry(), {}, "unchanged"],
    ["[SY-21] within the window", entry(), entry({ mtime: T0 + 1 }), {}, "unchanged"],
    ["[SY-21] outside the window", entry(), entry({ mtime: T0 + 1.1 }), {}, "copy mtime"],
    [
      "[SY-21] no mtimes kept",
      entry(),
      entry({ mtime: undefined }),
      { mtimeWindow: undefined },
      "unchanged",
    ],
    [
      "[SY-22] hashes equal, mtime not",
      entry({ hashes: { md5: "a" } }),
      entry({ hashes: { md5: "a" }, mtime: 1 }),
      {},
      "attributes mtime",
    ],
    [
      "[SY-22] hashes differ, mtime equal",
      entry({ hashes: { md5: "a" } }),
      entry({ hashes: { md5: "b" } }),
      {},
      "copy checksum",
    ],
    ["[SY-22] checksum asks", entry(), entry(), { checksum: true }, "ask hashes"],
    [
      "[SY-22] checksum with hashes",
      entry({ hashes: { blake3: "a" } }),
      entry({ hashes: { blake3: "a" } }),
      { checksum: true },
      "unchanged",
    ],
    [
      "[SY-22] a CRC proves nothing",
      entry({ hashes: { crc32: "a" } }),
      entry({ hashes: { crc32: "a" } }),
      { checksum: true },
      "ask hashes",
    ],
    [
      "[SY-23] mtime differs, hash known",
      entry(),
      entry({ mtime: 1, hashes: { md5: "a" } }),
      {},
      "ask hashes",
    ],
    [
      "[SY-18] mtime differs, an etag that may be an MD5",
      entry(),
      entry({ mtime: undefined, etag: MD5 }),
      {},
      "ask md5",
    ],
    [
      "[SY-18] an etag that is the MD5 of the source",
      entry({ hashes: { md5: MD5 } }),
      entry({ mtime: undefined, etag: MD5 }),
      {},
      "attributes mtime",
    ],
    [
      "[SY-18] an etag that is not says nothing",
      entry({ hashes: { md5: MD5 } }),
      entry({ mtime: undefined, etag: OTHER_MD5 }),
      {},
      "copy mtime",
    ],
    [
      "[SY-18] nor with checksum",
      entry({ hashes: { md5: MD5 } }),
      entry({ etag: OTHER_MD5 }),
      { checksum: true },
      "ask hashes",
    ],
    [
      "[SY-18] an etag that is none is not asked about",
      entry(),
      entry({ mtime: undefined, etag: `${MD5}-2` }),
      {},
      "copy mtime",
    ],
    [
      "[SY-24] source's own time unknown",
      entry({ mtime: undefined, storedAt: T0 }),
      entry(),
      {},
      "unchanged",
    ],
    [
      "[SY-24] destination's own time unknown",
      entry(),
      entry({ mtime: undefined, storedAt: T0 }),
      {},
      "copy mtime",
    ],
    ["[SY-25] other mode", entry(), entry({ mode: 0o600 }), {}, "attributes mode"],
    [
      "[SY-25] modes not compared",
      entry(),
      entry({ mode: 0o600 }),
      { compareMode: false },
      "unchanged",
    ],
    ["[SY-26] incomplete destination", entry(), entry({ complete: false }), {}, "ask destination"],
    ["[SY-26] incomplete source", entry({ complete: false }), entry(), {}, "ask source"],
    [
      "[SY-26] both incomplete, hash equal",
      entry({ complete: false, hashes: { md5: "a" } }),
      entry({ complete: false, hashes: { md5: "a" } }),
      {},
      "unchanged",
    ],
    [
      "[SY-27] update, newer there",
      entry(),
      entry({ size: 9, mtime: T0 + 5000 }),
      { update: true },
      "skip newer-at-destination",
    ],
    [
      "[SY-27] update, older there",
      entry(),
      entry({ size: 9, mtime: T0 - 5000 }),
      { update: true },
      "copy size",
    ],
    [
      "[SY-27] update, unknown there",
      entry(),
      entry({ size: 9, complete: false }),
      { update: true },
      "ask destination",
    ],
    ["[SY-27] existing, new", entry(), undefined, { existing: true }, "skip not-existing"],
    [
      "[SY-27] existing, new directory",
      directory,
      undefined,
      { existing: true },
      "skip not-existing",
    ],
    [
      "[SY-27] ignoreExisting, there",
      entry(),
      entry({ size: 9 }),
      { ignoreExisting: true },
      "skip exists",
    ],
    ["[SY-61] move proves content", entry(), entry(), { proveContent: true }, "ask hashes"],
    ["[SY-15] device", other, undefined, {}, "ignored"],
    ["[SY-40] new link", link("x"), undefined, {}, "link new"],
    ["[SY-40] same link", link("x"), link("x"), {}, "unchanged"],
    ["[SY-40] other target", link("x"), link("y"), {}, "link target"],
    ["[SY-40] file becomes link", link("x"), entry({ size: 9 }), {}, "link type"],
    ["[SY-40] link becomes file", entry(), link("x"), {}, "copy type"],
    ["[SY-40] perhaps a link", entry({ complete: false }), link("x"), {}, "ask source"],
    ["[SY-40] perhaps a link there", link("x"), entry({ complete: false }), {}, "ask destination"],
    ["[SY-40] no links there", link("x"), undefined, { keepsLinks: false }, "fail unsupported"],
    ["[SY-40] links left out", link("x"), undefined, { links: "skip" }, "ignored"],
    ["[SY-40] perhaps a link that is left out", small, undefined, hidden, "ask source"],
    ["[SY-40] too large for a link", { ...small, size: 4097 }, undefined, hidden, "copy new"],
    ["[SY-40] known to be no link", entry(), undefined, hidden, "copy new"],
    ["[SY-40] perhaps a link, kept", small, undefined, { hidesLinks: true }, "copy new"],
    ["[SY-40] a FIFO there is replaced", entry(), other, {}, "copy type"],
    ["[SY-41] new directory", directory, undefined, {}, "mkdir new"],
    ["[SY-41] directory there", directory, directory, {}, "unchanged"],
    ["[SY-50] extra", undefined, entry(), {}, "keep"],
    ["[SY-51] extra, delete", undefined, entry(), { delete: true }, "remove end"],
  ] as const)("%s", (_, source, destination, rules, expected) => {
    expect(plan(source, destination, rules)).toBe(expected);
  });

  it.each([
    ["[SY-42] implied directory", undefined, directory, { delete: true }, "implied", "unchanged"],
    ["[SY-43] file in the way", undefined, entry(), {}, "directory-at-source", "remove now"],
    [
      "[SY-43] file in the way, only new ones",
      undefined,
      entry(),
      { ignoreExisting: true },
      "directory-at-source",
      "keep",
    ],
    [
      "[SY-44] directory in the way",
      entry(),
      undefined,
      {},
      "directory-at-destination",
      "fail is-a-directory",
    ],
    [
      "[SY-44] directory in the way, delete",
      entry(),
      undefined,
      { delete: true },
      "directory-at-destination",
      "copy type",
    ],
    [
      "[SY-45] twins",
      entry(),
      undefined,
      { delete: true },
      "twin-at-source",
      "fail already-exists",
    ],
  ] as const)("%s", (_, source, destination, rules, obstacle, expected) => {
    expect(plan(source, destination, rules, obstacle)).toBe(expected);
  });
});
