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

const config: RolldownOptions = {
  input: {
    main: here("src/main.ts"),
    // Beside the code that starts it, under the name by which that code looks for it.
    "file-worker": here("../storage/src/drivers/file/file-worker.ts"),
  },
  platform: "node",
  resolve: { conditionNames: ["x-source", "node", "import"] },
  // Native code cannot be bundled; AWS's packages are optional.
  external: [/^@napi-rs\//, /^@aws-sdk\//],
  output: {
    dir: here("bundle"),
    cleanDir: true,
    // Node loads CommonJS sooner than ES modules, and builds no facade for each of its own modules.
    format: "cjs",
    chunkFileNames: "[name].js",
  },
  plugins: [
    slimUndici(here("../storage/src/drivers/s3/http-connection.ts")),
    lazyRequires(),
    packageType("commonjs"),
  ],
};

// Rolldown takes its configuration as a default export only.
export default config;
