import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { FileVersion } from "../../src/driver.ts";
import type { StorageError } from "../../src/errors.ts";
import type { S3Driver } from "../../src/drivers/s3/s3-driver.ts";
import { BUCKET, bytesOf, driverOn, startServer } from "./s3-helpers.ts";
import { outcome } from "./layer-helpers.ts";

const VERSIONED = { buckets: { [BUCKET]: { versioning: "Enabled" } } } as const;

async function versionsOf(driver: S3Driver, path: string): Promise<FileVersion[]> {
  return (await Array.fromAsync(driver.listVersions!(path))).flat();
}

test("[ST-222] whether a bucket keeps versions is asked once, when it matters", async () => {
  const server = await startServer(VERSIONED);
  const driver = driverOn(server);
  await driver.probe();
  await driver.write("a", bytesOf("1"));
  expect(server.log.filter(({ operation }) => operation === "GetBucketVersioning")).toEqual([]);
  for (let n = 0; n < 3; n++) expect(await versionsOf(driver, "a")).toHaveLength(1);
  expect(server.log.filter(({ operation }) => operation === "GetBucketVersioning")).toHaveLength(1);
});

test("[ST-222 ST-248] a bucket that never kept versions loses the ability at its first use", async () => {
  const server = await startServer();
  const driver = driverOn(server);
  await driver.write("a", bytesOf("1"));
  expect(driver.capabilities.versions).toBe(true);
  const removal = driver.removeVersion!("a", "null");
  expect(await outcome(removal)).toBe("unsupported");
  expect(driver.capabilities.versions).toBe(false);
  expect([driver.listVersions, driver.removeVersion]).toEqual([undefined, undefined]);
  expect(await outcome(driver.stat("a", { version: "null" }))).toBe("unsupported");
  expect(await outcome(driver.copy({ driver, path: "a", version: "null" }, "b"))).toBe(
    "unsupported",
  );
  expect((await driver.stat("a"))?.size).toBe(1);
});

test("the probe finds out, and remembers that there are versions, but never that there are none", async () => {
  const directory = await mkdtemp(join(tmpdir(), "s3-versions-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  for (const [name, options, remembered] of [
    ["with", VERSIONED, true],
    ["without", {}, "probe"],
  ] as const) {
    const server = await startServer(options);
    const cacheFile = join(directory, name);
    const driver = driverOn(server, { provider: "other" }, { cacheFile });
    expect((await driver.probe({ write: true })).versions).toBe(name === "with");
    const { stores } = JSON.parse(await readFile(cacheFile, "utf8")) as {
      readonly stores: Readonly<Record<string, { readonly facts: { readonly versions: unknown } }>>;
    };
    expect(Object.values(stores).map(({ facts }) => facts.versions)).toEqual([remembered]);
  }
});

test("[ST-244] what was there before versions were kept is the version `null`", async () => {
  const server = await startServer({ buckets: { [BUCKET]: { versioning: "Suspended" } } });
  const driver = driverOn(server);
  const written = await driver.write("a", bytesOf("old"));
  expect(written.version).toBeUndefined();
  expect(await versionsOf(driver, "a")).toMatchObject([{ version: "null", current: true }]);
  expect((await driver.stat("a", { version: "null" }))?.size).toBe(3);
});

test("[ST-249] pages end amid the versions of one file, whatever form the marker has", async () => {
  const server = await startServer({ ...VERSIONED, shortPages: true });
  const driver = driverOn(server, { root: "r +%2F/ü" });
  const paths = Array.from({ length: 60 }, (_, n) => `a%2F+ ${n}/\u{1f600}`);
  await Promise.all(
    paths.map(async (path) => {
      for (let n = 0; n < 11; n++) await driver.write(path, bytesOf(`${n}`));
      await driver.remove(path);
    }),
  );
  const all = async (): Promise<FileVersion[]> =>
    (await Array.fromAsync(driver.listVersions!("", { recursive: true }))).flat();
  const versions = await all();
  expect(new Set(versions.map(({ version }) => version)).size).toBe(720);
  expect(versions.length).toBe(720);
  expect(server.log.filter(({ operation }) => operation === "ListObjectVersions").length).toBe(2);
  server.faults.add({
    when: ({ operation }) => operation === "ListObjectVersions",
    times: Infinity,
    do: { kind: "edit-response", edit: decodeMarker },
  });
  expect(await all()).toEqual(versions);
});

