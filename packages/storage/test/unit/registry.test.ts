import {
  type DriverDefinition,
  MemoryDriver,
  type Settings,
  definitionByName,
  definitionByScheme,
  driverDefinitions,
  openDriver,
  openStorage,
  registerDriver,
} from "@omnisync/storage";
import { describe, expect, test } from "vitest";

interface Opened {
  readonly settings: Settings;
  readonly root: string;
}

/** A driver of a third party that remembers how it was opened. */
function recording(name: string, schemes: readonly string[] = [name]) {
  const opened: Opened[] = [];
  const definition: DriverDefinition = {
    name,
    schemes,
    help: "For tests.",
    options: [
      { name: "bucket", type: "string", flag: false, help: "The bucket." },
      {
        name: "retries",
        type: "integer",
        default: 3,
        env: ["RETRIES"],
        flag: true,
        help: "Tries.",
      },
    ],
    parseUrl: (url) => ({ settings: { bucket: new URL(url).hostname }, path: "in/url" }),
    async open(settings, root) {
      opened.push({ settings, root });
      return new MemoryDriver();
    },
  };
  return { definition, opened };
}

describe("registerDriver", () => {
  test("makes a driver known by name and by scheme", () => {
    const { definition } = recording("known", ["known", "known2"]);
    registerDriver(definition);
    expect(definitionByName("known")).toBe(definition);
    expect(definitionByScheme("known2")).toBe(definition);
    expect(driverDefinitions()).toContain(definition);
    const names = driverDefinitions().map(({ name }) => name);
    expect(names).toEqual(names.toSorted());
    expect(names).toContain("memory");
  });

  test("refuses a name or a scheme that is taken, and keeps what was there", () => {
    const taken = expect.objectContaining({ code: "already-exists" });
    const memory = definitionByName("memory");
    expect(() => registerDriver(recording("memory", ["other"]).definition)).toThrow(taken);
    expect(() => registerDriver(recording("other", ["memory"]).definition)).toThrow(taken);
    expect(() => definitionByName("other")).toThrow();
    expect(() => definitionByScheme("other")).toThrow();
    expect(definitionByName("memory")).toBe(memory);
  });
});

describe("what is not known", () => {
  test("a name", () => {
    expect(() => definitionByName("s33")).toThrow(
      expect.objectContaining({
        code: "invalid-argument",
        message: expect.stringMatching(/no driver is called "s33"; known: .*memory/),
      }),
    );
  });

  test("a scheme", async () => {
    const refusal = expect.objectContaining({
      code: "invalid-argument",
      message: expect.stringMatching(/nothing here speaks "gopher:\/\/"; known: .*memory:\/\//),
    });
    expect(() => definitionByScheme("gopher")).toThrow(refusal);
    await expect(openDriver("gopher://x/y")).rejects.toThrow(refusal);
  });

  test("text that is no URL, and settings that no option has", async () => {
    const refusal = expect.objectContaining({ code: "invalid-argument" });
    await expect(openDriver("just/a/path")).rejects.toThrow(refusal);
    await expect(openDriver({ driver: "memory", colour: "red" })).rejects.toThrow(refusal);
    await expect(openDriver({ driver: "nothing" })).rejects.toThrow(refusal);
  });
});

describe("openDriver", () => {
  const { definition, opened } = recording("opened");
  registerDriver(definition);
  const last = (): Opened | undefined => opened.at(-1);

  test("by URL", async () => {
    await openDriver("OPENED://bucket/x", { env: {} });
    expect(last()).toEqual({ settings: { bucket: "bucket", retries: 3 }, root: "in/url" });
  });

  test("by settings", async () => {
    await openDriver({ driver: "opened", root: "a/b", bucket: "b", retries: 5 }, { env: {} });
    expect(last()).toEqual({ settings: { bucket: "b", retries: 5 }, root: "a/b" });
  });

  test("flags of this driver, environment", async () => {
    const env = { RETRIES: "7" };
    await openDriver({ driver: "opened" }, { env });
    expect(last()?.settings).toEqual({ retries: 7 });
    const flags = { opened: { retries: "8" }, other: { nonsense: "x" } };
    await openDriver({ driver: "opened" }, { env, flags });
    expect(last()?.settings).toEqual({ retries: 8 });
    await openDriver({ driver: "opened", retries: 9 }, { env, flags });
    expect(last()?.settings).toEqual({ retries: 9 });
  });
});

describe("memory://", () => {
  test("one name is one store, seen from each root", async () => {
    await using whole = await openStorage("memory://registry-test");
    await using below = await openStorage("memory://registry-test/dir/");
    await using other = await openStorage("memory://registry-test-2");
    await below.writeAll("file", "content");
    expect(await whole.readText("dir/file")).toBe("content");
    expect(await other.exists("dir/file")).toBe(false);
    expect(whole.driver.id).toBe("memory://registry-test");
    expect(below.driver.id).toBe("memory://registry-test/dir");
  });

  test.each(["memory://", "memory:///x", "memory://a b/", "memory://x/../y", "memory://x//y"])(
    "%s is refused",
    async (url) => {
      await expect(openDriver(url)).rejects.toThrow(
        expect.objectContaining({ name: "StorageError" }),
      );
    },
  );
});
