import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

it("[DL-25] matching an object of 5 TiB, and planning its fetch, takes at most 190 MB", () => {
  const program = join(import.meta.dirname, "huge-object.ts");
  const bytes = Number(execFileSync(process.execPath, ["-C", "x-source", program]));
  expect(bytes / 1e6).toBeLessThan(190);
}, 60_000);
