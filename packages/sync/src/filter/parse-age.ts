/** Ages as filters take them: `90s`, `1h30m`, `7d`, `2w`, `6M`, `1y`. */
import { StorageError } from "@omnisync/storage";

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 30 * 86_400_000,
  y: 365 * 86_400_000,
};

/**
 * Milliseconds. A month (`M`) is 30 days, a year 365; a bare number is refused, its unit would be a guess.
 * @throws StorageError `invalid-argument` for anything else.
 */
export function parseAge(text: string): number {
  const trimmed = text.trim();
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhdwMy]))+$/.test(trimmed)) {
    throw new StorageError("invalid-argument", {
      message: `"${text}" is not an age; write 90s, 12h, 7d, 2w, 6M (months) or 1y`,
    });
  }
  let total = 0;
  for (const [, number, unit] of trimmed.matchAll(/([\d.]+)(ms|[smhdwMy])/g)) {
    total += Number(number) * UNITS[unit as string]!;
  }
  return total;
}
