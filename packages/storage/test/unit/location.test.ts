import { type Location, formatLocation, parseLocation } from "@omnisync/storage";
import { describe, expect, test } from "vitest";

const invalid = expect.objectContaining({ code: "invalid-argument" });
const NOTHING = { isBackend: () => false, isLocal: () => false };

function url(text: string, scheme: string, trailingSlash = false): Location {
  return { kind: "url", scheme, url: text, trailingSlash };
}
function local(path: string, trailingSlash = false): Location {
  return { kind: "local", path, trailingSlash };
}
function sftp(
  user: string | undefined,
  host: string,
  path: string,
  trailingSlash = false,
): Location {
  return { kind: "sftp", user, host, path, trailingSlash };
}
function virtual(backend: string, path: string, trailingSlash = false): Location {
  return { kind: "virtual", backend, path, trailingSlash };
}

describe("first: scheme://", () => {
  test.each([
    ["s3://bucket", url("s3://bucket", "s3")],
    ["s3://bucket/", url("s3://bucket/", "s3", true)],
    ["s3://bucket/prefix", url("s3://bucket/prefix", "s3")],
    ["S3://bucket/prefix", url("S3://bucket/prefix", "s3")],
    ["file:///abs/path/", url("file:///abs/path/", "file", true)],
    ["sftp://user@host:2222/path", url("sftp://user@host:2222/path", "sftp")],
    ["webdavs://host/a b", url("webdavs://host/a b", "webdavs")],
    ["memory://name/", url("memory://name/", "memory", true)],
    ["x-y+z.1://rest", url("x-y+z.1://rest", "x-y+z.1")],
    ["vfs://photos", virtual("photos", "")],
    ["vfs://photos/", virtual("photos", "", true)],
    ["vfs://photos/2024/may", virtual("photos", "2024/may")],
    ["VFS://photos/a", virtual("photos", "a")],
  ])("%s", (text, location) => expect(parseLocation(text, NOTHING)).toEqual(location));

  test("a virtual path is one whatever is registered or lies here", () => {
    const both = { isBackend: () => true, isLocal: () => true };
    expect(parseLocation("vfs://photos/a", both)).toEqual(virtual("photos", "a"));
  });
});

describe("second: user@host:path and host:/path", () => {
  test.each([
    ["user@host:path", sftp("user", "host", "path")],
    ["user@host:/abs/", sftp("user", "host", "/abs/", true)],
    ["user@host:", sftp("user", "host", "", true)],
    ["host:/path", sftp(undefined, "host", "/path")],
    ["host.example-1:/", sftp(undefined, "host.example-1", "/", true)],
    ["user@[::1]:/path", sftp("user", "[::1]", "/path")],
    ["[fe80::1]:/path", sftp(undefined, "[fe80::1]", "/path")],
    ["user@host:a:b", sftp("user", "host", "a:b")],
    ["user@host:with\nnewline", sftp("user", "host", "with\nnewline")],
  ])("%j", (text, location) => expect(parseLocation(text, NOTHING)).toEqual(location));
});

describe("third: what is local by its form", () => {
  test.each([
    ["/abs", local("/abs")],
    ["/abs/", local("/abs/", true)],
    ["/", local("/", true)],
    ["./rel", local("./rel")],
    ["../rel/", local("../rel/", true)],
    [".", local(".", true)],
    ["..", local("..", true)],
    ["./.", local("./.", true)],
    ["~", local("~")],
    ["~/x", local("~/x")],
    ["~user/x", local("~user/x")],
    ["C:\\dir\\", local("C:\\dir\\", true)],
    ["c:/dir", local("c:/dir")],
    ["C:", local("C:")],
    ["./user@host:path", local("./user@host:path")],
    ["/user@host:/path", local("/user@host:/path")],
    ["./a:/b", local("./a:/b")],
  ])("%j", (text, location) => {
    const everything = { isBackend: () => true, isLocal: () => true };
    expect(parseLocation(text, NOTHING)).toEqual(location);
    expect(parseLocation(text, everything)).toEqual(location);
  });
});

describe("fourth: a name", () => {
  const here = (backend: boolean, file: boolean): Parameters<typeof parseLocation>[1] => ({
    isBackend: (name) => backend && name === "photos",
    isLocal: (name) => file && name === "photos",
  });

  test.each(["photos", "photos/", "photos/2024", "photos/.."])(
    "%s: neither, or a file: local",
    (text) => {
      const slash = /\/(\.\.)?$/.test(text);
      expect(parseLocation(text, here(false, false))).toEqual(local(text, slash));
      expect(parseLocation(text, here(false, true))).toEqual(local(text, slash));
    },
  );

  test("a backend: virtual", () => {
    expect(parseLocation("photos", here(true, false))).toEqual(virtual("photos", ""));
    expect(parseLocation("photos/", here(true, false))).toEqual(virtual("photos", "", true));
    expect(parseLocation("photos/a/b", here(true, false))).toEqual(virtual("photos", "a/b"));
    expect(parseLocation("photosx/a", here(true, false))).toEqual(local("photosx/a"));
  });

  test("both: an error that says what to write", () => {
    expect(() => parseLocation("photos/a", here(true, true))).toThrow(
      expect.objectContaining({
        code: "invalid-argument",
        message: expect.stringContaining("write ./photos/a or vfs://photos/a"),
      }),
    );
  });

  test("a backend that nobody looked for on the disk counts as both", () => {
    expect(() => parseLocation("photos", { isBackend: () => true })).toThrow(invalid);
    expect(parseLocation("photos")).toEqual(local("photos"));
  });

  test("a colon or a blank makes no host of it", () => {
    expect(parseLocation("a:b", NOTHING)).toEqual(local("a:b"));
    expect(parseLocation("host:rel", NOTHING)).toEqual(local("host:rel"));
    expect(parseLocation("my file@x:y", NOTHING)).toEqual(local("my file@x:y"));
  });
});

test.each(["", "a\0b", "s3://a\0", "vfs://", "vfs:///x"])("%j is refused", (text) => {
  expect(() => parseLocation(text, NOTHING)).toThrow(invalid);
});

describe("formatLocation", () => {
  test.each([
    ["s3://bucket/a", "s3://bucket/a"],
    ["sftp://user:secret@host/a", "sftp://host/a"],
    ["sftp://user:sec@ret@host/a@b", "sftp://host/a@b"],
    ["https://host/a?x=user@host", "https://host/a?x=user@host"],
    ["user@host:path", "host:path"],
    ["vfs://photos/a", "vfs://photos/a"],
    ["./x", "./x"],
  ])("%s", (text, shown) => expect(formatLocation(parseLocation(text, NOTHING))).toBe(shown));
});
