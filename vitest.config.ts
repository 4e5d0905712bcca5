import { defineConfig } from "vitest/config";

const source = { resolve: { conditions: ["x-source"] }, ssr: { resolve: { conditions: ["x-source"] } } };

export default defineConfig({
  ...source,
  test: {
    projects: [
      {
        ...source,
        extends: true,
        test: { name: "unit", include: ["packages/*/test/unit/**/*.test.ts"] },
      },
      {
        ...source,
        extends: true,
        test: { name: "conformance", include: ["packages/*/test/conformance/**/*.test.ts"] },
      },
      {
        ...source,
        extends: true,
        test: { name: "faults", include: ["packages/*/test/faults/**/*.test.ts"], testTimeout: 60_000 },
      },
      {
        ...source,
        extends: true,
        test: {
          name: "servers",
          include: ["packages/*/test/servers/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
