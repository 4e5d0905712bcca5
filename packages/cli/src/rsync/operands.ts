/** Sources and destination as rsync takes them: which there are, and under which path each source goes. */
import { baseName } from "@omnisync/storage";
import { type Follow, type Found, look } from "../places.ts";
import type { Session } from "../session.ts";
import { type Spot, parseSpot } from "../spots.ts";
import { RsyncError } from "./rsync-error.ts";

export interface Operand {
  readonly text: string;
  readonly spot: Spot;
}

/** A source that exists. */
export interface Source extends Operand {
  readonly found: Found;
  /** Its path below the destination; "" for what is in a directory. */
  readonly at: string;
  /** With `--relative`: where the part of the path that is kept begins. */
  readonly base?: Spot | undefined;
}

/**
 * Takes a location apart as rsync would see it.
 * @throws RsyncError for one that needs rsync's protocol.
 */
export function parseOperand(text: string, session: Session): Operand {
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const colon = text.indexOf(":");
  if (
    /^rsync:\/\//i.test(text) ||
    (!isUrl && colon > 0 && text.startsWith("::", colon) && !text.slice(0, colon).includes("/"))
  ) {
    throw new RsyncError(
      "unsupported",
      `${text}: there is no rsync daemon protocol here: use rsync itself, or a location of omnisync`,
    );
  }
  if (!isUrl && colon > 0 && !text.slice(0, colon).includes("/")) {
    throw new RsyncError(
      "unsupported",
      `${text}: there is no remote shell here: use rsync itself, or write ./${text} if a local file is meant`,
    );
  }
  if (text === "")
    throw new RsyncError("syntax", "an operand is empty: write . for the current directory");
  // A "~" that the shell did not expand is a name; "." at the end means what is in the directory.
  const local = isUrl ? text : text.replace(/(^|\/)\.$/, "$1./").replace(/^~/, "./~");
  return { text, spot: parseSpot(local, session) };
}

/** What lies at a source, and where it goes; `undefined` if nothing is there. */
export async function findSource(
  session: Session,
  operand: Operand,
  { relative, follow }: { readonly relative: boolean; readonly follow: Follow },
): Promise<Source | undefined> {
  const { spot, text } = operand;
  const found = await look(session, spot, follow);
  if (found === undefined) return undefined;
  if (relative) return { ...operand, found, ...keptPath(text, spot) };
  const isContent = found.entry.kind === "directory" && (spot.trailingSlash || spot.name === "");
  return { ...operand, found, at: isContent || namesParent(text) ? "" : spot.name };
}

/** `..` names no directory that could be created: its content goes. */
function namesParent(text: string): boolean {
  return baseName(text.replace(/\/+$/, "")) === "..";
}

/** The path as it was given, or what follows `/./` in it; and the directory that it starts from. */
function keptPath(text: string, spot: Spot): { readonly at: string; readonly base: Spot } {
  const path = text.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*\//i, "");
  const mark = path.lastIndexOf("/./");
  const kept = mark < 0 ? path : path.slice(mark + 3);
  const names = kept.split("/").filter((name) => name !== "" && name !== ".");
  if (names.includes("..")) {
    throw new RsyncError(
      "syntax",
      `${text}: a path with ".." cannot be kept by --relative: put /./ behind it`,
    );
  }
  let base = spot;
  for (let i = 0; i < names.length && base.name !== ""; i++) base = base.parent();
  return { at: names.join("/"), base };
}
