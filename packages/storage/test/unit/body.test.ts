import {
  type Capabilities,
  MemoryDriver,
  StorageError,
  checkSize,
  collectBody,
  concatBytes,
  isReplayable,
  openBody,
} from "@omnisync/storage";
import { Throttle, log, throttle } from "@omnisync/storage/layers";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { checkRange, guardBody } from "../../src/lib/body.ts";
import { MEMORY_CAPABILITIES } from "../../src/drivers/memory/memory-capabilities.ts";

const one = Uint8Array.of(1, 2);
const two = Uint8Array.of(3);

/** Leaves it to the layer to hold bytes back. */
class ImpatientMemory extends MemoryDriver {
  override readonly capabilities: Capabilities = { ...MEMORY_CAPABILITIES, paces: false };
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield one;
  yield two;
}

function failing(code: string): unknown {
  return expect.objectContaining({ name: "StorageError", code });
}

describe("bodies", () => {
  test("what can be opened again", () => {
    expect(isReplayable(one)).toBe(true);
    expect(isReplayable(pieces)).toBe(true);
    expect(isReplayable(pieces())).toBe(false);
  });

  test.each([Uint8Array.of(1, 2, 3), pieces(), pieces])(
    "%# as a stream, and collected",
    async (body) => {
      const replayable = isReplayable(body);
      if (replayable)
        expect(Buffer.concat(await Array.fromAsync(openBody(body)))).toEqual(Buffer.of(1, 2, 3));
      expect(await collectBody(body, 3)).toEqual(Uint8Array.of(1, 2, 3));
    },
  );

  test("collecting stops at the limit, and frees the stream", async () => {
    let freed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield one;
      } finally {
        freed = true;
      }
    }
    await expect(collectBody(endless(), 5)).rejects.toThrow(failing("too-large"));
    expect(freed).toBe(true);
  });

  test("concatBytes", () => {
    expect(concatBytes([one, two, one], 5)).toEqual(Uint8Array.of(1, 2, 3, 1, 2));
  });

  test("checkSize", () => {
    checkSize("x", undefined, 5);
    checkSize("x", 5, 5);
    expect(() => checkSize("x", 4, 5)).toThrow(failing("corrupt"));
    expect(() => checkSize("x", 0, 5)).toThrow(failing("corrupt"));
  });

  test.each([{ offset: -1 }, { offset: 1.5 }, { offset: 0, length: -1 }, { offset: NaN }])(
    "%o is no range",
    (range) => expect(() => checkRange("x", range)).toThrow(failing("invalid-argument")),
  );

  test("ranges", () => {
    checkRange("x", undefined);
    checkRange("x", { offset: 0 });
    checkRange("x", { offset: 5, length: 0 });
  });
});

describe("[ST-7] what is no bytes", () => {
  test("is named, and the stream that gave it is left", async () => {
    expect(() => openBody("text" as never)).toThrow("not as string");
    expect(() => openBody((() => one) as never)).toThrow(failing("invalid-argument"));
    let freed = false;
    async function* odd(): AsyncGenerator<Uint8Array> {
      try {
        yield Uint16Array.of(1) as never;
      } finally {
        freed = true;
      }
    }
    await expect(collectBody(odd(), 5)).rejects.toThrow("not as Uint16Array");
    expect(freed).toBe(true);
  });

  test.each(["throttle", "log"])("does not pass the layer %s", async (name) => {
    const driver = new ImpatientMemory();
    const layered =
      name === "log" ? log(driver, () => {}) : throttle(driver, new Throttle(Infinity));
    for (const body of ["text", Readable.from(["text"])])
      await expect(layered.write("x", body as never)).rejects.toThrow(failing("invalid-argument"));
    expect(await driver.stat("x")).toBeUndefined();
  });
});

describe("guardBody", () => {
  test("an error of the body comes out as a StorageError", async () => {
    const strange = new Error("strange");
    const own = new StorageError("changed");
    const throwing = (error: unknown) => () => {
      throw error;
    };
    await expect(Array.fromAsync(guardBody(throwing(strange), {}))).rejects.toThrow(
      expect.objectContaining({ code: "internal", cause: strange }),
    );
    await expect(Array.fromAsync(guardBody(throwing(own), {}))).rejects.toBe(own);
  });

  test("an abort ends a body that is stuck, at once", async () => {
    const controller = new AbortController();
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield one;
      await new Promise<never>(() => {});
    }
    const reading = Array.fromAsync(guardBody(stuck(), { path: "x", signal: controller.signal }));
    setTimeout(() => controller.abort(), 5);
    await expect(reading).rejects.toThrow(expect.objectContaining({ code: "aborted", path: "x" }));
  });

  test("leaving early frees the body, and its end does not", async () => {
    const events: string[] = [];
    const watched = (): AsyncIterable<Uint8Array> => ({
      [Symbol.asyncIterator]() {
        const inner = pieces();
        return {
          next: () => inner.next(),
          async return() {
            events.push("left");
            return inner.return(undefined);
          },
        };
      },
    });
    for await (const _ of guardBody(watched, {})) break;
    expect(events).toEqual(["left"]);
    expect(await Array.fromAsync(guardBody(watched, {}))).toEqual([one, two]);
    expect(events).toEqual(["left"]);
  });

  test("no listener stays on a signal that outlives the body", async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };
    await Array.fromAsync(guardBody(pieces, { signal }));
    expect(listeners).toBe(0);
  });
});
