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
 * Bytes per second: `1M`, `1M/s`, `512B`. A plain number counts KiB, as in rsync and rclone; 0 means
 * no limit, given as `undefined`.
 */
export function rate(flag: string): ParseFlag<number | undefined> {
  return (text) => {
    const trimmed = text.trim().replace(/\/s$/, "");
    try {
      const bytes = parseSize(/^[\d.]+$/.test(trimmed) ? `${trimmed}K` : trimmed);
      return bytes === 0 ? undefined : bytes;
    } catch {
      throw refuse(flag, text, "is not a rate, write 512B, 100K or 5M (per second)");
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

/** One of some words. */
export function choice(flag: string, words: readonly string[]): ParseFlag<string> {
  return (text) => {
    if (words.includes(text)) return text;
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
