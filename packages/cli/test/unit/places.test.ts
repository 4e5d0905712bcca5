import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openEnds } from "../../src/places.ts";
import { Session } from "../../src/session.ts";
import { parseSpot } from "../../src/spots.ts";
import { createStore } from "../memory-store.ts";
import { type Tree, createTree } from "../temp-tree.ts";

const OTHER = { isTTY: false, write: () => true };

function sessionIn(cwd: string, env: Record<string, string> = {}): Session {
  return new Session({
    stdout: OTHER,
    stderr: OTHER,
    env,
    cwd,
    signal: new AbortController().signal,
  });
}

/** Where both ends lie, as `<id of the driver>|<path>`. */
async function resolve(
  cwd: string,
  source: string,
  destination: string,
): Promise<Record<string, string>> {
  const session = sessionIn(cwd);
  try {
    const ends = await openEnds(session, source, destination);
    const where = (place: typeof ends.source): string => `${place.driver.id}|${place.path}`;
    return {
      from: where(ends.source),
      to: where(ends.destination),
      prefix: ends.prefix,
      root: ends.root,
    };
  } finally {
    await session.close();
  }
}

const TREE: Tree = {
  "src/a.txt": "a",
  "src/deep/b.txt": "b",
  "file.txt": "f",
  "dst/": "",
  "old.txt": "old",
  "src/deep/src/": "",
  "to-src": "-> src",
  "to-file": "-> file.txt",
  "to-dst": "-> dst",
  dangling: "-> nowhere",
};

/** Source, destination, then source and destination as `<root>|<path>` below the directory, and the prefix. */
const LOCAL: readonly (readonly [string, string, string, string, string])[] = [
  ["src/", "dst", "/src|", "/dst|", ""],
  ["src/", "dst/", "/src|", "/dst|", ""],
  ["src", "dst", "/src|", "/dst/src|", "src/"],
  ["src", "dst/", "/src|", "/dst/src|", "src/"],
  ["./src", "./dst", "/src|", "/dst/src|", "src/"],
  ["src/.", "dst", "/src|", "/dst|", ""],
  ["src/deep/..", "dst", "/src|", "/dst|", ""],
  ["src//", "dst", "/src|", "/dst|", ""],
  ["src/", "new", "/src|", "/new|", ""],
  ["src", "new", "/src|", "/new/src|", "src/"],
  ["src", "new/", "/src|", "/new/src|", "src/"],
  ["src/deep", "dst", "/src/deep|", "/dst/deep|", "deep/"],
  ["to-src/", "dst", "/src|", "/dst|", ""],
  ["to-src", "dst", "|to-src", "/dst|to-src", ""],
  ["dangling", "dst", "|dangling", "/dst|dangling", ""],
  ["src/", "to-dst", "/src|", "/dst|", ""],
  ["src", "to-dst/", "/src|", "/dst/src|", "src/"],
  ["file.txt", "dst", "|file.txt", "/dst|file.txt", ""],
  ["file.txt", "dst/", "|file.txt", "/dst|file.txt", ""],
  ["file.txt", "to-dst", "|file.txt", "/dst|file.txt", ""],
  ["file.txt", "new.txt", "|file.txt", "|new.txt", ""],
  ["file.txt", "old.txt", "|file.txt", "|old.txt", ""],
  ["file.txt", "new/", "|file.txt", "/new|file.txt", ""],
  ["file.txt", "new/sub/name", "|file.txt", "/new/sub|name", ""],
  ["file.txt", "to-file", "|file.txt", "|to-file", ""],
  ["src/a.txt", ".", "/src|a.txt", "|a.txt", ""],
];

