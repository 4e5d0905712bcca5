import { defineConfig } from "vitest/config";
import { SOURCE_ARGV } from "./packages/testkit/src/source-argv.ts";
import { TotalsReporter } from "./scripts/totals-reporter.ts";

/** Tests run the TypeScript of every package directly; see `exports` in the manifests. */
const source = {
  resolve: { conditions: ["x-source"] },
  ssr: { resolve: { conditions: ["x-source"] } },
};

// `extends` alone loses the conditions.
const project = { ...source, extends: true } as const;

export default defineConfig({
  ...source,
  test: {
    execArgv: [...SOURCE_ARGV],
    // By default one core is left free: on two, files would run one after another.
    maxWorkers: "100%",
    reporters: ["default", new TotalsReporter()],
    projects: [
      {
        ...project,
        test: {
          name: "unit",
          include: ["packages/*/test/unit/**/*.test.ts"],
          testTimeout: 30_000,
        },
      },
      {
        ...project,
        test: {
          name: "conformance",
          include: ["packages/*/test/conformance/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        ...project,
        test: {
          name: "faults",
          include: ["packages/*/test/faults/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        ...project,
        test: {
          name: "servers",
          include: ["packages/*/test/servers/**/*.test.ts"],
          globalSetup: ["packages/testkit/src/servers/global-setup.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
