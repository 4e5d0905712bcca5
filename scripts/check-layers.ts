/**
 * Holds manifests and imports against the tables of ARCHITECTURE.md. Project references and workspaces
 * let any package import any other: this is the fence.
 */
import { globSync, readFileSync } from "node:fs";
import { join, matchesGlob, normalize } from "node:path";
import { findImports, withoutComments } from "./find-imports.ts";
import { type Fence, type LayerRules, type PackageRule, readLayerRules } from "./layer-rules.ts";

export interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** A file in the `src` of a package. */
export interface Source {
  /** Relative to `packages/`: `sync/src/plan/compare.ts`. */
  readonly path: string;
  readonly text: string;
}

export interface Workspace {
  readonly rules: LayerRules;
  /** By folder in `packages/`. */
  readonly manifests: ReadonlyMap<string, Manifest>;
  readonly sources: readonly Source[];
}

/** Everything that breaks a rule, one line each, with the reason. */
export function checkLayers(workspace: Workspace): readonly string[] {
  return [
    ...checkManifests(workspace),
    ...workspace.sources.flatMap((source) => [
      ...checkPackageImports(workspace, source),
      ...workspace.rules.fences.flatMap((fence) => checkFence(fence, source)),
    ]),
  ];
}

function checkManifests({ rules, manifests }: Workspace): readonly string[] {
  const listed = new Set(rules.packages.map((rule) => rule.folder));
  const unlisted = [...manifests.keys()].filter((folder) => !listed.has(folder));
  return [
    ...unlisted.map((folder) => `packages/${folder} is not in the table of ARCHITECTURE.md`),
    ...rules.packages.flatMap((rule) => {
      const manifest = manifests.get(rule.folder);
      if (manifest === undefined) return [`packages/${rule.folder} is in the table and not there`];
      const allowed = allowedNames(rule, manifests);
      const undeclared = [...allowed].filter((name) => !dependenciesOf(manifest).has(name));
      const extra = [...dependenciesOf(manifest)].filter((name) => !allowed.has(name));
      return [
        ...undeclared.map(
          (name) => `packages/${rule.folder}: the table names ${name}, package.json does not`,
        ),
        ...extra.map(
          (name) => `packages/${rule.folder}: package.json names ${name}, the table does not`,
        ),
      ];
    }),
  ];
}

function checkPackageImports({ rules, manifests }: Workspace, source: Source): readonly string[] {
  const folder = source.path.slice(0, source.path.indexOf("/"));
  const rule = rules.packages.find((candidate) => candidate.folder === folder);
  if (rule === undefined) return [];
  const allowed = allowedNames(rule, manifests);
  return findImports(source.text).flatMap(({ specifier }) => {
    if (specifier.startsWith("node:")) return [];
    if (specifier.startsWith(".")) {
      const inside = targetOf(source, specifier).startsWith(`${folder}/src/`);
      return inside
        ? []
        : [`${source.path}: "${specifier}" leaves the package; import it by its name`];
    }
    if (allowed.has(packageOf(specifier))) return [];
    return [`${source.path}: "${specifier}": the package "${folder}" may not import it`];
  });
}

function checkFence(fence: Fence, source: Source): readonly string[] {
  const glob = fence.files.find((candidate) => matchesGlob(source.path, candidate));
  if (glob === undefined) return [];
  const code = withoutComments(source.text);
  const used = fence.neverUses.filter((name) => usesName(code, name));
  const imported = findImports(source.text)
    .filter(({ kind }) => !(kind === "type" && fence.except.includes("types")))
    .filter(({ kind }) => !(kind === "dynamic" && fence.except.includes("import()")))
    .filter(({ specifier }) => {
      const target = targetOf(source, specifier);
      if (fence.except.includes("own folder") && target.startsWith(ownFolder(glob, source))) {
        return false;
      }
      return fence.neverImports.some((never) => matchesGlob(target, never));
    });
  return [...used, ...imported.map(({ specifier }) => specifier)].map(
    (what) => `${source.path}: "${what}": ${fence.why}`,
  );
}

function usesName(code: string, name: string): boolean {
  return new RegExp(`\\b${name.replaceAll(".", "\\.")}\\b`).test(code);
}

function allowedNames(
  rule: PackageRule,
  manifests: ReadonlyMap<string, Manifest>,
): ReadonlySet<string> {
  return new Set([
    ...rule.mayImport.map((folder) => manifests.get(folder)?.name ?? folder),
    ...rule.thirdParty,
  ]);
}

function dependenciesOf(manifest: Manifest): ReadonlySet<string> {
  const { dependencies, optionalDependencies, peerDependencies } = manifest;
  return new Set(Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }));
}

/** The path of what is imported, relative to `packages/`; a bare specifier as it is. */
function targetOf(source: Source, specifier: string): string {
  return specifier.startsWith(".") ? normalize(join(source.path, "..", specifier)) : specifier;
}

function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** `a/*` and `a/b/c/d.ts` give `a/b/`. */
function ownFolder(glob: string, source: Source): string {
  const depth = glob.split("/").findIndex((segment) => segment.includes("*"));
  return `${source.path.split("/", depth + 1).join("/")}/`;
}

function readWorkspace(root: string): Workspace {
  const packages = join(root, "packages");
  const folders = globSync("*/package.json", { cwd: packages }).map((path) => join(path, ".."));
  const read = (path: string): string => readFileSync(join(packages, path), "utf8");
  return {
    rules: readLayerRules(readFileSync(join(root, "ARCHITECTURE.md"), "utf8")),
    manifests: new Map(
      folders.map((folder) => [folder, JSON.parse(read(join(folder, "package.json"))) as Manifest]),
    ),
    sources: globSync("*/src/**/*.ts", { cwd: packages })
      .sort()
      .map((path) => ({ path, text: read(path) })),
  };
}

if (import.meta.main) {
  const problems = checkLayers(readWorkspace(join(import.meta.dirname, "..")));
  for (const problem of problems) console.error(problem);
  console.log(problems.length === 0 ? "layers: ok" : `layers: ${problems.length} violations`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
