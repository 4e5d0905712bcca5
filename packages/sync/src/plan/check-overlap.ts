/** Refuses runs whose two ends lie within one another. Pure. */
import { type Identity, StorageError, isWithin, joinPath } from "@omnisync/storage";
import type { Place } from "../options.ts";

/** A place as a name under which places within it are found, whatever their drivers' roots are. */
export function placeId({ driver, path }: Place): string {
  const id = driver.name === "file" ? decodeURIComponent(driver.id) : driver.id;
  return joinPath(id.replace(/\/$/, ""), path);
}

/**
 * @param source as `placeId` gives it, such as `file:///srv/data`; `destination` too
 * @throws StorageError `invalid-argument` for the same place twice, a destination inside the source, or,
 *   when extras are to be removed, a source inside the destination (it would be one of them).
 */
export function checkOverlap(source: string, destination: string, removesExtras: boolean): void {
  if (source === destination) throw refuse(SAME);
  if (isWithin(source, destination)) throw refuse(INSIDE);
  if (removesExtras && isWithin(destination, source)) throw refuse(AN_EXTRA);
}

/**
 * The same for places that are one under two names: mounted twice, or told apart by nothing but their case.
 * @throws StorageError as `checkOverlap`.
 */
export function checkIdentities(
  source: Identity,
  destination: Identity,
  removesExtras: boolean,
): void {
  if (source.id !== undefined && source.id === destination.id) throw refuse(SAME);
  if (isAbove(source, destination)) throw refuse(INSIDE);
  if (removesExtras && isAbove(destination, source)) throw refuse(AN_EXTRA);
}

/**
 * As `checkBackups`.
 * @param destination if the backups are to lie elsewhere. Where they do not they are known by a path of it, else
 *   they would be extras, and their originals replaced by them.
 */
export function checkBackupIdentities(
  source: Identity,
  destination: Identity | undefined,
  backups: Identity,
): void {
  if (holds(source, backups)) throw refuse(INTO_SOURCE);
  if (destination !== undefined && holds(destination, backups)) throw refuse(IN_DESTINATION);
}

function holds(outer: Identity, inner: Identity): boolean {
  return isAbove(outer, inner) || (outer.id !== undefined && outer.id === inner.id);
}

function isAbove({ id }: Identity, { above }: Identity): boolean {
  return id !== undefined && above.includes(id);
}

/**
 * @param backups where old content goes, as `placeId` gives it.
 * @throws StorageError `invalid-argument` for backups that would be written into the source.
 */
export function checkBackups(source: string, backups: string): void {
  if (isWithin(source, backups)) throw refuse(INTO_SOURCE);
}

function refuse(message: string): StorageError {
  return new StorageError("invalid-argument", { message });
}

const SAME = "source and destination are the same place";
const INSIDE = "the destination lies inside the source";
const AN_EXTRA = "the source lies inside the destination, where it would be removed as an extra";
const INTO_SOURCE = "backups lie inside the source, whose files they could replace";
const IN_DESTINATION =
  "backups lie inside the destination, under another name than its own: name them by that";
