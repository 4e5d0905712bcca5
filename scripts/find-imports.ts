export interface Import {
  readonly specifier: string;
  /** `type`: erased by the compiler. `dynamic`: `import()`. */
  readonly kind: "static" | "type" | "dynamic";
}

const STATIC =
  /^(?:import|export)\b(?<type>\s+type\b)?\s*(?:[\w$*{},\s]+?\bfrom\s*)?["'](?<specifier>[^"']+)["']/gm;
const DYNAMIC = /(?<type>\btypeof\s+)?\bimport\(\s*["'](?<specifier>[^"']+)["']/g;

/** What a TypeScript source, as our formatter writes it, imports and re-exports. */
export function findImports(text: string): readonly Import[] {
  const code = withoutComments(text);
  return [
    ...[...code.matchAll(STATIC)].map((match) => toImport(match, "static")),
    ...[...code.matchAll(DYNAMIC)].map((match) => toImport(match, "dynamic")),
  ];
}

/** The code with comments that stand on lines of their own blanked out. */
export function withoutComments(text: string): string {
  return text.replaceAll(/^\s*(?:\/\*[^]*?\*\/|\/\/.*)/gm, "");
}

function toImport(match: RegExpExecArray, kind: "static" | "dynamic"): Import {
  const { type, specifier = "" } = match.groups ?? {};
  return { specifier, kind: type === undefined ? kind : "type" };
}
