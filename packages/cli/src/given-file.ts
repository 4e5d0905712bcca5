/** Files that flags name. One that cannot be read ends the command before anything is opened. */
import { printable } from "@omnisync/storage";
import { access, constants, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { getSystemErrorMessage } from "node:util";
import type { Session } from "./session.ts";
import { UsageError } from "./usage-error.ts";

/** `--prices: p.json: no such file or directory`. */
export class GivenFileError extends UsageError {
  override readonly name = "GivenFileError";

  constructor(flag: string, file: string, cause: unknown) {
    super(`${flag}: ${printable(file)}: ${systemReason(cause)}`, { cause });
  }
}

/** The whole text of a file; `-` is stdin. @throws GivenFileError */
export async function readGivenFile(session: Session, flag: string, file: string): Promise<string> {
  if (file === "-") return text(session.io.stdin ?? Readable.from([]));
  try {
    return await readFile(session.absolute(file), "utf8");
  } catch (error) {
    throw new GivenFileError(flag, file, error);
  }
}

/** Does not open it: what comes through a pipe comes once. @throws GivenFileError */
export async function checkGivenFile(session: Session, flag: string, file: string): Promise<void> {
  if (file === "-") return;
  const path = session.absolute(file);
  try {
    await refuseDirectory(path);
    await access(path, constants.R_OK);
  } catch (error) {
    throw new GivenFileError(flag, file, error);
  }
}

/** Whether a file can be made there, as far as that can be said before. @throws GivenFileError */
export async function checkPlaceForFile(
  session: Session,
  flag: string,
  file: string,
): Promise<void> {
  const path = session.absolute(file);
  try {
    const isThere = await refuseDirectory(path);
    // The dot at the end asks for a directory.
    await access(isThere ? path : `${dirname(path)}/.`, constants.W_OK);
  } catch (error) {
    throw new GivenFileError(flag, file, error);
  }
}

/** @returns whether something else is there. */
async function refuseDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    return undefined;
  });
  // Reading one is what the system has the right words for.
  if (found?.isDirectory()) await readFile(path);
  return found !== undefined;
}

/** What the system said, without its own words for it. */
export function systemReason(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  return errno === undefined ? message : getSystemErrorMessage(errno);
}
