/**
 * How a flag is declared: once, for the parser of `sync`, `copy`, `move`, `plan` and `check`, for
 * rsync's command line, for help, completion and documentation.
 */
import type { FlagValues } from "./flag-values.ts";

/** What a flag was given on the command line. */
export interface Given {
  /** Its value; "" for a flag that takes none. */
  readonly text: string;
  /** As the user may write it: `--max-delete`. */
  readonly flag: string;
  /** Sizes, rates and times are read as rsync reads them, or as the other commands do. */
  readonly style: "omnisync" | "rsync";
}

export interface Flag {
  /** Without dashes. A few have only a short form. */
  readonly long?: string | undefined;
  readonly short?: string | undefined;
  /** Further long names, without dashes; not in the help. */
  readonly also?: readonly string[] | undefined;
  /** Placeholder of the value, without brackets. Without it the flag takes none. */
  readonly value?: string | undefined;
  /** One sentence without a full stop. */
  readonly help: string;
  /** The same for rsync's command line, where it has another default or meaning. */
  readonly rsyncHelp?: string | undefined;
  /** What `--no-<long>` does, and `--no-<short>` in rsync's command line. Default: there is none. */
  readonly unset?: ((values: FlagValues) => void) | undefined;
  /** The `--no-` form is what the help shows: the other is the default. */
  readonly showNegated?: string | undefined;
  readonly set: (values: FlagValues, given: Given) => void;
  /** Where it exists. Default: in `transfer` commands and `rsync`. */
  readonly where?: readonly Where[] | undefined;
}

type Where = "transfer" | "check" | "rsync";

export const EVERYWHERE: readonly Where[] = ["transfer", "check", "rsync"];

/** What all builders below take besides what makes them different. */
export type FlagDetails = Omit<Flag, "set" | "value" | "unset"> & {
  readonly negatable?: boolean | undefined;
};

type KeyOf<Value> = {
  [Key in keyof FlagValues]-?: Value extends FlagValues[Key] ? Key : never;
}[keyof FlagValues];

/** A flag that sets one field to true, and to false in its `--no-` form. */
export function toggle(key: KeyOf<boolean>, details: FlagDetails): Flag {
  const { negatable, ...rest } = details;
  const put = (values: FlagValues, value: boolean): void => {
    Object.assign(values, { [key]: value });
  };
  return {
    long: kebab(key),
    ...rest,
    set: (values) => put(values, true),
    ...(negatable ? { unset: (values) => put(values, false) } : {}),
  };
}

type Parser<Key extends keyof FlagValues> = (flag: string) => (text: string) => FlagValues[Key];

export interface ValueParsers<Key extends keyof FlagValues> {
  readonly value: string;
  readonly parse: Parser<Key>;
  /** Where rsync reads the value in another way. */
  readonly rsync?: Parser<Key> | undefined;
}

/** A flag whose value goes into one field. */
export function valued<Key extends keyof FlagValues>(
  key: Key,
  { value, parse, rsync }: ValueParsers<Key>,
  details: FlagDetails,
): Flag {
  const { negatable, ...rest } = details;
  return {
    long: kebab(key),
    ...rest,
    value,
    set: (values, { text, flag, style }) => {
      const read = style === "rsync" ? (rsync ?? parse) : parse;
      values[key] = read(flag)(text);
    },
    ...(negatable ? { unset: (values) => void delete values[key] } : {}),
  };
}

/** The value as it is. */
export const plainText =
  () =>
  (text: string): string =>
    text;

function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
