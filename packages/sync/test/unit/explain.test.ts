import {
  type ExplainOptions,
  type Explanation,
  type GivenRule,
  explain,
  loadFilter,
} from "@omnisync/sync";
import { expect, it } from "vitest";
import { place, storeWith } from "../stores.ts";

async function ask(
  path: string,
  rules: readonly string[] = [],
  options: ExplainOptions = {},
): Promise<Explanation> {
  const source = await storeWith({
    a: "1",
    "a.o": "1",
    changed: "longer",
    "d/keep": "1",
    "d/skip.o": "1",
    "p/.rules": "# remark\n- *.x\n",
    "p/b.x": "1",
  });
  const destination = await storeWith({
    a: "1",
    changed: "1",
    extra: "1",
    "d/extra.o": "1",
    "gone/b": "1",
  });
  const filter = await loadFilter(rules.map((text): GivenRule => ({ kind: "filter", text })));
  return explain(path, place(source), place(destination), { filter, ...options });
}

it.each<readonly [string, readonly string[], ExplainOptions, string, string | undefined]>([
  ["a", [], {}, "unchanged", undefined],
  ["a.o", [], {}, "copy", "new"],
  ["changed", [], {}, "copy", "size"],
  ["changed", [], { existing: true, ignoreExisting: false }, "copy", "size"],
  ["changed", [], { ignoreExisting: true }, "skip", "exists"],
  ["extra", [], {}, "keep", undefined],
  ["extra", [], { delete: true }, "remove", undefined],
  ["extra", ["P extra"], { delete: true }, "protected", undefined],
  ["gone/b", ["P gone/"], { delete: true }, "protected", undefined],
  ["d/extra.o", ["P d/"], { delete: true }, "remove", undefined],
  ["a.o", ["- *.o"], {}, "left-out", undefined],
  ["d/keep", ["- d/"], {}, "left-out", undefined],
  ["nowhere", [], {}, "nothing", undefined],
])("[SY-213] %s with %j and %j: %s", async (path, rules, options, outcome, reason) => {
  expect(await ask(path, rules, options)).toMatchObject({ outcome, ...(reason && { reason }) });
});

it("[SY-213] names the rule, the file, the line, and the directory that it matched", async () => {
  const { source } = await ask("p/b.x", [": .rules"]);
  expect(source.included).toBe(false);
  expect(source.decision?.rule.text).toBe("- *.x");
  expect(source.decision?.rule.origin).toMatchObject({ line: 2 });
  expect(source.decision?.rule.origin.name).toMatch(/p\/\.rules$/);
  const above = await ask("d/keep", ["+ keep", "- d/"]);
  expect(above.source.decision).toMatchObject({
    path: "d",
    rule: { text: "- d/", origin: { name: "--filter" } },
  });
});

it("[SY-213] what limits leave alone is told as such", async () => {
  const filter = await loadFilter([], { maxSize: 3 });
  expect(await ask("changed", [], { filter })).toMatchObject({ outcome: "skip", reason: "limits" });
});

it.each<readonly [string, ExplainOptions, string]>([
  ["a", { files: ["a.o"] }, "not-listed"],
  ["a.o", { files: ["./a.o"] }, "copy"],
  ["d", { files: ["d/keep"] }, "unchanged"],
  ["d/keep", { files: ["d"] }, "copy"],
  ["d/keep", { files: ["d"], recursive: false }, "not-listed"],
  ["d/keep", { files: ["d/"], recursive: false }, "copy"],
  ["extra", { files: ["extra"], delete: true }, "fail"],
  ["extra", { files: ["extra"], delete: true, ignoreMissing: true }, "protected"],
  ["extra", { files: ["extra"], deleteMissing: true }, "remove"],
  ["d/extra.o", { files: ["d"], delete: true }, "remove"],
])("[SY-213] %s with %j: %s", async (path, options, outcome) => {
  expect(await ask(path, [], options)).toMatchObject({ outcome });
});
