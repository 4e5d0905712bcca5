import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { hashBlock } from "../../src/block-hash.ts";

it("[DL-25] matching an object of 5 TiB, and planning its fetch, takes at most 190 MB", () => {
  const program = join(import.meta.dirname, "huge-object.ts");
  const bytes = Number(execFileSync(process.execPath, [...process.execArgv, program]));
  expect(bytes / 1e6).toBeLessThan(190);
}, 60_000);

it("[DL-25] hashing blocks leaves nothing behind, also where the event loop never turns", () => {
  const block = new Uint8Array(64);
  const hashMany = (): void => {
    for (let i = 0; i < 300_000; i++) hashBlock(block);
  };
  hashMany();
  const before = process.memoryUsage.rss();
  hashMany();
  // 300 bytes each would be 90 MB.
  expect((process.memoryUsage.rss() - before) / 1e6).toBeLessThan(30);
});
