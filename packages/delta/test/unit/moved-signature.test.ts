/** A signature in memory that no threads share goes to the thread that needs it, whole. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { matchInThread } from "../../src/content-thread.ts";
import { deltaOfFile } from "../../src/delta-files.ts";
import { planFetch } from "../../src/plan-fetch.ts";
import { decodeSignature, encodeSignature } from "../../src/signature-format.ts";
import type { Signature } from "../../src/signature.ts";
import { match, noise, sign } from "./content.ts";

const BLOCK = 64 * 1024;
const SIZE = 20 * BLOCK + 99;
const old = noise(SIZE, 1);
const fresh = Buffer.from(old);
fresh.set(noise(1000, 2), 5 * BLOCK);

const decoded = (shared?: boolean | "hashes"): Promise<Signature> =>
  decodeSignature(encodeSignature({ ...sign(old, BLOCK), identity: { etag: "e" } }), { shared });

function file(): string {
  const folder = mkdtempSync(join(tmpdir(), "moved-signature-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "fresh");
  writeFileSync(path, fresh);
  return path;
}

describe("a signature that is not shared", () => {
  const { ops } = match(sign(old, BLOCK), fresh);

  it.each([1, 2] as const)("[DL-25] is used up by %i threads that read a file", async (threads) => {
    const signature = await decoded(false);
    const delta = await deltaOfFile(file(), signature, { threads });
    expect(delta.ops).toEqual(ops);
    expect(delta.signature?.strong).toEqual(sign(fresh, BLOCK).strong);
    expect([signature.strong.length, signature.weak.length]).toEqual([0, 0]);
    const refusal = { code: "invalid-argument" };
    expect(() => planFetch(signature, delta.ops)).toThrow(expect.objectContaining(refusal));
    expect(() => match(signature, fresh)).toThrow(expect.objectContaining(refusal));
    expect(() => [...encodeSignature(signature)]).toThrow(expect.objectContaining(refusal));
  });

  it("[DL-25] is used up by a thread that is handed content", async () => {
    const signature = await decoded(false);
    const thread = matchInThread(signature, { size: SIZE });
    await thread.take(Uint8Array.from(fresh));
    expect((await thread.finish()).ops).toEqual(ops);
    expect(signature.strong).toHaveLength(0);
  });

  it("[DL-25] one in memory that holds more than it stays, and is copied", async () => {
    const signature = await decoded();
    const room = new Uint8Array(signature.strong.length + 8);
    room.set(signature.strong, 8);
    const strong = room.subarray(8);
    const thread = matchInThread({ ...signature, strong }, { size: SIZE });
    await thread.take(Uint8Array.from(fresh));
    expect((await thread.finish()).ops).toEqual(ops);
    expect(strong).toEqual(signature.strong);
  });

  it("[DL-25] one whose hashes are shared can be planned with afterwards, but not matched", async () => {
    const signature = await decoded("hashes");
    const delta = await deltaOfFile(file(), signature);
    expect(signature.weak).toHaveLength(0);
    const plans = [planFetch(signature, delta.ops), planFetch(sign(old, BLOCK), ops)];
    const [after, before] = plans.map((plan) => [...plan.steps()]);
    expect(after).toEqual(before);
    const refusal = { code: "invalid-argument" };
    expect(() => match(signature, fresh)).toThrow(expect.objectContaining(refusal));
    expect(() => [...encodeSignature(signature)]).toThrow(expect.objectContaining(refusal));
  });

  it("[DL-25] one that is shared is there afterwards", async () => {
    const signature = await decoded();
    const path = file();
    for (let i = 0; i < 2; i++) expect((await deltaOfFile(path, signature)).ops).toEqual(ops);
    expect(signature.strong).toEqual(sign(old, BLOCK).strong);
  });
});
