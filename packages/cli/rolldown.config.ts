/**
 * The bundle that `bin/omnisync.js` runs: few files instead of hundreds, and of Node and undici only what a
 * command uses. Reasons and figures: docs/decisions/0004-the-command-line-is-bundled.md.
 */
import { fileURLToPath } from "node:url";
import type { RolldownOptions } from "rolldown";
import { lazyRequires } from "./bundling/lazy-requires.ts";
import { packageType } from "./bundling/package-type.ts";
import { slimUndici } from "./bundling/slim-undici.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const shared = {
  platform: "node",
  resolve: { conditionNames: ["x-source", "node", "import"] },
  // Native code cannot be bundled; AWS's packages are optional.
  external: [/^@napi-rs\//, /^@aws-sdk\//],
} satisfies RolldownOptions;

// Node loads CommonJS sooner than ES modules, and builds no facade for each of its own modules.
const output = {
  dir: here("bundle"),
  format: "cjs",
  comments: false,
} satisfies RolldownOptions["output"];

const main: RolldownOptions = {
  ...shared,
  input: { main: here("src/main.ts") },
  output: {
    ...output,
    cleanDir: true,
    chunkFileNames: "[name].js",
    // What is always loaded together lies together: each file costs a quarter of a millisecond.
    codeSplitting: {
      groups: [
        {
          name: "core",
          test: /storage\/src\/(?!drivers|layers)|layers\/(intercept|hide-marked)|drivers\/(s3|file)\/(index|s3-location|s3-options)/,
        },
        { name: "s3", test: /storage\/src\/drivers\/s3\/(?!http-connection|answer-stream)/ },
        { name: "engine", test: /(sync|delta)\/src\// },
      ],
    },
  },
  plugins: [
    slimUndici(here("../storage/src/drivers/s3/http-connection.ts")),
    lazyRequires(),
    packageType("commonjs"),
  ],
};

/** One file, beside the code that starts it, under the name by which that code looks for it. */
const worker = (name: string, source: string): RolldownOptions => ({
  ...shared,
  input: { [name]: here(source) },
  output,
  plugins: [lazyRequires()],
});

const config: readonly RolldownOptions[] = [
  main,
  worker("file-worker", "../storage/src/drivers/file/file-worker.ts"),
  worker("delta-worker", "../delta/src/delta-worker.ts"),
];

// Rolldown takes its configuration as a default export only.
export default config;
