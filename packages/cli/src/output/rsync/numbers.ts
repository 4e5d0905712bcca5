/** Numbers and times as rsync writes them. Pure. */

/**
 * How numbers are shown: 0 plain, 1 with commas, 2 in units of 1000, 3 in units of 1024 (`-h` once and
 * twice more than the default of 1).
 */
export type Readability = number;

const UNITS = ["P", "T", "G", "M", "K"] as const;

/** A count of bytes: `1,234`, `1.23K`. */
export function humanNumber(value: number, readability: Readability): string {
  if (readability < 2) return commaNumber(value, readability);
  const unit = readability === 2 ? 1000 : 1024;
  for (const [i, letter] of UNITS.entries()) {
    const size = unit ** (UNITS.length - i);
    if (Math.abs(value) >= size) return `${(value / size).toFixed(2)}${letter}`;
  }
  return commaNumber(value, readability);
}

/** A count: `1,234`. */
export function commaNumber(value: number, readability: Readability, decimals = 0): string {
  const [whole = "", fraction] = value.toFixed(decimals).split(".");
  const shown = readability === 0 ? whole : whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? shown : `${shown}.${fraction}`;
}

/** A rate or another number with two decimals: `1,234.50`, `1.23K`. */
export function humanDecimal(value: number, readability: Readability): string {
  if (readability > 1 && value >= 1000) return humanNumber(value, readability);
  return commaNumber(value, readability, 2);
}

/** `2026/11/20 16:07:23`, local time. */
export function timeString(milliseconds: number): string {
  const at = new Date(milliseconds);
  const two = (value: number): string => String(value).padStart(2, "0");
  const date = [String(at.getFullYear()), two(at.getMonth() + 1), two(at.getDate())].join("/");
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** `rwxr-xr-x`. */
export function permissionText(mode: number): string {
  const triple = (shift: number, special: boolean, letter: string): string => {
    const bits = mode >> shift;
    const execute = (bits & 1) !== 0;
    const last = special ? (execute ? letter : letter.toUpperCase()) : execute ? "x" : "-";
    return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${last}`;
  };
  return (
    triple(6, (mode & 0o4000) !== 0, "s") +
    triple(3, (mode & 0o2000) !== 0, "s") +
    triple(0, (mode & 0o1000) !== 0, "t")
  );
}

/** A name without what could forge a line: control characters become `\#012`, as does what looks like one. */
export function shownName(name: string): string {
  // eslint-disable-next-line no-control-regex
  return name.replace(/[\0-\x08\x0a-\x1f\x7f]|\\(?=#\d{3})/g, (character) => {
    return `\\#${character.charCodeAt(0).toString(8).padStart(3, "0")}`;
  });
}
