/** The version of this program, fast: no other module of ours is needed to tell it. */
import { readFileSync } from "node:fs";

const FORMS: readonly (readonly string[])[] = [
  ["--version"],
  ["-V"],
  ["version"],
  ["version", "--short"],
  ["version", "--json"],
];

/** Whether the command line asks for the version in a way that needs no parser. */
export function isVersionCall(argv: readonly string[]): boolean {
  return FORMS.some(
    (form) => form.length === argv.length && form.every((word, i) => word === argv[i]),
  );
}

/** What `omnisync version` prints; `argv` is one of the known forms. */
export function versionText(argv: readonly string[]): string {
  const version = packageVersion();
  const { node } = process.versions;
  const { platform, arch } = process;
  if (argv.includes("--json")) return JSON.stringify({ version, node, platform, arch });
  if (argv.includes("--short") || argv[0] !== "version") return version;
  return `omnisync ${version} (node ${node}, ${platform} ${arch})`;
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  return (manifest as { readonly version: string }).version;
}
