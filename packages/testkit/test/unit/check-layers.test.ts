import { describe, expect, test } from "vitest";
import { type Manifest, checkLayers } from "../../../../scripts/check-layers.ts";
import { findImports } from "../../../../scripts/find-imports.ts";
import { readLayerRules } from "../../../../scripts/layer-rules.ts";

const TABLES = `
<!-- table: packages -->
| package | what | may import | third-party |
|---|---|---|---|
| \`base\` | … | – | \`undici\` |
| \`top\` | … | \`base\` | – |

<!-- table: fences -->
| files | never import | never use | except | why |
|---|---|---|---|---|
| \`base/src/drivers/**\` | \`base/src/registry.ts\` | – | \`types\` | drivers are registered elsewhere |
| \`base/src/drivers/*/**\` | \`base/src/drivers/**\` | – | \`own folder\` | drivers stand alone |
| \`top/src/plan/**\` | \`node:*\` | \`Date.now\` | \`types\` | the plan is pure |
| \`top/src/**\` | \`@omnisync/base/heavy\` | – | \`import()\` | heavy things wait |
`;

const MANIFESTS: ReadonlyMap<string, Manifest> = new Map([
  ["base", { name: "@omnisync/base", dependencies: { undici: "1" } }],
  ["top", { name: "@omnisync/top", dependencies: { "@omnisync/base": "1" } }],
]);

function check(path: string, text: string): readonly string[] {
  return checkLayers({
    rules: readLayerRules(TABLES),
    manifests: MANIFESTS,
    sources: [{ path, text }],
  });
}

describe("what the tables allow passes", () => {
  test.each([
    ["top/src/a.ts", `import { a } from "@omnisync/base";`],
    ["top/src/a.ts", `import { readFile } from "node:fs/promises";`],
    ["top/src/a.ts", `const heavy = await import("@omnisync/base/heavy");`],
    ["top/src/a.ts", `// import { a } from "lodash";`],
    ["top/src/plan/a.ts", `/** Never Date.now. */\nimport { b } from "./b.ts";`],
    ["top/src/plan/a.ts", `import type { Stats } from "node:fs";`],
    ["base/src/drivers/s3/a.ts", `import { fetch } from "undici";`],
    ["base/src/drivers/s3/a.ts", `import { sign } from "./sign/sign.ts";`],
    ["base/src/drivers/s3/a.ts", `import { body } from "../../lib/body.ts";`],
    ["base/src/drivers/s3/a.ts", `import type { Definition } from "../../registry.ts";`],
  ])("%s: %s", (path, text) => {
    expect(check(path, text)).toEqual([]);
  });
});

describe("what the tables forbid is found, with its reason", () => {
  test.each([
    ["base/src/a.ts", `import { a } from "@omnisync/top";`, "may not import"],
    ["top/src/a.ts", `import { a } from "lodash/fp";`, "may not import"],
    ["top/src/a.ts", `import type { Dispatcher } from "undici";`, "may not import"],
    ["top/src/a.ts", `await import("left-pad");`, "may not import"],
    [
      "top/src/a.ts",
      `import {\n  a,\n  type B,\n} from "../../base/src/a.ts";`,
      "leaves the package",
    ],
    ["top/src/a.ts", `export * from "@omnisync/base/heavy";`, "heavy things wait"],
    ["top/src/plan/a.ts", `import "node:fs";`, "the plan is pure"],
    ["top/src/plan/a.ts", `const now = Date.now();`, "the plan is pure"],
    ["base/src/drivers/s3/a.ts", `import { type D, open } from "../../registry.ts";`, "elsewhere"],
    ["base/src/drivers/s3/a.ts", `import { M } from "../memory/memory.ts";`, "drivers stand alone"],
  ])("%s: %s", (path, text, reason) => {
    expect(check(path, text)).toEqual([expect.stringContaining(reason)]);
  });
});

test("a manifest and the table must agree, both ways", () => {
  const manifests = new Map([
    ["base", { name: "@omnisync/base", dependencies: { lodash: "1" } }],
    ["top", { name: "@omnisync/top", peerDependencies: { "@omnisync/base": "1" } }],
    ["stray", { name: "@omnisync/stray" }],
  ]);
  expect(checkLayers({ rules: readLayerRules(TABLES), manifests, sources: [] })).toEqual([
    "packages/stray is not in the table of ARCHITECTURE.md",
    "packages/base: the table names undici, package.json does not",
    "packages/base: package.json names lodash, the table does not",
  ]);
});

test("a table that is missing, empty or cannot be read is an error, never an empty rule", () => {
  expect(() => readLayerRules(TABLES.replace("table: fences", "fences"))).toThrow("no table");
  expect(() => readLayerRules(TABLES.replaceAll(/\| `(base|top)\/.*\n/g, ""))).toThrow("is empty");
  expect(() => readLayerRules(TABLES.replace("`own folder`", "`own`"))).toThrow("cannot be read");
});

test("imports are told apart from code that only looks like one", () => {
  const text = `
import a, { b } from "one";
import type { C } from "two";
export type { D } from "three";
export interface E {
  readonly kind: "not";
}
export const from = "not";
type F = typeof import("four");`;
  expect(findImports(text)).toEqual([
    { specifier: "one", kind: "static" },
    { specifier: "two", kind: "type" },
    { specifier: "three", kind: "type" },
    { specifier: "four", kind: "type" },
  ]);
});
