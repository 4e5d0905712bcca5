import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LOOPS, buildWasm } from "../../../../scripts/build-wasm.ts";

const PACKAGES = join(import.meta.dirname, "../../..");

describe.each(LOOPS)("the compiled hot loops in $module", (loops) => {
  it("[DL-22] are what their source gives", () => {
    expect(readFileSync(join(PACKAGES, loops.module), "utf8")).toBe(buildWasm(loops));
  });
});
