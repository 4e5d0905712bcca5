/**
 * What values of options may be. Types do not tell: NaN is a number, and a program may be JavaScript. A number that is
 * none compares as false with everything, so that a limit with it is no limit.
 */
import { StorageError } from "@omnisync/storage";

/** @throws StorageError `invalid-argument` that names the option. */
export type Check = (value: unknown, name: string) => void;

/** One for each field, so that a new option does not compile until somebody has said what it may be. */
export type Checks<Options> = { readonly [Name in keyof Options]-?: Check };

/** `undefined` is the default, whatever the field. */
export function checkFields<Options extends object>(
  options: Options,
  checks: Checks<Options>,
  within: string = "",
): void {
  for (const [name, check] of Object.entries<Check>(checks)) {
    const value: unknown = options[name as keyof Options];
    if (value !== undefined) check(value, within + name);
  }
}

export const FLAG: Check = must("true or false", (value) => typeof value === "boolean");
export const TEXT: Check = must("a text", (value) => typeof value === "string");
export const FUNCTION: Check = must("a function", (value) => typeof value === "function");
/** A filter, a store, a signal: its methods are the compiler's business. */
export const OBJECT: Check = must("an object", isObject);
/** A text is a list too, of letters. */
export const PATHS: Check = must(
  "a list of paths",
  (value) => isObject(value) && (Symbol.iterator in value || Symbol.asyncIterator in value),
);

export const NUMBER: Check = must("a number", isNumber);
export const AMOUNT: Check = must("a number from 0 on", (value) => isNumber(value) && value >= 0);
export const RATE: Check = must("a number above 0", (value) => isNumber(value) && value > 0);
export const COUNT: Check = must(
  "a whole number from 1 on",
  (value) => Number.isSafeInteger(value) && (value as number) > 0,
);
/** `Infinity` is no limit. */
export const LIMIT: Check = must(
  "a whole number from 0 on",
  (value) => value === Infinity || (Number.isSafeInteger(value) && (value as number) >= 0),
);

export function oneOf(...words: readonly (string | boolean)[]): Check {
  return must(`one of ${words.join(", ")}`, (value) => words.includes(value as string));
}

export function listOf(check: Check): Check {
  return (value, name) => {
    LIST(value, name);
    for (const [i, item] of (value as unknown[]).entries()) check(item, `${name}[${i}]`);
  };
}

const LIST = must("a list", Array.isArray);

export function fields<Options extends object>(checks: Checks<Options>): Check {
  return (value, name) => {
    OBJECT(value, name);
    checkFields(value as Options, checks, `${name}.`);
  };
}

/** For what may be an object or something simpler. */
export function fieldsOr<Options extends object>(simple: Check, checks: Checks<Options>): Check {
  const object = fields(checks);
  return (value, name) => (isObject(value) ? object : simple)(value, name);
}

function must(what: string, holds: (value: unknown) => boolean): Check {
  return (value, name) => {
    if (holds(value)) return;
    const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
    throw new StorageError("invalid-argument", {
      message: `the option ${name} is ${what}, not ${shown}`,
    });
  };
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && !Number.isNaN(value);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