test("[ST-249] a listing that does not go on where it says is `corrupt`", async () => {
  const server = await startServer(VERSIONED);
  const driver = driverOn(server);
  for (let n = 0; n < 3; n++) await driver.write("a", bytesOf("1"));
  for (const edit of [
    (text: string) => text.replace(">false<", ">true<"),
    (text: string) => text.replace(/<IsTruncated>.*<\/IsTruncated>/, ""),
    (text: string) => text.replace(/<VersionId>[^<]*<\/VersionId>/, ""),
  ]) {
    server.faults.add({
      when: ({ operation }) => operation === "ListObjectVersions",
      times: Infinity,
      do: { kind: "edit-response", edit: (response) => edited(response, edit) },
    });
    expect(await outcome(versionsOf(driver, "a"))).toBe("corrupt");
    server.faults.clear();
  }
});

test("[ST-242] a store that does not look at the version is found out", async () => {
  const server = await startServer(VERSIONED);
  const driver = driverOn(server);
  const { version } = await driver.write("a", bytesOf("old"));
  const { version: other } = await driver.write("a", bytesOf("new"));
  server.faults.add({
    when: ({ operation }) => operation === "GetObject" || operation === "HeadObject",
    times: Infinity,
    do: {
      kind: "edit-response",
      edit: (response) => ({
        ...response,
        headers: { ...response.headers, "x-amz-version-id": other as string },
      }),
    },
  });
  expect(await outcome(driver.read("a", { version }))).toBe("unsupported");
  expect(await outcome(driver.stat("a", { version }))).toBe("unsupported");
});

test("[ST-246] no id is no version", async () => {
  const driver = driverOn(await startServer(VERSIONED));
  await driver.write("a", bytesOf("1"));
  expect(await outcome(driver.removeVersion!("a", ""))).toBe("invalid-argument");
  expect(await versionsOf(driver, "a")).toHaveLength(1);
});

test("who may not ask whether there are versions may use them", async () => {
  const server = await startServer(VERSIONED);
  const driver = driverOn(server);
  server.faults.add({
    when: ({ operation }) => operation === "GetBucketVersioning",
    times: Infinity,
    do: { kind: "error", code: "AccessDenied" },
  });
  await driver.write("a", bytesOf("1"));
  expect(await versionsOf(driver, "a")).toHaveLength(1);
  expect(driver.capabilities.versions).toBe(true);
});

test("[ST-241] markers of directories have no versions; a name that is no path is a problem", async () => {
  const server = await startServer(VERSIONED);
  const driver = driverOn(server);
  await driver.mkdir("dir");
  await driver.write("dir/file", bytesOf("1"));
  const recursive = true;
  const list = async (problems?: string[]): Promise<string[]> => {
    const onProblem = problems && (({ path }: StorageError) => void problems.push(path ?? ""));
    const pages = await Array.fromAsync(driver.listVersions!("", { recursive, onProblem }));
    return pages.flat().map(({ path }) => path);
  };
  expect(await list()).toEqual(["dir/file"]);
  server.faults.add({
    when: ({ operation }) => operation === "ListObjectVersions",
    times: Infinity,
    do: {
      kind: "edit-response",
      edit: (response) => edited(response, (text) => text.replace("dir/file", "dir//file")),
    },
  });
  expect(await outcome(list())).toBe("invalid-path");
  const problems: string[] = [];
  expect(await list(problems)).toEqual([]);
  expect(problems).toEqual(["dir//file"]);
});

/** As Ceph 16 has it: keys encoded, the marker not. */
function decodeMarker<T extends Answer>(response: T): T {
  return edited(response, (text) =>
    text.replace(
      /(<NextKeyMarker>)([^<]*)/,
      (_, tag: string, marker: string) =>
        tag + decodeURIComponent(marker.replaceAll("+", " ")).replaceAll("&", "&amp;"),
    ),
  );
}

function edited<T extends Answer>(response: T, edit: (text: string) => string): T {
  return { ...response, body: [bytesOf(edit(Buffer.concat(response.body).toString()))] };
}

interface Answer {
  readonly body: readonly Uint8Array[];
}
