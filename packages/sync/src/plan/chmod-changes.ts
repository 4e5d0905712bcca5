/** Changes to permission bits, in the syntax of chmod(1) with rsync's `D` and `F` before those for directories or files only. */
import { StorageError } from "@omnisync/storage";

export interface ChmodChange {
  readonly only: "directories" | "files" | undefined;
  /** Bits that stay, bits that are added. */
  readonly and: number;
  readonly or: number;
  /** `X`: execution is added only to directories and to what somebody may execute already. */
  readonly keepsPlain: boolean;
}

const ALL = 0o7777;
const EXECUTE = 0o111;

/**
 * @param texts each one change or several with commas between.
 * @param umask taken off where nobody is named: `+w`.
 * @throws StorageError `invalid-argument`
 */
export function parseChmod(texts: readonly string[], umask: number): readonly ChmodChange[] {
  return texts.flatMap((text) => text.split(",").flatMap((part) => parseChange(part, umask)));
}

/** The bits after all changes, in order. */
export function applyChmod(
  mode: number,
  isDirectory: boolean,
  changes: readonly ChmodChange[],
): number {
  const isPlain = !isDirectory && (mode & EXECUTE) === 0;
  let changed = mode;
  for (const { only, and, or, keepsPlain } of changes) {
    if (only !== undefined && (only === "directories") !== isDirectory) continue;
    changed = (changed & and) | (keepsPlain && isPlain ? or & ~EXECUTE : or);
  }
  return changed;
}

function parseChange(text: string, umask: number): readonly ChmodChange[] {
  const [, kind, rest = ""] = /^([DF]?)(.*)$/.exec(text) ?? [];
  const only = kind === "D" ? "directories" : kind === "F" ? "files" : undefined;
  if (/^[0-7]{1,4}$/.test(rest)) {
    return [{ only, and: 0, or: Number.parseInt(rest, 8), keepsPlain: false }];
  }
  const [, who, operations] = /^([ugoa]*)((?:[-+=][rwxXst]*)+)$/.exec(rest) ?? [];
  if (who === undefined || operations === undefined) {
    throw new StorageError("invalid-argument", {
      message: `chmod: "${text}" is no change of modes`,
    });
  }
  return [...operations.matchAll(/([-+=])([rwxXst]*)/g)].map(([, sign, what]) =>
    toChange({ only, who, sign: sign as string, what: what as string, umask }),
  );
}

interface Parsed {
  readonly only: ChmodChange["only"];
  readonly who: string;
  readonly sign: string;
  readonly what: string;
  readonly umask: number;
}

function toChange({ only, who, sign, what, umask }: Parsed): ChmodChange {
  const everybody = who === "" || who.includes("a");
  const places = everybody
    ? EXECUTE
    : (who.includes("u") ? 0o100 : 0) |
      (who.includes("g") ? 0o010 : 0) |
      (who.includes("o") ? 0o001 : 0);
  const top = (who.includes("u") ? 0o4000 : 0) | (who.includes("g") ? 0o2000 : 0);
  const bits =
    (what.includes("r") ? places * 4 : 0) |
    (what.includes("w") ? places * 2 : 0) |
    (/[xX]/.test(what) ? places : 0);
  const named =
    (who === "" ? bits & ~umask : bits) |
    (what.includes("s") ? top || 0o4000 : 0) |
    (what.includes("t") ? 0o1000 : 0);
  const keepsPlain = what.includes("X");
  switch (sign) {
    case "+":
      return { only, and: ALL, or: named, keepsPlain };
    case "-":
      return { only, and: ALL & ~named, or: 0, keepsPlain };
    default:
      return {
        only,
        and: ALL & ~(places * 7) & ~(/[st]/.test(what) ? top : 0),
        or: named,
        keepsPlain,
      };
  }
}
