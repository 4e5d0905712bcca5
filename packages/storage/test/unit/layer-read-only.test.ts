import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { NO_CAPABILITIES } from "../../src/capabilities.ts";
import type { Driver } from "../../src/driver.ts";
import { FileDriver } from "../../src/drivers/file/file-driver.ts";
import { intercept, readOnly } from "../../src/layers/index.ts";
import { leaveStream } from "../../src/lib/release-stream.ts";
import { FullMemory, listAll, outcome, pattern, readAll } from "./layer-helpers.ts";

async function setUp(): Promise<{ memory: FullMemory; driver: Driver }> {
  const memory = new FullMemory();
  await memory.write("a", pattern(4));
  await memory.writeLink("link", "a");
  await memory.mkdir("empty");
  return { memory, driver: readOnly(memory) };
}

describe("readOnly", () => {
  it("refuses every change and leaves the store as it was", async () => {
    const { memory, driver } = await setUp();
    const before = await listAll(memory);
    const { version } = (await memory.stat("a"))!;
    const changes: readonly (() => Promise<unknown>)[] = [
      () => driver.write("b", pattern(1)),
      () => driver.write("a", pattern(1), { ifNoneMatch: "*" }),
      () => driver.remove("a"),
      () => driver.remove("missing"),
      () => driver.mkdir!("d"),
      () => driver.rmdir!("empty"),
      () => driver.writeLink!("link", "b"),
      () => driver.removeStale!("a"),
      () => driver.removeVersion!("a", version as string),
      () => driver.presign!("a", { method: "PUT", expiresIn: 60 }),
    ];
    for (const change of changes) expect(await outcome(change())).toBe("read-only");
    expect(await listAll(memory)).toEqual(before);
  });

  it("has none of the changing abilities, neither as capability nor as method", async () => {
    const { driver } = await setUp();
    const gone = ["copy", "move", "setAttributes", "multipart", "stage", "removeMany"] as const;
    for (const name of [...gone, "copyPart"] as const) {
      expect([name, driver.capabilities[name]]).toEqual([name, NO_CAPABILITIES[name]]);
    }
    for (const name of [...gone, "canCopyFrom"] as const) expect(driver[name]).toBeUndefined();
    expect(driver.capabilities.conditions).toEqual(NO_CAPABILITIES.conditions);
  });

  it("reads as before", async () => {
    const { memory, driver } = await setUp();
    expect(await readAll(driver, "a")).toEqual(pattern(4));
    expect(await driver.stat("a")).toEqual(await memory.stat("a"));
    expect(await listAll(driver)).toEqual(await listAll(memory));
    expect(await driver.readLink!("link")).toBe("a");
    expect((await driver.readBlock!("a", { offset: 1, length: 2 })).bytes).toHaveLength(2);
    expect((await Array.fromAsync(driver.listVersions!("a"))).flat()).toHaveLength(1);
    await leaveStream(await driver.watch!(""));
    expect(await driver.about!()).toEqual(await memory.about());
    expect(await driver.presign!("a", { method: "GET", expiresIn: 60 })).toContain("https://");
  });

  it("refuses nothing of a disk that only reads, and all else", async () => {
    const root = await mkdtemp(join(tmpdir(), "omnisync-test-"));
    onTestFinished(() => rm(root, { recursive: true }));
    await writeFile(join(root, "a"), "content");
    await symlink("a", join(root, "link"));
    const driver = readOnly(new FileDriver({ root }));
    const range = { offset: 0, length: 4 };
    const reading: Partial<Record<keyof Driver, () => Promise<unknown>>> = {
      stat: () => driver.stat("a"),
      list: () => Array.fromAsync(driver.list("")),
      read: async () => leaveStream((await driver.read("a")).body),
      readBlock: () => driver.readBlock!("a", range),
      openFile: async () => (await driver.openFile!("a")).close(),
      readLink: () => driver.readLink!("link"),
      identify: () => driver.identify!("a"),
      followLinks: async () => driver.followLinks!({ which: "all" }).stat("link"),
      about: () => driver.about!(),
      watch: async () => leaveStream(await driver.watch!("")),
    };
    for (const [name, call] of Object.entries(reading))
      expect([name, await outcome(call())]).toEqual([name, "ok"]);
    const isMethod = ([name, value]: [string, unknown]): boolean =>
      typeof value === "function" && name !== "close" && !(name in reading);
    for (const [name, change] of Object.entries(driver).filter(isMethod))
      expect([name, await outcome(change("a", "b"))]).toEqual([name, "read-only"]);
    expect(await readFile(join(root, "a"), "utf8")).toBe("content");
    await driver.close();
  });

  it("may be the source of a copy within its store", async () => {
    const { memory, driver } = await setUp();
    await intercept(memory, {}).copy!({ driver, path: "a" }, "b");
    expect(await readAll(driver, "b")).toEqual(pattern(4));
  });
});