describe("two local places", () => {
  test.each(LOCAL)("%s to %s", async (source, destination, from, to, prefix) => {
    const root = createTree(TREE);
    const id = `file://${root}`;
    const ends = await resolve(root, source, destination);
    expect(ends).toMatchObject({ from: `${id}${from}`, to: `${id}${to}`, prefix });
  });

  test("absolute paths and file URLs mean the same", async () => {
    const root = createTree(TREE);
    const expected = await resolve(root, "src", "dst/");
    expect(await resolve("/", join(root, "src"), `${root}/dst/`)).toEqual(expected);
    expect(await resolve("/", `file://${root}/src`, `file://${root}/dst/`)).toEqual(expected);
  });

  test("~ is the home directory of the environment", async () => {
    const root = createTree(TREE);
    const session = sessionIn("/", { HOME: root });
    const ends = await openEnds(session, "~/src/", "~/dst");
    expect(ends.source.driver.id).toBe(`file://${root}/src`);
    await session.close();
  });

  test("a name with special characters is taken as it is", async () => {
    const root = createTree({ "100% #?ü &/x": "x", "dst/": "" });
    const ends = await resolve(root, "100% #?ü &/", "dst");
    expect(ends["to"]).toBe(`file://${root}/dst|`);
  });

  test.each([
    ["missing", "dst", "not-found"],
    ["missing/", "dst", "not-found"],
    ["file.txt/below", "dst", "not-found"],
  ])("%s to %s: %s", async (source, destination, code) => {
    await expect(resolve(createTree(TREE), source, destination)).rejects.toMatchObject({ code });
  });

  test.each([
    ["file.txt/", "dst", "file.txt/: is not a directory: leave out the slash"],
    ["src", "file.txt", "file.txt: is not a directory: name a directory"],
    ["src/", "file.txt", "file.txt: is not a directory: name a directory"],
    ["file.txt", "old.txt/", "old.txt/: is not a directory"],
  ])("%s to %s is refused", async (source, destination, message) => {
    await expect(resolve(createTree(TREE), source, destination)).rejects.toMatchObject({
      name: "UsageError",
      message: expect.stringContaining(message),
    });
  });
});

describe("stores of plain keys", () => {
  const KEYS = {
    "src/a": "a",
    "src/deep/b": "b",
    file: "f",
    "dst/x": "x",
    both: "1",
    "both/in": "2",
  };

  test.each([
    ["/src", "/new", "/src|", "/new/src|", "src/"],
    ["/src/", "/new", "/src|", "/new|", ""],
    ["", "/new", "|", "/new|", ""],
    ["/", "/new", "|", "/new|", ""],
    ["/file", "/dst", "|file", "/dst|file", ""],
    ["/file", "/new", "|file", "|new", ""],
    ["/file", "/new/", "|file", "/new|file", ""],
    ["/file", "", "|file", "|file", ""],
    ["/both", "/new", "|both", "|new", ""],
    ["/both/", "/new", "/both|", "/new|", ""],
  ])("%s to %s", async (source, destination, from, to, prefix) => {
    const { url } = await createStore(KEYS);
    const ends = await resolve("/", url + source, url + destination);
    expect(ends).toMatchObject({ from: url + from, to: url + to, prefix });
  });

  test("a missing prefix is not found, never empty", async () => {
    const { url } = await createStore(KEYS);
    await expect(resolve("/", `${url}/nope/`, `${url}/dst`)).rejects.toMatchObject({
      code: "not-found",
    });
  });
});

describe("a key of S3", () => {
  const nameOf = (location: string): string => parseSpot(location, sessionIn("/")).name;

  test.each(["q?x=1", "what?", "a?b?c=d&e=f", "a#b", "page#x?region", "100%25", "a b+c", "?x/y=1"])(
    "may be %s, taken as it is written",
    (key) => {
      expect(nameOf(`s3://bucket/${key}`)).toBe(key.split("/").at(-1));
    },
  );

  test.each([
    ...["region=eu", "x=1&s3-region=eu", "part_size=5M", "endpoint=https://host", "PROFILE=p"],
    ...[
      "X-Amz-Signature=sEc",
      "X-Amz-Expires=60&y=sEc",
      "AWSAccessKeyId=sEc",
      "Expires=1&Signature=sEc",
    ],
    ...["secretAccessKey=sEc", "x=1&sessionToken=sEc", "y=1?password=sEc"],
  ])("has no ?%s, which is refused without repeating it", (query) => {
    const parse = (): string => nameOf(`s3://bucket/key?${query}`);
    expect(parse).toThrow(/^an s3:\/\/ URL takes no query: /);
    expect(parse).not.toThrow(/sEc/);
  });

  test("has no ? in its bucket", () => {
    expect(() => nameOf("s3://bucket?x=sEc")).toThrow(/^an s3:\/\/ URL takes no query: /);
  });
});
