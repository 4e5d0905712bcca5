/**
 * Values of flags: text in, checked value out, or a `UsageError` that names the flag and the text.
 * Each function makes the parser that commander calls for one flag.
 */
import {
  type OptionDescriptor,
  type OptionValue,
  parseDuration,
  parseSize,
} from "@omnisync/storage";
import { UsageError } from "./usage-error.ts";

type ParseFlag<Value> = (text: string) => Value;

/** A whole number from `least` to `most`. */
export function wholeNumber(flag: string, least: number, most: number): ParseFlag<number> {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw refuse(flag, text, `is not a whole number from ${least} to ${most}`);
  };
}

/** Bytes: `4096`, `100K`, `5MiB`. */
export function size(flag: string): ParseFlag<number> {
  return (text) => {
    try {
      return parseSize(text);
    } catch {
      throw refuse(flag, text, "is not a size, write 4096, 100K or 5MiB");
    }
  };
}

/**
 * Bytes per second: `1M`, `1M/s`, `512B`. A plain number counts KiB, as in rsync and rclone; 0 means no
 * limit, given as `undefined`. A timetable, `"08:00,512K 23:00,off"`, is given as it is, for the engine.
 */
export function rate(flag: string): ParseFlag<number | string | undefined> {
  return (text) => {
    const trimmed = text.trim().replace(/\/s$/, "");
    if (trimmed.includes(",") || trimmed === "off") return trimmed;
    try {
      const bytes = parseSize(/^[\d.]+$/.test(trimmed) ? `${trimmed}K` : trimmed);
      return bytes === 0 ? undefined : bytes;
    } catch {
      throw refuse(flag, text, 'is not a rate, write 512B, 100K, 5M or "08:00,512K 23:00,off"');
    }
  };
}

/** Milliseconds: `250ms`, `60s`, `1h30m`. */
export function duration(flag: string): ParseFlag<number> {
  return (text) => {
    try {
      return parseDuration(text);
    } catch {
      throw refuse(flag, text, "is not a duration, write 250ms, 60s, 5m or 1h30m");
    }
  };
}

/** Milliseconds like `duration`; a plain number counts seconds, as in rsync. */
export function durationOrSeconds(flag: string): ParseFlag<number> {
  const parse = duration(flag);
  return (text) => parse(/^\d+(\.\d+)?$/.test(text) ? `${text}s` : text);
}

const DAYS: Readonly<Record<string, number>> = { M: 30, y: 365 };

/**
 * Milliseconds like `duration`, for ages: `90s`, `30d`, and `6M` of 30 days each, `1y` of 365. A plain
 * number counts days, as in `find -mtime`.
 */
export function age(flag: string): ParseFlag<number> {
  return (text) => {
    const days = text.replaceAll(
      /(\d+(?:\.\d+)?)([My])/g,
      (_, count: string, unit: string) => `${Number(count) * DAYS[unit]!}d`,
    );
    try {
      return parseDuration(/^\d+(\.\d+)?$/.test(days) ? `${days}d` : days);
    } catch {
      throw refuse(flag, text, "is not an age, write 90s, 12h, 30d, 6M (months) or 1y");
    }
  };
}

/** Milliseconds, given in whole seconds; 0 means what the store does by itself, given as `undefined`. */
export function seconds(flag: string): ParseFlag<number | undefined> {
  const parse = wholeNumber(flag, 0, 2 ** 31 - 1);
  return (text) => parse(text) * 1000 || undefined;
}

/** Bytes as rsync reads them: `K` and `KiB` count 1024, `KB` 1000; `+1` or `-1` at the end adds or takes one. */
export function rsyncSize(flag: string): ParseFlag<number> {
  return (text) => parseRsyncSize(flag, text, 0);
}

/** Bytes per second as rsync reads them: a plain number counts KiB; 0 is no limit, given as `undefined`. */
export function rsyncRate(flag: string): ParseFlag<number | string | undefined> {
  return (text) => {
    if (text.includes(",")) return text;
    const bytes = parseRsyncSize(flag, text, 1);
    if (bytes > 0 && bytes < 512)
      throw refuse(flag, text, "is too small (min: 512 or 0 for unlimited)");
    return bytes === 0 ? undefined : bytes;
  };
}

