/**
 * An option of a driver, declared once: command-line flag, environment variable, library setting,
 * documentation and redaction are all made from it.
 */
import { StorageError, isStorageError } from "./errors.ts";
import { parseDuration, parseSize } from "./units.ts";

export interface OptionDescriptor {
  /** camelCase; the name in `openStorage({ driver, … })`. The flag is `--<driver>-<kebab-case>`. */
  readonly name: string;
  readonly type: "string" | "boolean" | "integer" | "size" | "duration" | "choice";
  /** The words that a `choice` takes. */
  readonly choices?: readonly string[] | undefined;
  readonly default?: OptionValue | undefined;
  /** Environment variables that give it, the first that is set wins. */
  readonly env?: readonly string[] | undefined;
  /** Whether there is a flag. Secrets have none: what stands in argv, everybody on the machine reads. */
  readonly flag: boolean;
  /** First sentence is the flag's help. */
  readonly help: string;
  /** Never shown, logged, or written into an id. */
  readonly secret?: boolean | undefined;
}

export type OptionValue = string | number | boolean;

/** What a caller gives: text is parsed by the option's type. */
export type Settings = Readonly<Record<string, OptionValue | undefined>>;

export interface SettingSources {
  /** Given in code or in the location; wins. */
  readonly explicit?: Settings | undefined;
  /** From the command line. */
  readonly flags?: Settings | undefined;
  /** Default: `process.env` is NOT read; pass it. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * The settings in force, each checked against its descriptor: explicit, then flag, then environment,
 * then default.
 * @throws StorageError `invalid-argument` naming the setting, for a bad value or an unknown name.
 */
export function resolveSettings(
  driver: string,
  descriptors: readonly OptionDescriptor[],
  sources: SettingSources,
): Settings {
  for (const given of [sources.explicit, sources.flags]) refuseUnknown(driver, descriptors, given);
  const settings: Record<string, OptionValue | undefined> = {};
  for (const option of descriptors) {
    const value = pick(option, sources);
    if (value !== undefined) settings[option.name] = value;
  }
  return settings;
}

/** The flag of an option: `--s3-endpoint`. */
export function flagName(driver: string, option: OptionDescriptor): string {
  return `--${driver}-${option.name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
}

/** `settings` with every secret replaced, for logs and reports. */
export function redactSettings(
  descriptors: readonly OptionDescriptor[],
  settings: Settings,
): Settings {
  const secrets = new Set(
    descriptors.filter((option) => option.secret).map((option) => option.name),
  );
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      secrets.has(name) ? "<redacted>" : value,
    ]),
  );
}

function pick(option: OptionDescriptor, sources: SettingSources): OptionValue | undefined {
  const explicit = sources.explicit?.[option.name];
  if (explicit !== undefined) return parseOption(option, explicit, option.name);
  const flag = sources.flags?.[option.name];
  if (flag !== undefined) return parseOption(option, flag, option.name);
  for (const name of option.env ?? []) {
    const value = sources.env?.[name];
    if (value !== undefined && value !== "") return parseOption(option, value, name);
  }
  return option.default;
}

function parseOption(option: OptionDescriptor, value: OptionValue, name: string): OptionValue {
  const shown = option.secret ? "the value" : `"${String(value)}"`;
  const refuse = (expected: string): StorageError =>
    new StorageError("invalid-argument", { message: `${name}: ${shown} is not ${expected}` });
  switch (option.type) {
    case "string":
      return String(value);
    case "boolean":
      if (typeof value === "boolean") return value;
      if (/^(true|1|yes|on)$/i.test(String(value))) return true;
      if (/^(false|0|no|off)$/i.test(String(value))) return false;
      throw refuse("true or false");
    case "integer":
      if (/^\d+$/.test(String(value)) && Number.isSafeInteger(Number(value))) return Number(value);
      throw refuse("a whole number");
    case "size":
      if (Number.isSafeInteger(value) && Number(value) >= 0) return value;
      return parseOr(refuse("a size such as 5MiB, 100K or 4096"), parseSize, value);
    case "duration":
      if (Number.isFinite(value) && Number(value) >= 0) return value;
      return parseOr(refuse("a duration such as 250ms, 60s or 1h30m"), parseDuration, value);
    case "choice":
      if (option.choices?.includes(String(value))) return String(value);
      throw refuse(`one of ${(option.choices ?? []).join(", ")}`);
  }
}

/** The parser's own error knows neither the setting's name nor whether the text is secret. */
function parseOr(
  refusal: StorageError,
  parse: (text: string) => number,
  value: OptionValue,
): number {
  try {
    return parse(String(value));
  } catch (error) {
    throw isStorageError(error, "invalid-argument") ? refusal : error;
  }
}

function refuseUnknown(
  driver: string,
  descriptors: readonly OptionDescriptor[],
  given: Settings | undefined,
): void {
  for (const name of Object.keys(given ?? {})) {
    if (descriptors.some((option) => option.name === name)) continue;
    const known = descriptors.map((option) => option.name).join(", ") || "none";
    throw new StorageError("invalid-argument", {
      message: `the ${driver} driver has no option "${name}"; it knows: ${known}`,
    });
  }
}
