/**
 * Switches abilities off, so that one store can be tested (or used) as if it were a poorer one.
 * What is off is gone whole: the capability says no, the methods are absent.
 */
import { type AbilityName, type Capabilities, NO_CONDITIONS } from "../capabilities.ts";
import type { Driver, ListOptions } from "../driver.ts";
import type { Entry } from "../entry.ts";
import { StorageError } from "../errors.ts";
import { comparePaths, orderKey } from "../path.ts";
import { type Call, type Interceptor, intercept } from "./intercept.ts";

const PAGE = 1000;

/**
 * `driver` without these abilities.
 * - `conditions`: a call that is given one throws `unsupported` (`read` keeps its `ifMatch`).
 * - `versions`: a call that names one throws `unsupported`; entries still say which they are.
 * - `orderedList`: a recursive listing comes shuffled, always in the same way. It is held in memory
 *   whole, so this one is for tests.
 * - `resumableList`: `startAfter` is honoured by reading all and leaving out.
 * - `completeList`: entries of a listing come without their attributes.
 * - `multipart` takes `copyPart` with it.
 */
export function disable(driver: Driver, ...abilities: readonly AbilityName[]): Driver {
  const off = new Set(abilities);
  return intercept(driver, {
    rewrap: (view) => disable(view, ...abilities),
    capabilities: (inner) => abilities.reduce(without, inner),
    around: refuse(off),
    ...(LIST_ABILITIES.some((name) => off.has(name))
      ? { methods: { list: (path, options) => poorerList(driver, off, path, options) } }
      : {}),
  });
}

const LIST_ABILITIES: readonly AbilityName[] = ["orderedList", "resumableList", "completeList"];

/** The value of each ability that says: the store does not have it. */
const NONE: { readonly [A in AbilityName]: Partial<Capabilities> } = {
  orderedList: { orderedList: false },
  resumableList: { resumableList: false },
  completeList: { completeList: false },
  copy: { copy: undefined },
  move: { move: false },
  setAttributes: { setAttributes: false },
  symlinks: { symlinks: undefined },
  specials: { specials: false },
  multipart: { multipart: undefined, copyPart: false },
  copyPart: { copyPart: false },
  stage: { stage: false },
  readBlock: { readBlock: false },
  presign: { presign: false },
  removeMany: { removeMany: undefined },
  about: { about: false },
  versions: { versions: false },
  watch: { watch: false },
  conditions: { conditions: NO_CONDITIONS },
};

function without(capabilities: Capabilities, ability: AbilityName): Capabilities {
  return { ...capabilities, ...NONE[ability] };
}

function refuse(off: ReadonlySet<AbilityName>): Interceptor["around"] {
  if (!off.has("conditions") && !off.has("versions")) return undefined;
  return async (call, run) => {
    if (off.has("conditions") && hasCondition(call)) {
      throw refusal(call, "the store honours no preconditions");
    }
    if (off.has("versions") && (call.options?.version ?? call.source?.version) !== undefined) {
      throw refusal(call, "the store keeps no versions");
    }
    return run();
  };
}

function refusal({ path, operation }: Call, message: string): StorageError {
  return new StorageError("unsupported", { path, operation, message });
}

function hasCondition({ operation, options, source }: Call): boolean {
  if (operation === "read" || operation === "readBlock" || operation === "openFile") return false;
  const given = [options?.ifMatch, options?.ifNoneMatch, source?.ifMatch];
  return given.some((condition) => condition !== undefined);
}

async function* poorerList(
  driver: Driver,
  off: ReadonlySet<AbilityName>,
  directory: string,
  options: ListOptions = {},
): AsyncIterable<readonly Entry[]> {
  const { startAfter } = options;
  const filtered = startAfter !== undefined && off.has("resumableList");
  let pages = driver.list(directory, filtered ? { ...options, startAfter: undefined } : options);
  if (off.has("orderedList") && options.recursive) pages = shuffle(pages);
  for await (const page of pages) {
    const kept = filtered
      ? page.filter((entry) => comparePaths(orderKey(entry), startAfter) > 0)
      : page;
    yield off.has("completeList") ? kept.map(withoutAttributes) : kept;
  }
}

function withoutAttributes(entry: Entry): Entry {
  const { path, kind, size, storedAt, etag, version, hashes, parts, storageClass, linkTarget } =
    entry;
  const known = { storedAt, etag, version, hashes, parts, storageClass, linkTarget };
  const given = Object.entries(known).filter(([, value]) => value !== undefined);
  return { path, kind, size, complete: false, ...Object.fromEntries(given) };
}

async function* shuffle(pages: AsyncIterable<readonly Entry[]>): AsyncIterable<readonly Entry[]> {
  const entries: Entry[] = [];
  for await (const page of pages) entries.push(...page);
  // Fisher–Yates, with numbers from a linear congruence so that every run is the same.
  let seed = 1;
  for (let last = entries.length - 1; last > 0; last--) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    const other = Math.floor((seed / 2 ** 32) * (last + 1));
    [entries[last], entries[other]] = [entries[other]!, entries[last]!];
  }
  for (let at = 0; at < entries.length; at += PAGE) yield entries.slice(at, at + PAGE);
}