function parseRsyncSize(flag: string, text: string, plainPower: number): number {
  const match = /^(\d*\.?\d*)(?:([bkmgtp])(b|ib)?)?([+-]1)?$/i.exec(text);
  const number = Number(match?.[1]);
  if (match === null || match[1] === "" || Number.isNaN(number))
    throw refuse(flag, text, "is not a size");
  const [, , letter, unit = "", step = "0"] = match;
  const power = letter === undefined ? plainPower : "bkmgtp".indexOf(letter.toLowerCase());
  const base = unit.toLowerCase() === "b" && power > 0 ? 1000 : 1024;
  return Math.max(Math.trunc(number * base ** power) + Number(step), 0);
}

const BLOCK_UNIT = 64 * 1024;
/** As those of `@omnisync/delta`, which is not loaded to parse a command line; a test compares the two. */
const LARGEST_BLOCK = 5 * 1024 * 1024;

/** Bytes per block of a signature. */
export function blockSize(flag: string): ParseFlag<number> {
  const parse = size(flag);
  return (text) => {
    const bytes = parse(text);
    if (isBlockSize(bytes)) return bytes;
    throw refuse(
      flag,
      text,
      "is no block size of signatures: write a multiple of 64K from 64K to 5M, such as 128K or 1M",
    );
  };
}

/** rsync's blocks are much smaller: such a size is taken, and no block size of ours. */
export function rsyncBlockSize(flag: string): ParseFlag<number | undefined> {
  return (text) => {
    const bytes = parseRsyncSize(flag, text, 0);
    return isBlockSize(bytes) ? bytes : undefined;
  };
}

function isBlockSize(bytes: number): boolean {
  return bytes > 0 && bytes <= LARGEST_BLOCK && bytes % BLOCK_UNIT === 0;
}

/** Milliseconds from whole seconds; a negative number asks for exact times, which is 0. */
export function rsyncWindow(flag: string): ParseFlag<number> {
  return (text) => {
    if (!/^-?\d+$/.test(text)) throw refuse(flag, text, "is not a whole number");
    return Math.max(Number(text), 0) * 1000;
  };
}

/** A whole number; less than 0 is 0, which removes nothing. */
export function rsyncMaxDelete(flag: string): ParseFlag<number> {
  return (text) => {
    if (!/^-?\d+$/.test(text)) throw refuse(flag, text, "is not a whole number");
    return Math.max(Number(text), 0);
  };
}

/** A directory in the destination, as a path: files are renamed from there. */
export function directoryInside(flag: string): ParseFlag<string> {
  return (text) => {
    const names = text.split("/").filter((name) => name !== "" && name !== ".");
    const isElsewhere = /^[/~]|^[a-z][\w+.-]*:\/\//i.test(text) || names.includes("..");
    if (!isElsewhere && names.length > 0) return names.join("/");
    throw refuse(flag, text, "is not a directory in the destination: name one by its path there");
  };
}

/** One of some words. */
export function choice<Word extends string>(flag: string, words: readonly Word[]): ParseFlag<Word> {
  return (text) => {
    const word = words.find((one) => one === text);
    if (word !== undefined) return word;
    throw refuse(flag, text, `is not one of ${words.join(", ")}`);
  };
}

/** The value of a driver's option, by its descriptor. */
export function driverOption(flag: string, option: OptionDescriptor): ParseFlag<OptionValue> {
  switch (option.type) {
    case "size":
      return size(flag);
    case "duration":
      return duration(flag);
    case "integer":
      return wholeNumber(flag, 0, Number.MAX_SAFE_INTEGER);
    case "choice":
      return choice(flag, option.choices ?? []);
    case "boolean":
      return (text) => choice(flag, ["true", "false"])(text) === "true";
    case "string":
      return (text) => text;
  }
}

function refuse(flag: string, text: string, problem: string): UsageError {
  return new UsageError(`${flag}: "${text}" ${problem}`);
}
