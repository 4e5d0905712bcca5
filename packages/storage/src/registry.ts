/** Drivers by name and by URL scheme; programs may add their own. */
import type { Driver } from "./driver.ts";
import { StorageError } from "./errors.ts";
import { type OptionDescriptor, type Settings, resolveSettings } from "./options.ts";

/** What a driver package registers. Light: the driver's code is loaded by `open`. */
export interface DriverDefinition {
  /** Lower-case, also the prefix of its flags. */
  readonly name: string;
  /** URL schemes without the colon. */
  readonly schemes: readonly string[];
  /** One sentence. */
  readonly help: string;
  readonly options: readonly OptionDescriptor[];
  /**
   * Splits a URL into settings and the path inside the store: `s3://bucket/a/b` gives
   * `{ settings: { bucket: "bucket" }, path: "a/b" }`. Never accepts a secret in a URL.
   * @throws StorageError `invalid-argument` that shows the right form.
   */
  parseUrl(url: string): UrlParts;
  /**
   * Opens the store rooted at `root`, a path inside what the settings name.
   * Without a context: `process.env`, and every setting counts as given.
   */
  open(settings: Settings, root: string, context?: OpenContext): Promise<Driver>;
}

/** What a driver may need to know besides its settings. */
export interface OpenContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Settings that were given for this store, in code, location or flags; not by environment or default. */
  readonly given: ReadonlySet<string>;
  /** As `OpenOptions.calls`. */
  readonly calls?: CallsExpected | undefined;
}

/** What a program is about to do with a store: look at a few things, or go through it. */
export type CallsExpected = "few" | "many";

export interface UrlParts {
  readonly settings: Settings;
  /** Path inside the store, checked, without slashes at either end; "" for the store itself. */
  readonly path: string;
}

const drivers = new Map<string, DriverDefinition>();
const schemes = new Map<string, DriverDefinition>();

/**
 * Makes a driver known to `openDriver`, `openStorage` and the command line.
 * @throws StorageError `already-exists` if its name or one of its schemes is taken.
 */
export function registerDriver(definition: DriverDefinition): void {
  const taken =
    drivers.has(definition.name) || definition.schemes.some((scheme) => schemes.has(scheme));
  if (taken) {
    throw new StorageError("already-exists", {
      message: `a driver "${definition.name}" is registered already`,
    });
  }
  drivers.set(definition.name, definition);
  for (const scheme of definition.schemes) schemes.set(scheme, definition);
}

/** Every registered driver, by name. */
export function driverDefinitions(): readonly DriverDefinition[] {
  return [...drivers.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @throws StorageError `invalid-argument` that lists the known ones. */
export function definitionByName(name: string): DriverDefinition {
  const definition = drivers.get(name);
  if (definition !== undefined) return definition;
  throw new StorageError("invalid-argument", {
    message: `no driver is called "${name}"; known: ${[...drivers.keys()].sort().join(", ")}`,
  });
}

/** @throws StorageError `invalid-argument` that lists the known schemes. */
export function definitionByScheme(scheme: string): DriverDefinition {
  const definition = schemes.get(scheme);
  if (definition !== undefined) return definition;
  const known = [...schemes.keys()].sort().map((name) => `${name}://`);
  throw new StorageError("invalid-argument", {
    message: `nothing here speaks "${scheme}://"; known: ${known.join(", ")}`,
  });
}

/** What `openDriver` and `openStorage` take besides a URL. */
export interface StoreSpec {
  readonly driver: string;
  /** Path inside the store that becomes the root. Default "". */
  readonly root?: string | undefined;
  readonly [setting: string]: string | number | boolean | undefined;
}

export interface OpenOptions {
  /** Settings from the command line; between explicit ones and the environment. */
  readonly flags?: Readonly<Record<string, Settings>> | undefined;
  /** Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * For a program that waits for each call and has nothing else to do meanwhile: what is over in a moment may
   * hold up its thread, instead of a thread of its own being started for it. With `few` that goes for small reads
   * and for the listing of one directory too. Default: nothing holds up the thread of who calls.
   */
  readonly calls?: CallsExpected | undefined;
}

/**
 * Opens a store rooted at a URL or described by settings.
 * @example await openDriver("s3://bucket/prefix")
 * @example await openDriver({ driver: "s3", bucket: "bucket", endpoint: "http://127.0.0.1:9000" })
 * @throws StorageError `invalid-argument` for an unknown scheme, driver or setting.
 */
export async function openDriver(
  where: string | StoreSpec,
  options: OpenOptions = {},
): Promise<Driver> {
  const { definition, settings, path } =
    typeof where === "string" ? fromUrl(where) : fromSpec(where);
  const env = options.env ?? process.env;
  const flags = options.flags?.[definition.name];
  const resolved = resolveSettings(definition.name, definition.options, {
    explicit: settings,
    flags,
    env,
  });
  const given = [...Object.entries(flags ?? {}), ...Object.entries(settings)]
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name);
  const driver = await definition.open(resolved, path, {
    env,
    given: new Set(given),
    calls: options.calls,
  });
  await driver.probe?.();
  return driver;
}

function fromUrl(url: string): UrlParts & { readonly definition: DriverDefinition } {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    throw new StorageError("invalid-argument", {
      message: `"${url}" is not a URL; write scheme://…, such as s3://bucket/prefix or file:///path`,
    });
  }
  const definition = definitionByScheme(scheme);
  return { definition, ...definition.parseUrl(url) };
}

function fromSpec(spec: StoreSpec): UrlParts & { readonly definition: DriverDefinition } {
  const { driver, root, ...settings } = spec;
  return { definition: definitionByName(driver), settings, path: root ?? "" };
}
