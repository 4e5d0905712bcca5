import { open } from "node:fs/promises";
import { setTimeout as after } from "node:timers/promises";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deltaOfFile, DeltaError, deltaOfStream, signFile, signStream } from "../../src/index.ts";
import { JobThread } from "../../src/job-thread.ts";
import { givePiecesMemory, takePiecesMemory } from "../../src/shared-pieces.ts";
import { apply, match, noise, sign } from "./content.ts";

const BLOCK = 64 * 1024;
const old = noise(40 * BLOCK + 5, 1);
const fresh = Buffer.concat([
  noise(3, 2),
  old.subarray(0, 700_000),
  noise(9, 3),
  old.subarray(700_000),
]);
let folder: string;
let path: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "omnisync-delta-"));
  path = join(folder, "fresh");
  writeFileSync(path, fresh);
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("files, in a thread", { timeout: 30_000 }, () => {
  it("[DL-20] are signed and matched as bytes in memory are", async () => {
    for (const threads of [undefined, 1, 2] as const) {
      expect(await signFile(path, { blockSize: BLOCK, threads })).toEqual(sign(fresh, BLOCK));
    }
    const signature = sign(old, BLOCK);
    for (const threads of [undefined, 1, 2] as const) {
      for (const blockSize of [BLOCK, 3 * BLOCK]) {
        const delta = await deltaOfFile(path, signature, { threads, blockSize });
        expect(delta).toEqual(match(signature, fresh, { signWith: blockSize }));
      }
    }
    const delta = await deltaOfFile(path, signature, { threads: 2, sign: false });
    expect(delta.signature).toBeUndefined();
    expect(Buffer.compare(apply(delta.ops, old, fresh), fresh)).toBe(0);
  });

  it("[DL-20] two threads read a file for which they have not enough room", async () => {
    const size = 40 * 1024 ** 2 + 5;
    const long = join(folder, "long");
    writeFileSync(long, fresh);
    truncateSync(long, size);
    const blockSize = 5 * 1024 ** 2;
    const [one, two] = await Promise.all(
      ([1, 2] as const).map((threads) => signFile(long, { blockSize, threads })),
    );
    expect(two).toEqual(one);
    rmSync(long);
  });

  it("[DL-20] two threads read a file of whole pieces, and an empty one", async () => {
    const whole = join(folder, "whole");
    for (const size of [0, 1024 ** 2]) {
      const content = noise(size, 4);
      writeFileSync(whole, content);
      expect(await signFile(whole, { blockSize: BLOCK, threads: 2 })).toEqual(sign(content, BLOCK));
    }
  });

  it("[DL-20] what one thread cannot read is the error of both", async () => {
    for (const threads of [1, 2] as const) {
      await expect(signFile(folder, { threads })).rejects.toMatchObject({ code: "EISDIR" });
    }
  });

  it("[DL-20] a thread that waits for another that has ended can be stopped", async () => {
    const pieces = takePiecesMemory();
    const handle = await open(path);
    const long = { descriptor: handle.fd, size: fresh.length };
    // The first, which never comes, would say whether they share.
    const thread = new JobThread({ kind: "hash" }, { file: long, pieces });
    const first = await Promise.race([thread.result.then(() => "done"), after(300, "waits")]);
    expect(first).toBe("waits");
    await thread.stop();
    await expect(thread.result).rejects.toMatchObject({ code: "stopped" });
    await handle.close();
    givePiecesMemory(pieces);
  });

  it("[DL-20] two threads, one file after the other, share the same memory", async () => {
    const before = takePiecesMemory();
    givePiecesMemory(before);
    const stop = AbortSignal.abort(new Error("enough"));
    await signFile(path, { threads: 2 });
    await signFile(path, { threads: 2, signal: stop }).catch(() => {});
    await signFile(folder, { threads: 2 }).catch(() => {});
    const after = takePiecesMemory();
    expect(after).toBe(before);
    expect(new Uint8Array(after.buffer, 0, 4096).every((byte) => byte === 0)).toBe(true);
    givePiecesMemory(after);
  });

  it("[DL-20] two threads end whenever they are stopped, also while they start", async () => {
    for (let delay = 0; delay < 60; delay += 2) {
      const stop = new AbortController();
      const running = signFile(path, { threads: 2, signal: stop.signal });
      setTimeout(() => stop.abort(new Error("enough")), delay);
      const outcome = await running.catch((error: Error) => error.message);
      if (typeof outcome !== "string") expect(outcome.size).toBe(fresh.length);
      else expect(outcome).toBe("enough");
    }
  });

  it("[DL-20] fail with what went wrong", async () => {
    await expect(signFile(join(folder, "none"))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(signFile(path, { blockSize: 1 })).rejects.toBeInstanceOf(DeltaError);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(signFile(path, { signal })).rejects.toThrow("enough");
    const later = new AbortController();
    const running = signFile(path, { signal: later.signal });
    later.abort(new Error("enough by now"));
    await expect(running).rejects.toThrow("enough by now");
  });

  it("[DL-21] that change while they are read are refused, whoever reads them", async () => {
    const grown = join(folder, "grown");
    const content = noise(17 * 1024 ** 2, 1);
    const signature = sign(old, BLOCK);
    // It is told of before the last bytes are read, or at least before the end.
    const onProgress = (): void => writeFileSync(grown, "now", { flag: "r+" });
    const shrink = (): void => truncateSync(grown, 1);
    const grow = (): void => truncateSync(grown, 18 * 1024 ** 2);
    for (const job of [
      () => signFile(grown, { threads: 1, onProgress }),
      () => signFile(grown, { threads: 2, onProgress }),
      () => deltaOfFile(grown, signature, { onProgress }),
      () => signFile(grown, { threads: 2, onProgress: grow }),
      () => signFile(grown, { threads: 2, onProgress: shrink }),
      () => signFile(grown, { threads: 1, onProgress: grow }),
      () => signFile(grown, { threads: 1, onProgress: shrink }),
    ]) {
      writeFileSync(grown, content);
      await expect(job()).rejects.toMatchObject({ code: "changed" });
    }
  });
});

describe("streams", () => {
  it("[DL-20] are signed and matched whatever their pieces", async () => {
    const pieces = function* (): Generator<Uint8Array> {
      for (let at = 0; at < fresh.length; at += 99_991) yield fresh.subarray(at, at + 99_991);
    };
    expect(await signStream(pieces(), BLOCK)).toEqual(sign(fresh, BLOCK));
    const signature = sign(old, BLOCK);
    expect((await deltaOfStream(pieces(), signature)).ops).toEqual(match(signature, fresh).ops);
    await expect(signStream([], 5)).rejects.toBeInstanceOf(DeltaError);
    for (const signWith of [0, 7, NaN]) {
      const matching = deltaOfStream(pieces(), signature, { signWith });
      await expect(matching).rejects.toMatchObject({ code: "invalid-argument" });
    }
  });
});
