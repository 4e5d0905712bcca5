/** Reads the two tables of ARCHITECTURE.md that say which code may use which. */

export interface LayerRules {
  readonly packages: readonly PackageRule[];
  readonly fences: readonly Fence[];
}

/** A row of the first table: what a package may import. */
export interface PackageRule {
  /** Its folder in `packages/`. */
  readonly folder: string;
  /** Folders of other packages. */
  readonly mayImport: readonly string[];
  /** Names on the registry. */
  readonly thirdParty: readonly string[];
}

/** A row of the second table: what must stay apart although it lies in one package. */
export interface Fence {
  /** Globs of files, relative to `packages/`. */
  readonly files: readonly string[];
  /** Globs of files, or of bare specifiers. */
  readonly neverImports: readonly string[];
  /** Names such as `Date.now`. */
  readonly neverUses: readonly string[];
  readonly except: readonly Exception[];
  readonly why: string;
}

/**
 * `types`: imports that the compiler erases. `import()`: those made when they are needed. `own folder`:
 * files in the same folder at the place of the glob's first `*`.
 */
export type Exception = (typeof EXCEPTIONS)[number];
const EXCEPTIONS = ["types", "import()", "own folder"] as const;

/** @throws Error if a table is missing or a row cannot be read. */
export function readLayerRules(markdown: string): LayerRules {
  const packages = tableAfter(markdown, "<!-- table: packages -->").map((cells) => {
    const [folder = "", , mayImport = "", thirdParty = ""] = cells;
    return {
      folder: codeSpans(folder)[0] ?? fail(cells),
      mayImport: codeSpans(mayImport),
      thirdParty: codeSpans(thirdParty),
    };
  });
  const fences = tableAfter(markdown, "<!-- table: fences -->").map((cells) => {
    const [files = "", neverImports = "", neverUses = "", except = "", why = ""] = cells;
    return {
      files: codeSpans(files),
      neverImports: codeSpans(neverImports),
      neverUses: codeSpans(neverUses),
      except: codeSpans(except).map((name) => EXCEPTIONS.find((e) => e === name) ?? fail(cells)),
      why: why === "" ? fail(cells) : why,
    };
  });
  return { packages, fences };
}

function tableAfter(markdown: string, marker: string): readonly (readonly string[])[] {
  const [, after] = markdown.split(marker);
  if (after === undefined) throw new Error(`no table is marked "${marker}"`);
  const lines = after.trimStart().split("\n");
  const end = lines.findIndex((line) => !line.startsWith("|"));
  const rows = lines.slice(2, end === -1 ? undefined : end);
  if (rows.length === 0) throw new Error(`the table marked "${marker}" is empty`);
  return rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function codeSpans(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
}

function fail(cells: readonly string[]): never {
  throw new Error(`a row of a layer table cannot be read: ${cells.join(" | ")}`);
}
