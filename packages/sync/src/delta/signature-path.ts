/** Where the signature of an object lies: always in the same store, in or beside its own directory. */
import {
  type Capabilities,
  RESERVED_NAME,
  baseName,
  isReserved,
  joinPath,
  parentPath,
} from "@omnisync/storage";
import type { SignaturePlacement } from "../options/delta-options.ts";

/** What the names of signatures end with. */
export const SIGNATURE_SUFFIX = ".hssig";

/** Under the directory of the object, so that whoever opens the store at another root finds it too. */
export const SIGNATURE_FOLDER: string = `${RESERVED_NAME}/signatures`;
const IN_FOLDER = /(^|\/)\.omnisync\/signatures\/(?=[^/]+$)/;

/** `undefined` if the store takes no name of that length, or none is to be kept. */
export function signaturePath(
  path: string,
  placement: SignaturePlacement,
  { maxPathBytes = Infinity, maxNameBytes = Infinity }: Capabilities,
): string | undefined {
  if (placement === "none") return undefined;
  const name = baseName(path) + SIGNATURE_SUFFIX;
  const folder = placement === "sidecar" ? "" : SIGNATURE_FOLDER;
  const found = joinPath(parentPath(path), folder, name);
  const fits = Buffer.byteLength(name) <= maxNameBytes && Buffer.byteLength(found) <= maxPathBytes;
  return fits ? found : undefined;
}

/** The object whose signature lies at a path, if one lies there; not of what is in the trash, say. */
export function signedPath(path: string): string | undefined {
  if (!path.endsWith(SIGNATURE_SUFFIX)) return undefined;
  const object = path.slice(0, -SIGNATURE_SUFFIX.length).replace(IN_FOLDER, "$1");
  return baseName(object) === "" || isReserved(object) ? undefined : object;
}
