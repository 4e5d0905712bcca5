/** `1 file`, `2 files`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** The same, of which none is not worth telling. */
export function someOf(count: number, one: string, many?: string): string | undefined {
  return count === 0 ? undefined : plural(count, one, many);
}
