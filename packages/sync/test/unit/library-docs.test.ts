/** The examples of docs/library.md and of the packages' READMEs run, and print what they say that they print. */
import { SOURCE_ARGV } from "@omnisync/testkit";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../../../..");
const DRIVER = readFileSync(join(import.meta.dirname, "../doc-driver.ts"), "utf8");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "omnisync-docs-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function examples(text: string): readonly string[] {
  return [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code!);
}

/** As a program next to the packages would run it. */
async function run(code: string): Promise<string> {
  const argv = [...SOURCE_ARGV, "--input-type=module-typescript", "-e", code];
  const options = { cwd: join(ROOT, "packages/sync"), env: { ...process.env, NO_COLOR: "1" } };
  const { stdout } = await promisify(execFile)(process.execPath, argv, options);
  return stdout;
}

function told(code: string): string {
  return [...code.matchAll(/^ *\/\/ → (.*\n)/gm)].map(([, line]) => line!).join("");
}

const library = readFileSync(join(ROOT, "docs/library.md"), "utf8");
const [engine = "", storage = ""] = library.split("## Storage\n");

describe("docs/library.md", () => {
  it("its examples of the engine go together", async () => {
    const code = examples(engine)
      .join("\n")
      .replace("file:///srv/data", "memory://disk")
      .replace("s3://bucket/data", "memory://bucket")
      .replace("/var/lib/app/transfers", folder)
      .replace("await copyFile(", 'await disk.write("report.pdf", new Uint8Array(1));\n$&')
      .replace("const found", 'await disk.write("photos/a", new Uint8Array(1));\n$&');
    expect(code).toContain("disk.write");
    expect(await run(code)).toBe("deleted 2026/report.pdf\nnew report.pdf\n");
  });

  it("its driver is the one that is tested", () => {
    expect(examples(storage)).toContain(DRIVER);
  });

  const others = examples(storage).filter((code) => code !== DRIVER);

  it.each(others)("an example runs: %s", async (code) => {
    const whole = code.replace('import "./shelf-driver.ts";\n', DRIVER);
    expect(await run(whole)).toBe(told(code));
    expect(told(code)).not.toBe("");
  });
});

describe("the README of each package", () => {
  it.each(["storage", "sync", "delta"])("of %s: its example runs", async (name) => {
    const text = readFileSync(join(ROOT, "packages", name, "README.md"), "utf8");
    const [code = ""] = examples(text);
    expect(text).toContain(`# @omnisync/${name}\n`);
    expect(await run(code)).toBe(told(code));
  });

  it.each(["storage", "sync", "delta", "cli"])("of %s: its links lead somewhere", (name) => {
    const own = join(ROOT, "packages", name);
    const text = readFileSync(join(own, "README.md"), "utf8");
    for (const [, target] of text.matchAll(/\]\(([^)#]+)/g))
      expect(existsSync(join(own, target!)), target).toBe(true);
  });
});
