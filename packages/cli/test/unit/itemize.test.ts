import type { Entry } from "@omnisync/storage";
import type { SyncEvent } from "@omnisync/sync";
import { expect, test } from "vitest";
import { type ItemizeContext, itemizeLine, keptAttributes } from "../../src/output/itemize.ts";

const CONTEXT: ItemizeContext = { prefix: "", root: ".", toLocal: true };
const FILE: Entry = {
  path: "f",
  kind: "file",
  size: 5,
  mtime: 10_000,
  mode: 0o644,
  complete: true,
};
const DIRECTORY: Entry = { ...FILE, path: "d", kind: "directory", size: 0 };
const LINK: Entry = { ...FILE, path: "l", kind: "symlink" };

function event(kind: SyncEvent["kind"], rest: Partial<SyncEvent> = {}): SyncEvent {
  return { kind, path: "f", bytes: 0, source: FILE, ...rest };
}

/** What rsync 3.5 prints for the same changes. */
const TABLE: readonly (readonly [string, SyncEvent, string | undefined])[] = [
  ["a new file", event("copy", { reason: "new" }), ">f+++++++++ f"],
  [
    "another size",
    event("copy", { reason: "size", destination: { ...FILE, size: 4 } }),
    ">f.s....... f",
  ],
  [
    "another size and time",
    event("copy", { reason: "size", destination: { ...FILE, size: 4, mtime: 1 } }),
    ">f.st...... f",
  ],
  [
    "another time",
    event("copy", { reason: "mtime", destination: { ...FILE, mtime: 1 } }),
    ">f..t...... f",
  ],
  ["another checksum", event("copy", { reason: "checksum", destination: FILE }), ">fc........ f"],
  [
    "time and mode only",
    event("attributes", { destination: { ...FILE, mtime: 1, mode: 0o600 } }),
    ".f..tp..... f",
  ],
  [
    "a mode only",
    event("attributes", { reason: "mode", destination: { ...FILE, mode: 0o600 } }),
    ".f...p..... f",
  ],
  [
    "a file where a link was",
    event("copy", { reason: "type", destination: LINK }),
    ">f+++++++++ f",
  ],
  [
    "a new directory",
    event("mkdir", { path: "d", source: DIRECTORY, reason: "new" }),
    "cd+++++++++ d/",
  ],
  [
    "attributes of a directory",
    event("attributes", { path: "d", source: DIRECTORY, destination: { ...DIRECTORY, mtime: 1 } }),
    ".d..t...... d/",
  ],
  ["a new link", event("link", { path: "l", source: LINK, reason: "new" }), "cL+++++++++ l"],
  [
    "a link with another target",
    event("link", { path: "l", source: LINK, reason: "target", destination: LINK }),
    "cLc........ l",
  ],
  ["an unchanged file", event("unchanged", { destination: FILE }), ".f          f"],
  ["a removed file", event("remove", { source: undefined, destination: FILE }), "*deleting   f"],
  [
    "a removed directory",
    event("remove", { path: "d", source: undefined, destination: DIRECTORY }),
    "*deleting   d/",
  ],
  [
    "the time of a directory, set last",
    event("attributes", { path: "d", source: undefined, reason: "mtime" }),
    ".d..t...... d/",
  ],
  [
    "other attributes of a directory, set last",
    event("attributes", {
      path: "d",
      source: undefined,
      destination: DIRECTORY,
      changes: ["mode", "group"],
    }),
    ".d...p.g... d/",
  ],
  ["a file of --link-dest", event("link", { linkedTo: "f", reason: "new" }), "hf          f"],
  ["a second name of a file", event("link", { path: "b", reason: "new" }), "hf+++++++++ b"],
  [
    "a device",
    event("link", {
      source: { ...FILE, kind: "other", special: { type: "block" } },
      reason: "new",
    }),
    "cD+++++++++ f",
  ],
  ["a failure", event("failed"), undefined],
  ["a removed source", event("remove-source"), undefined],
];

test.each(TABLE)("%s", (_, given, line) => {
  expect(itemizeLine(given, CONTEXT)).toBe(line);
});

test("what goes to another machine is sent, not received", () => {
  expect(itemizeLine(event("copy", { reason: "new" }), { ...CONTEXT, toLocal: false })).toBe(
    "<f+++++++++ f",
  );
});

test("the directory's own name stands before paths where the source had no slash", () => {
  const context = { prefix: "src/", root: "src", toLocal: true };
  expect(itemizeLine(event("copy", { reason: "new" }), context)).toBe(">f+++++++++ src/f");
  const root = event("mkdir", { path: "", source: DIRECTORY, reason: "new" });
  expect(itemizeLine(root, context)).toBe("cd+++++++++ src/");
  expect(itemizeLine(root, CONTEXT)).toBe("cd+++++++++ ./");
});

test("the window of times is honoured, and names are escaped", () => {
  const copy = event("copy", {
    path: "a\nb",
    reason: "size",
    destination: { ...FILE, size: 1, mtime: 8500 },
  });
  expect(itemizeLine(copy, CONTEXT)).toBe(">f.st...... a\\nb");
  expect(itemizeLine(copy, { ...CONTEXT, window: 2000 })).toBe(">f.s....... a\\nb");
});

test("attributes that are kept are compared, others are not", () => {
  const kept = { ...keptAttributes({}), owner: true, group: true, acls: true, xattrs: true };
  const source = { ...FILE, uid: 1, gid: 2, acl: "a", xattrs: { "user.x": "" } };
  const change = event("attributes", {
    source,
    destination: { ...FILE, uid: 2, gid: 3, acl: "", xattrs: {} },
  });
  expect(itemizeLine(change, { ...CONTEXT, kept })).toBe(".f....og.ax f");
  expect(itemizeLine(change, CONTEXT)).toBe(".f......... f");
  const copy = event("copy", { reason: "size", destination: { ...FILE, size: 4, mode: 0o600 } });
  const none = keptAttributes({ preserveTimes: false, preserveMode: false, checksum: true });
  expect(itemizeLine(copy, { ...CONTEXT, kept: none })).toBe(">fcsT...... f");
  const run = keptAttributes({ preserveMode: false, preserveExecutability: true });
  const other = event("attributes", { destination: { ...FILE, mode: 0o755 } });
  expect(itemizeLine(other, { ...CONTEXT, kept: run })).toBe(".f...p..... f");
});
