/** The rules of a run from its options and what its two stores can do. Pure. */
import { type Capabilities, StorageError } from "@omnisync/storage";
import type { CompareOptions } from "../options/compare-options.ts";
import type { SyncOptions } from "../options.ts";
import type { CompareRules } from "./compare.ts";
import type { PlanRules } from "./plan-pair.ts";

/** Least window, milliseconds: what is lost when a time goes through a floating-point number. */
const LEAST_WINDOW = 0.002;

export function resolvePlanRules(
  options: SyncOptions,
  source: Capabilities,
  destination: Capabilities,
): PlanRules {
  refuse(
    options.existing && options.ignoreExisting,
    "existing and ignoreExisting leave nothing to do",
  );
  refuse(options.checksum && options.sizeOnly, "checksum and sizeOnly contradict each other");
  refuse(options.move && options.delete, "move and delete cannot be combined");
  return {
    ...resolveCompareRules(options, source, destination),
    proveContent: options.move ?? false,
    delete: options.delete ?? false,
    update: options.update ?? false,
    existing: options.existing ?? false,
    ignoreExisting: options.ignoreExisting ?? false,
    links: options.links === "skip" ? "skip" : "keep",
    keepsLinks: destination.symlinks !== undefined,
    directories: destination.directories,
  };
}

export function resolveCompareRules(
  options: CompareOptions,
  source: Capabilities,
  destination: Capabilities,
): CompareRules {
  return {
    checksum: options.checksum ?? false,
    sizeOnly: options.sizeOnly ?? false,
    mtimeWindow: mtimeWindow(options, source, destination),
    compareMode: (options.preserveMode ?? true) && source.mode && destination.mode,
    proveContent: false,
  };
}

/**
 * A store without mtimes of its own still knows when it took content in, which serves as a source's
 * mtime; a destination must keep what it is given.
 */
function mtimeWindow(
  options: CompareOptions,
  source: Capabilities,
  destination: Capabilities,
): number | undefined {
  if (destination.mtimePrecision === undefined) return undefined;
  const precision = Math.max(source.mtimePrecision ?? 0, destination.mtimePrecision, LEAST_WINDOW);
  return Math.max(precision, options.modifyWindow ?? 0);
}

function refuse(condition: boolean | undefined, message: string): void {
  if (condition) throw new StorageError("invalid-argument", { message });
}
