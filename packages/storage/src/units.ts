/** Sizes, durations and rates as people write them. One parser for flags, environment and files. */
import { StorageError } from "./errors.ts";

const SIZE = /^(\d+(?:\.\d+)?)\s*(?:([kmgtp])(?:i?b)?|b)?$/i;
const SIZE_STEPS = "kmgtp";
const DURATION = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/gy;
const DURATION_STEPS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * Bytes of `5MB`, `5MiB`, `5M`, `100K`, `1.5g`, `4096`: all units are 1024-based.
 * @throws StorageError `invalid-argument` for anything else.
 */
export function parseSize(text: string): number {
  const match = SIZE.exec(text.trim());
  if (match === null) throw invalid("size", text, "5MiB, 100K or 4096");
  const step = match[2] === undefined ? 0 : SIZE_STEPS.indexOf(match[2].toLowerCase()) + 1;
  const bytes = Math.round(Number(match[1]) * 1024 ** step);
  if (!Number.isSafeInteger(bytes)) throw invalid("size", text, "a size below 8 PiB");
  return bytes;
}

/**
 * Milliseconds of `250ms`, `60s`, `5m`, `1h30m`, `30d`. A bare number is refused: its unit would be a guess.
 * @throws StorageError `invalid-argument` for anything else.
 */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  let total = 0;
  DURATION.lastIndex = 0;
  while (DURATION.lastIndex < trimmed.length) {
    const at = DURATION.lastIndex;
    const match = DURATION.exec(trimmed);
    if (match === null || match.index !== at)
      throw invalid("duration", text, "250ms, 60s, 5m or 1h30m");
    total += Number(match[1]) * DURATION_STEPS[match[2] as string]!;
  }
  if (trimmed === "" || !Number.isFinite(total))
    throw invalid("duration", text, "250ms, 60s, 5m or 1h30m");
  return total;
}

/** `1.50 MiB`, `512 B`: three significant digits at most, 1024-based. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let step = 0;
  while (value >= 1023.5 && step < SIZE_STEPS.length) {
    value /= 1024;
    step++;
  }
  if (step === 0) return `${bytes} B`;
  const digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${SIZE_STEPS[step - 1]!.toUpperCase()}iB`;
}

/** `350ms`, `4.2s`, `3m05s`, `2h10m`, `5d03h`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)}ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)}s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${pad(seconds % 60)}s`;
  if (seconds < 86_400)
    return `${Math.floor(seconds / 3600)}h${pad(Math.floor(seconds / 60) % 60)}m`;
  return `${Math.floor(seconds / 86_400)}d${pad(Math.floor(seconds / 3600) % 24)}h`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

function invalid(what: string, text: string, example: string): StorageError {
  return new StorageError("invalid-argument", {
    message: `"${text}" is not a ${what}; write ${example}`,
  });
}
