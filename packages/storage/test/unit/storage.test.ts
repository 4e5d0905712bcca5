import {
  type AbilityName,
  MemoryDriver,
  READ_ALL_LIMIT,
  Storage,
  openStorage,
} from "@omnisync/storage";
import { disable, intercept, limit, readOnly } from "@omnisync/storage/layers";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";

function failing(code: string): unknown {
  return expect.objectContaining({ name: "StorageError", code });
}

describe("openStorage", () => {
  test("by URL and by settings, closed at the end of its scope", async () => {
    let kept: Storage;
    {
      await using storage = await openStorage("memory://storage-test/root");
      await storage.writeAll("file", "content");
      kept = storage;
    }
    await expect(kept.stat("file")).rejects.toThrow(failing("closed"));
    await using again = await openStorage({ driver: "memory", store: "storage-test" });
    expect(await again.readText("root/file")).toBe("content");
  });
});

describe("reading whole files", () => {
  test("the limit holds for the file, and frees the body that is not read", async () => {
    expect(READ_ALL_LIMIT).toBe(64 * 1024 * 1024);
    const driver = new MemoryDriver();
    const storage = new Storage(driver);
    await storage.writeAll("file", "0123456789");
    let left = 0;
    const read = driver.read.bind(driver);
    driver.read = async (...args) => {
      const result = await read(...args);
      const inner = result.body[Symbol.asyncIterator]();
      const iterator: AsyncIterator<Uint8Array> = {
        next: () => inner.next(),
        async return() {
          left++;
          return { done: true, value: undefined };
        },
      };
      return { ...result, body: { [Symbol.asyncIterator]: () => iterator } };
    };
    await expect(storage.readAll("file", { limit: 9 })).rejects.toThrow(failing("too-large"));
    expect(left).toBe(1);
    expect((await storage.readAll("file", { limit: 10 })).byteLength).toBe(10);
  });

  test("text that is no UTF-8", async () => {
    const storage = new Storage(new MemoryDriver());
    await storage.writeAll("file", Uint8Array.of(0x61, 0xff));
    await expect(storage.readText("file")).rejects.toThrow(failing("corrupt"));
    await storage.writeAll("file", "Grüße 😀");
    expect(await storage.readText("file")).toBe("Grüße 😀");
  });

  test("an aborted signal", async () => {
    const storage = new Storage(new MemoryDriver());
    await storage.writeAll("file", "x");
    const signal = AbortSignal.abort();
    await expect(storage.readAll("file", { signal })).rejects.toThrow(failing("aborted"));
    await expect(storage.copy("file", "copy", { signal })).rejects.toThrow(failing("aborted"));
    await expect(storage.move("file", "copy", { signal })).rejects.toThrow(failing("aborted"));
    expect(await storage.exists("copy")).toBe(false);
  });
});

describe("a copy without the store's help", () => {
  test("[ST-8] one that is refused frees what it was reading", async () => {
    const memory = new MemoryDriver();
    const storage = new Storage(limit(disable(memory, "copy", "conditions"), 2));
    await storage.writeAll("from", "content");
    for (let i = 0; i < 10; i++) {
      const refused = storage.copy("from", "to", { ifNoneMatch: "*" });
      await expect(refused).rejects.toThrow(failing("unsupported"));
    }
    expect(await storage.readText("from")).toBe("content");
  });

  test("[ST-8] a stream of Node's that was not begun is destroyed", async () => {
    const stream = Readable.from([Buffer.from("content")]);
    const refused = readOnly(new MemoryDriver()).write("file", stream);
    await expect(refused).rejects.toThrow(failing("read-only"));
    expect(stream.destroyed).toBe(true);
  });
});

describe("a move without the store's help", () => {
  const lacks: readonly (readonly AbilityName[])[] = [
    ["move"],
    ["move", "conditions"],
    ["move", "copy"],
    ["move", "copy", "conditions"],
  ];
  for (const after of ["stat", "copy"] as const) {
    test.each(lacks)(
      `[ST-231] a source that changes after the ${after} is kept, without %s %s %s`,
      async (...abilities) => {
        const driver = new MemoryDriver();
        await driver.write("from", Buffer.from("original"));
        let changes = 1;
        const busy = intercept(disable(driver, ...abilities), {
          async around({ operation }, run) {
            const result = await run();
            const isTime = (operation === "stat") === (after === "stat");
            if (isTime && changes-- > 0) await driver.write("from", Buffer.from("changed"));
            return result;
          },
        });
        await expect(new Storage(busy).move("from", "to")).rejects.toThrow(failing("changed"));
        expect(await new Storage(driver).readText("from")).toBe("changed");
      },
    );
  }

  test("a copy that fails leaves the source, and what was at the target", async () => {
    const driver = new MemoryDriver();
    const storage = new Storage(disable(driver, "copy", "move"));
    await storage.writeAll("from", "original");
    await storage.writeAll("to", "old");
    driver.write = () => Promise.reject(new Error("no"));
    await expect(storage.move("from", "to")).rejects.toThrow();
    expect(await storage.readText("from")).toBe("original");
    expect(await storage.readText("to")).toBe("old");
  });
});
