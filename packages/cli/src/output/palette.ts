/** The few colours that are used, or none. */
export interface Palette {
  red(text: string): string;
  blue(text: string): string;
  cyan(text: string): string;
  dim(text: string): string;
}

export function createPalette(enabled: boolean): Palette {
  const paint =
    (code: number, end: number) =>
    (text: string): string =>
      enabled ? `\u001b[${code}m${text}\u001b[${end}m` : text;
  return { red: paint(31, 39), blue: paint(34, 39), cyan: paint(36, 39), dim: paint(2, 22) };
}
