/** `npm run wasm`: compiles the hot loops in AssemblyScript into modules that hold them as text. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const PACKAGES = join(import.meta.dirname, "../packages");
const LINE = 96;

export interface Loops {
  /** Relative to `packages/`. */
  readonly source: string;
  readonly module: string;
  /** What the module exports. */
  readonly name: string;
  readonly options: readonly string[];
}

const ROLLING = [
  ...["--enable", "simd", "--enable", "relaxed-simd"],
  ...["--importMemory", "--memoryBase", "0"],
];

export const LOOPS: readonly Loops[] = [
  {
    source: "delta/assembly/rolling.ts",
    module: "delta/src/rolling-wasm.ts",
    name: "ROLLING_WASM",
    options: ROLLING,
  },
  {
    source: "delta/assembly/rolling.ts",
    module: "delta/src/rolling-shared-wasm.ts",
    name: "ROLLING_SHARED_WASM",
    options: [...ROLLING, "--enable", "threads", "--sharedMemory", "--maximumMemory", "65536"],
  },
  {
    source: "storage/assembly/sha256.ts",
    module: "storage/src/drivers/s3/sha256-wasm.ts",
    name: "SHA256_WASM",
    // Nothing here can fail; without this it would want somebody to tell.
    options: ["--use", "abort="],
  },
];

/** The text of the module. */
export function buildWasm({ source, name, options }: Loops): string {
  const scratch = mkdtempSync(join(tmpdir(), "omnisync-wasm-"));
  try {
    const out = join(scratch, "made.wasm");
    const manifest = createRequire(import.meta.url).resolve("assemblyscript/package.json");
    const compiler = join(dirname(manifest), "bin/asc.js");
    const all = ["-O3", "--noAssert", "--runtime", "stub", ...options];
    execFileSync(process.execPath, [compiler, join(PACKAGES, source), "-o", out, ...all], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const lines =
      readFileSync(out)
        .toString("base64")
        .match(new RegExp(`.{1,${LINE}}`, "g")) ?? [];
    return [
      `/** Made by \`npm run wasm\` from ${source}. Do not edit. */`,
      `export const ${name}: string = [`,
      ...lines.map((line) => `  "${line}",`),
      '].join("");',
      "",
    ].join("\n");
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

if (import.meta.main) {
  for (const loops of LOOPS) writeFileSync(join(PACKAGES, loops.module), buildWasm(loops));
}
