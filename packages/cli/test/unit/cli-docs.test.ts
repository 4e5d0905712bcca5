/** `docs/cli.md` holds the help of every command, as it is. With `UPDATE_DOCS=1` it is written anew. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { buildProgram } from "../../src/program.ts";
import { Session } from "../../src/session.ts";
import { runCli } from "../run-cli.ts";

const DOCUMENT = fileURLToPath(new URL("../../../../docs/cli.md", import.meta.url));
/** The same in the help of many commands, and once in the document. */
const DRIVER_FLAGS = /\nOptions of \w+ locations:\n(?: .*\n)+/g;
const MARKER = /^<!-- From here on generated.*-->\n/m;

async function commandSections(): Promise<string> {
  const stream = { write: () => true };
  const signal = new AbortController().signal;
  const session = new Session({ stdout: stream, stderr: stream, env: {}, cwd: "/", signal });
  const names = buildProgram(session).commands.map((command) => command.name());
  const driverFlags = new Set<string>();
  let sections = "";
  for (const name of names) {
    const { stdout } = await runCli(["help", name]);
    const own = stdout.replace(DRIVER_FLAGS, (group) => {
      driverFlags.add(group);
      return "";
    });
    sections += section(name, own);
  }
  return (
    sections +
    section("Flags of every command that takes a location", [...driverFlags].join("").trimStart())
  );
}

function section(title: string, text: string): string {
  return `\n### ${title}\n\n\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`;
}

test("docs/cli.md has every command with every flag", async () => {
  const document = readFileSync(DOCUMENT, "utf8");
  const [marker] = MARKER.exec(document) ?? [];
  expect(marker).toBeDefined();
  const [introduction] = document.split(marker as string);
  const expected = `${introduction}${marker}${await commandSections()}`;
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(DOCUMENT, expected);
  expect(readFileSync(DOCUMENT, "utf8")).toBe(expected);
});
