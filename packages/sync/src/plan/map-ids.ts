/** Owners and groups under other names or numbers: rsync's `--usermap` and `--groupmap`. */
import type { IdMapping } from "../options/compare-options.ts";

/** An owner or group: by number, and by name where that is known or wanted. */
export interface Id {
  readonly id?: number | undefined;
  readonly name?: string | undefined;
}

/** What the first rule that matches makes of it; without one, itself. */
export function mapId(given: Id, rules: readonly IdMapping[] | undefined): Id {
  const rule = rules?.find(({ from }) => matches(from, given));
  if (rule === undefined) return given;
  return /^\d+$/.test(rule.to) ? { id: Number(rule.to) } : { name: rule.to };
}

function matches(from: string, { id, name }: Id): boolean {
  if (from === "") return name === undefined;
  const [, low, high] = /^(\d+)(?:-(\d+))?$/.exec(from) ?? [];
  if (low !== undefined) return id !== undefined && id >= Number(low) && id <= Number(high ?? low);
  if (from === "*") return true;
  return name !== undefined && toPattern(from).test(name);
}

function toPattern(glob: string): RegExp {
  const source = glob.replace(/\[!|[\\^$.|+(){}*?]/g, (found) => {
    if (found === "[!") return "[^";
    if (found === "*") return ".*";
    return found === "?" ? "." : `\\${found}`;
  });
  return new RegExp(`^${source}$`);
}
