/** No option is without effect: each is read somewhere in the engine. What it does, its own tests say. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = join(import.meta.dirname, "../../src");
/** They carry options over, or check what they are, and do nothing by them. */
const CARRIERS = /^(options|plan-file|check-options)\//;

const engine = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !CARRIERS.test(path))
  .map((path) => withoutComments(readFileSync(join(SRC, path), "utf8")))
  .join("\n");

function withoutComments(text: string): string {
  return text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, "");
}

describe.each(readdirSync(join(SRC, "options")))("options/%s", (file) => {
  const text = withoutComments(readFileSync(join(SRC, "options", file), "utf8"));
  const fields = [...text.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name);

  it.each(fields)("%s is read", (name) => {
    // A member of something, or taken out of something: not merely a word, nor its declaration.
    const isRead = new RegExp(`\\.${name}\\b|[{,]\\s*${name}\\b(?=\\s*[,}=:])`);
    expect(engine).toMatch(isRead);
  });
});
