import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { StorageError } from "../../src/errors.ts";
import { readProbe, writeProbe } from "../../src/drivers/s3/probe-cache.ts";
import { factsOf, fillFacts } from "../../src/drivers/s3/store-facts.ts";
import { providerByName } from "../../src/drivers/s3/providers.ts";
import { startIgnoringProxy } from "./s3-ignoring-proxy.ts";
import { bytesOf, driverOn, namesIn, startServer } from "./s3-helpers.ts";

const HONOURED = {
  create: true,
  replace: true,
  remove: true,
  copySource: true,
  partSource: true,
  copyTarget: true,
  complete: true,
};
const IGNORED = {
  create: false,
  replace: false,
  remove: false,
  copySource: false,
  partSource: false,
  copyTarget: false,
  complete: false,
};

async function cacheFile(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "s3-probe-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return join(directory, "cache", "s3-probe.json");
}

test("a strict store honours everything; the probe leaves nothing behind", async () => {
  const server = await startServer();
  const driver = driverOn(server, { provider: "other", root: "r" });
  expect((await driver.probe({ write: true })).conditions).toEqual(HONOURED);
  expect(await namesIn(driver)).toEqual([]);
  expect(await Array.fromAsync(driver.multipart.listUploads(""))).toEqual([]);
  await driver.write("a", bytesOf("x"));
  expect((await driver.stat("a"))?.hashes?.md5).toBeDefined();
});

test("opening and reading send no request that writes", async () => {
  const server = await startServer();
  const driver = driverOn(server, { provider: "other" });
  await driver.probe();
  expect(server.log).toEqual([]);
  await driver.stat("a");
  await Array.fromAsync(driver.list(""));
  expect(server.log.every(({ method }) => method === "GET" || method === "HEAD")).toBe(true);
});

test("a provider that is known is not probed", async () => {
  const server = await startServer();
  const driver = driverOn(server, { provider: "aws" });
  await driver.write("a", bytesOf("x"), { ifNoneMatch: "*" });
  expect(server.log.length).toBe(1);
});

test("the first conditions probe once for all who wait", async () => {
  const server = await startServer();
  const drivers = [1, 2].map(() => driverOn(server, { provider: "other" }));
  const writes = drivers.flatMap((driver, i) =>
    [1, 2].map((n) => driver.write(`${i}-${n}`, bytesOf("x"), { ifNoneMatch: "*" })),
  );
  await Promise.all(writes);
  expect(server.requests.CompleteMultipartUpload).toBeLessThan(4);
});

test("[ST-104] a store that ignores conditions is found out, before anything is overwritten", async () => {
  const server = await startServer();
  // Forgets every precondition on its way in, as many stores do.
  const driver = driverOn(
    { ...server, ...(await startIgnoringProxy(server)) },
    { provider: "other" },
  );
  await driver.write("a", bytesOf("old"));
  const error = await driver.write("a", bytesOf("new"), { ifNoneMatch: "*" }).then(
    () => undefined,
    (thrown: StorageError) => thrown,
  );
  expect(error?.code).toBe("unsupported");
  expect((await driver.stat("a"))?.size).toBe(3);
  expect(driver.capabilities.conditions).toEqual(IGNORED);
});

test("[ST-104] a store that ignores the condition on copies of parts only is found out", async () => {
  const server = await startServer();
  const proxy = await startIgnoringProxy(server, ({ url }) => url!.includes("partNumber="));
  const driver = driverOn({ ...server, ...proxy }, { provider: "other" });
  const { etag } = await driver.write("a", bytesOf("old"));
  await driver.write("a", bytesOf("new"));
  const upload = await driver.multipart.create("b");
  const source = { driver, path: "a", ifMatch: etag };
  const copied = driver.multipart.copyPart(upload, 1, source, { offset: 0, length: 3 });
  await expect(copied).rejects.toMatchObject({ code: "unsupported" });
  await driver.multipart.abort(upload);
  expect(driver.capabilities.conditions).toEqual({ ...HONOURED, partSource: false });
});

test("a store whose ETags only look like MD5s is found out by its first answer", async () => {
  const server = await startServer();
  let serial = 0;
  server.faults.add({
    when: ({ operation }) => operation === "PutObject",
    do: {
      kind: "edit-response",
      edit: (it) => ({
        ...it,
        headers: { ...it.headers, etag: `"${String(++serial).padStart(32, "0")}"` },
      }),
    },
    times: Infinity,
  });
  const driver = driverOn(server, { provider: "other" });
  const entry = await driver.write("a", bytesOf("x"));
  expect(entry.hashes).toBeUndefined();
  const before = server.requests.PutObject;
  await driver.write("b", bytesOf("x"));
  expect(server.requests.PutObject).toBe(before + 1);
  expect(await namesIn(driver)).toEqual(["a", "b"]);
});

test("keys that may not write: nothing counts as honoured, reading works", async () => {
  const server = await startServer();
  await driverOn(server).write("a", bytesOf("x"));
  server.faults.add({
    when: ({ operation }) => /^(Put|Delete|Copy|Create|Upload|Complete)/.test(operation),
    do: { kind: "error", code: "AccessDenied" },
    times: Infinity,
  });
  const driver = driverOn(server, { provider: "other" });
  const write = driver.write("b", bytesOf("x"), { ifNoneMatch: "*" });
  await expect(write).rejects.toMatchObject({ code: "unsupported" });
  expect(driver.capabilities.conditions).toEqual(IGNORED);
  expect(await namesIn(driver)).toEqual(["a"]);
});

test("what was found out is remembered, readable by the user only", async () => {
  const file = await cacheFile();
  const server = await startServer();
  await driverOn(server, { provider: "other" }, { cacheFile: file }).probe({ write: true });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const text = await readFile(file, "utf8");
  expect(text).not.toContain(server.secretAccessKey);
  const [id] = Object.keys((JSON.parse(text) as { stores: object }).stores);
  expect(await readProbe(file, id as string)).toMatchObject({ conditions: HONOURED });
});

test("a cache that is old, broken, of another version or missing is no cache", async () => {
  const file = await cacheFile();
  const facts = factsOf(providerByName("aws").quirks);
  expect(await readProbe(file, "a")).toBeUndefined();
  await writeProbe(file, "a", facts);
  await writeProbe(file, "b", facts);
  expect(await readProbe(file, "a")).toEqual(facts);
  const whole = await readFile(file, "utf8");
  const at = /"at":(\d+)/g;
  for (const text of [
    whole.slice(0, 50),
    "null",
    whole.replace(/"version":\d+/, '"version":99'),
    whole.replace(at, (_, time: string) => `"at":${Number(time) - 31 * 86_400_000}`),
    whole.replace(/"facts":\{/g, '"other":{'),
  ]) {
    await writeFile(file, text);
    expect(await readProbe(file, "a")).toBeUndefined();
  }
});

test("a cache that cannot be written is no failure", async () => {
  const facts = factsOf(providerByName("aws").quirks);
  await writeProbe(`/dev/null/${randomBytes(4).toString("hex")}`, "a", facts);
});

test("what a profile says for certain outweighs a probe", () => {
  const known = factsOf(providerByName("b2").quirks);
  const found = { ...factsOf(providerByName("aws").quirks), etagIsMd5: false as const };
  const facts = fillFacts(known, found);
  expect(facts.conditions).toMatchObject({ create: false, replace: false, remove: true });
  expect(facts.etagIsMd5).toBe(false);
});
