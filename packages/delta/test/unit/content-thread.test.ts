import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type ContentThread,
  DeltaError,
  matchInThread,
  signInThread,
  type Signature,
} from "../../src/index.ts";
import { match, noise, sign } from "./content.ts";

const BLOCK = 64 * 1024;
const old = noise(20 * BLOCK + 5, 1);
const fresh = Buffer.concat([noise(3, 2), old.subarray(0, 700_000), old.subarray(700_009)]);
const size = fresh.length;
const refused: unknown[] = [];
const note = (reason: unknown): unknown => refused.push(reason);

beforeEach(() => void process.on("unhandledRejection", note));

afterEach(async () => {
  // They are told after the microtasks of a turn.
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.off("unhandledRejection", note);
  expect(refused.splice(0)).toEqual([]);
});

/** Hands all over, without waiting, in pieces of a length that fits nothing. */
function feed(thread: ContentThread<unknown>, bytes: Uint8Array): Promise<ArrayBuffer>[] {
  const given: Promise<ArrayBuffer>[] = [];
  for (let at = 0; at < bytes.length; at += 99_991) {
    given.push(thread.take(new Uint8Array(bytes.subarray(at, at + 99_991))));
  }
  return given;
}

describe("content that is handed over", () => {
  it("[DL-23] is signed and matched as bytes in memory are, however it is cut", async () => {
    const signer = signInThread({ blockSize: BLOCK, size });
    void feed(signer, fresh);
    expect(await signer.finish()).toEqual(sign(fresh, BLOCK));
    const signature = sign(old, BLOCK);
    for (const signWith of [undefined, BLOCK, 2 * BLOCK]) {
      const matcher = matchInThread(signature, { size, signWith });
      void feed(matcher, fresh);
      expect(await matcher.finish()).toEqual(match(signature, fresh, { signWith }));
    }
  });

  it("[DL-23] may be nothing at all, or more than was expected", async () => {
    const nothing = new Uint8Array(0);
    expect(await signInThread({ blockSize: BLOCK, size }).finish()).toEqual(sign(nothing, BLOCK));
    const thread = signInThread({ blockSize: BLOCK, size: 1 });
    void feed(thread, fresh);
    expect(await thread.finish()).toEqual(sign(fresh, BLOCK));
  });

  it("[DL-23] is moved to the thread, and its memory comes back in order", async () => {
    const thread = signInThread({ blockSize: BLOCK, size: 30 });
    const memory = new ArrayBuffer(1000);
    const first = thread.take(new Uint8Array(memory, 10, 20));
    expect(memory.detached).toBe(true);
    const second = thread.take(new Uint8Array(10));
    expect((await first).byteLength).toBe(1000);
    expect((await second).byteLength).toBe(10);
    expect(await thread.finish()).toMatchObject({ size: 30 });
  });

  it("[DL-23] whose memory cannot be moved is refused, and the rest goes on", async () => {
    const thread = signInThread({ blockSize: BLOCK, size: 10 });
    const gone = new Uint8Array(10);
    structuredClone(gone, { transfer: [gone.buffer] });
    await expect(thread.take(gone)).rejects.toMatchObject({ name: "DataCloneError" });
    await thread.take(new Uint8Array(10));
    expect(await thread.finish()).toMatchObject({ size: 10 });
  });
});

describe("a thread", () => {
  it("[DL-24] whose signal is aborted ends with its reason", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    expect(() => signInThread({ blockSize: BLOCK, size, signal })).toThrow("enough");
    const later = new AbortController();
    const thread = matchInThread(sign(old, BLOCK), { size, signal: later.signal });
    const [first, ...others] = feed(thread, fresh);
    later.abort(new Error("enough by now"));
    await expect(others.at(-1)).rejects.toThrow("enough by now");
    await expect(thread.finish()).rejects.toThrow("enough by now");
    await expect(thread.take(new Uint8Array(1))).rejects.toThrow("enough by now");
    await Promise.allSettled([first]);
    await thread.stop();
  });

  it("[DL-24] that is stopped takes no more, says so, and may be stopped again", async () => {
    const thread = signInThread({ blockSize: BLOCK, size });
    const given = feed(thread, fresh);
    await thread.stop();
    await thread.stop();
    await expect(given.at(-1)).rejects.toMatchObject({ code: "stopped" });
    await expect(thread.take(new Uint8Array(1))).rejects.toMatchObject({ code: "stopped" });
    await expect(thread.finish()).rejects.toMatchObject({ code: "stopped" });
  });

  it("[DL-24] that is done takes no more; stopping it changes nothing", async () => {
    const thread = signInThread({ blockSize: BLOCK, size });
    const signature = await thread.finish();
    await thread.stop();
    await expect(thread.take(new Uint8Array(1))).rejects.toBeInstanceOf(DeltaError);
    expect(await thread.finish()).toBe(signature);
  });

  it("[DL-24] that breaks rejects what is pending", async () => {
    // Not what its type says: the thread fails when it counts with it.
    const broken = { ...sign(old, BLOCK), blockSize: BigInt(BLOCK) } as unknown as Signature;
    const thread = matchInThread(broken, { size });
    const given = feed(thread, fresh);
    await expect(given[0]).rejects.toBeInstanceOf(TypeError);
    await expect(thread.finish()).rejects.toBeInstanceOf(TypeError);
  });

  it("[DL-24] is not started for a block size out of bounds", () => {
    expect(() => signInThread({ blockSize: 1, size })).toThrow(DeltaError);
    expect(() => matchInThread(sign(old, BLOCK), { size, signWith: 1 })).toThrow(DeltaError);
  });
});
