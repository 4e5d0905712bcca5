/** Whether two places hold the same, in the forms that programs look for. All of it is `check`. */
import { StorageError, printable } from "@omnisync/storage";
import { type CheckOptions, type CheckReport, check } from "../check.ts";
import { type DiffEntry, type DiffOptions, diff } from "../diff.ts";
import type { Place } from "../options.ts";

/** Whether two places are the same, as `sync` with the same options would see it. What could not be compared is not. */
export async function verify(
  source: Place,
  destination: Place,
  options: CheckOptions = {},
): Promise<boolean> {
  return (await check(source, destination, options)).inSync;
}

/** `verify` by content: hashes are compared, and computed where none is known. Times and modes do not matter. */
export function verifyChecksum(
  source: Place,
  destination: Place,
  options: Omit<CheckOptions, "checksum" | "sizeOnly" | "download"> = {},
): Promise<boolean> {
  return verify(source, destination, { ...options, checksum: true });
}

/** `verify` by size alone: not a byte is read, no time is looked at. */
export function quickVerify(
  source: Place,
  destination: Place,
  options: Omit<CheckOptions, "checksum" | "sizeOnly" | "download"> = {},
): Promise<boolean> {
  return verify(source, destination, { ...options, sizeOnly: true });
}

/**
 * Whether two files have the same content, read back from both.
 * @throws StorageError `not-found`, `is-a-directory`; whatever kept them from being compared.
 */
export async function verifyFile(
  source: Place,
  destination: Place,
  options: Omit<CheckOptions, "checksum" | "sizeOnly" | "download"> = {},
): Promise<boolean> {
  for (const { driver, path } of [source, destination]) {
    const entry = await driver.stat(path, { signal: options.signal });
    if (entry?.kind === "directory") throw new StorageError("is-a-directory", { path });
  }
  const report = await check(source, destination, { ...options, download: true });
  if (report.failures[0] !== undefined) throw report.failures[0].error;
  return report.inSync;
}

export interface VerifyDetails {
  /** Whether all could be compared, and all is the same. */
  readonly verified: boolean;
  /** Files of either side. */
  readonly total: number;
  readonly matching: number;
  readonly mismatched: number;
  /** Only at the source. */
  readonly missing: number;
  /** Only at the destination. */
  readonly extra: number;
  /** Could not be compared. */
  readonly errors: number;
}

/** `verify` in numbers. For the paths, see `diff`. */
export async function verifyWithDetails(
  source: Place,
  destination: Place,
  options: CheckOptions = {},
): Promise<VerifyDetails> {
  return detailsOf(await check(source, destination, options));
}

/** `verify` as text for people: one line, then one for each of the first `limit` (default 1000) differences. */
export async function verifyAndReport(
  source: Place,
  destination: Place,
  options: DiffOptions & { readonly limit?: number | undefined } = {},
): Promise<string> {
  const { limit = 1000, ...rest } = options;
  const lines: string[] = [];
  let count = 0;
  for await (const entry of diff(source, destination, rest)) {
    if (++count <= limit) lines.push(lineOf(entry));
  }
  if (count === 0) return "verified: both are the same";
  if (count > limit) lines.push(`and ${count - limit} more`);
  return [`not verified: ${count} ${count === 1 ? "path differs" : "paths differ"}`, ...lines].join(
    "\n",
  );
}

function detailsOf(report: CheckReport): VerifyDetails {
  const { match, differ, sourceOnly, destinationOnly, errors, inSync } = report;
  return {
    verified: inSync,
    total: match + differ + sourceOnly + destinationOnly + errors,
    matching: match,
    mismatched: differ,
    missing: sourceOnly,
    extra: destinationOnly,
    errors,
  };
}

const WORDS: Readonly<Record<DiffEntry["status"], string>> = {
  new: "missing",
  modified: "mismatched",
  deleted: "extra",
  error: "error",
};

function lineOf({ status, path, reason, error }: DiffEntry): string {
  const why = error?.message ?? reason;
  return `${WORDS[status]}: ${printable(path)}${why === undefined ? "" : ` (${printable(why)})`}`;
}
