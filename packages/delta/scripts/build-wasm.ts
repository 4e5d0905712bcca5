/** `npm run wasm`: compiles assembly/rolling.ts into src/rolling-wasm.ts. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const HERE = join(import.meta.dirname, "..");
const LINE = 96;

/** The text of src/rolling-wasm.ts. */
export function buildWasm(): string {
  const scratch = mkdtempSync(join(tmpdir(), "omnisync-wasm-"));
  try {
    const out = join(scratch, "rolling.wasm");
    const compiler = join(
      dirname(createRequire(import.meta.url).resolve("assemblyscript/package.json")),
      "bin/asc.js",
    );
    const options = [
      "-O3",
      "--noAssert",
      "--runtime",
      "stub",
      "--enable",
      "simd",
      "--memoryBase",
      "0",
    ];
    execFileSync(
      process.execPath,
      [compiler, join(HERE, "assembly/rolling.ts"), "-o", out, ...options],
      { stdio: ["ignore", "ignore", "inherit"] },
    );
    return sourceOf(readFileSync(out).toString("base64"));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function sourceOf(base64: string): string {
  const lines = base64.match(new RegExp(`.{1,${LINE}}`, "g")) ?? [];
  return [
    "/** Made by `npm run wasm` from assembly/rolling.ts. Do not edit. */",
    "export const ROLLING_WASM: string = [",
    ...lines.map((line) => `  "${line}",`),
    '].join("");',
    "",
  ].join("\n");
}

if (import.meta.main) writeFileSync(join(HERE, "src/rolling-wasm.ts"), buildWasm());
