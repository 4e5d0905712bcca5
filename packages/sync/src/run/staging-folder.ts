/**
 * Folders of a run's own at the destination, where content waits for its place. Their names say whose they
 * are and when they were made, so that a later run can clear away what a killed one left.
 *
 *     .omnisync/staged-4be0c2f10f3a91c200a3f15e-019a9f2c41d7-8c7dd922
 *                      └ process                └ time       └ chance
 */
import {
  type Driver,
  OWNER_LENGTH,
  RESERVED_NAME,
  joinPath,
  ownerMark,
  ownerState,
  parentPath,
} from "@omnisync/storage";
import { randomBytes } from "node:crypto";
import { KEPT_FOR } from "../resume/expire.ts";
import { clearFolder, removeEmpty } from "./clear-folder.ts";

const TIME_LENGTH = 12;
const FOLDER = new RegExp(
  `^(?:.*/)?${RESERVED_NAME.replace(".", "\\.")}/staged-(?<owner>[0-9a-f]{${OWNER_LENGTH}})-(?<time>[0-9a-f]{${TIME_LENGTH}})-[0-9a-f]{8}(?=/|$)`,
);

export function newStagingFolder(directory: string, now: number = Date.now()): string {
  const time = now.toString(16).padStart(TIME_LENGTH, "0");
  const name = `staged-${ownerMark()}-${time}-${randomBytes(4).toString("hex")}`;
  return joinPath(directory, RESERVED_NAME, name);
}

/** The folder that a reserved path lies in, if nobody will come back to it; of other machines' after seven days. */
export function leftStagingFolder(path: string, now: number = Date.now()): string | undefined {
  const match = FOLDER.exec(path);
  if (match === null) return undefined;
  const { owner, time } = match.groups as { readonly owner: string; readonly time: string };
  const state = ownerState(owner);
  const isOld = now - Number.parseInt(time, 16) >= KEPT_FOR;
  return state === "gone" || (state === "unknown" && isOld) ? match[0] : undefined;
}

/** Removes a folder with all that is in it, and the reserved directory above it if that is empty then. */
export async function clearStagingFolder(
  driver: Driver,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  await clearFolder(driver, folder, signal);
  await removeEmpty(driver, [parentPath(folder)]);
}
