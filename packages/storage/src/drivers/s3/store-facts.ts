/**
 * What this bucket's provider really does: first what its profile says, then what the probe found out,
 * then what answers showed by the way. Shared by all drivers of a bucket in this process.
 */
import type { ConditionOptions } from "../../driver.ts";
import { StorageError } from "../../errors.ts";
import { checkCondition } from "../../lib/check-write.ts";
import type { Probed, ProviderQuirks } from "./provider-profile.ts";

/** Preconditions by themselves. */
interface ConditionFacts {
  readonly create: Probed;
  readonly replace: Probed;
  readonly remove: Probed;
  readonly copySource: Probed;
  readonly partSource: Probed;
  readonly complete: Probed;
  /** CopyObject with a condition on what it replaces. */
  readonly copyTarget: Probed;
}

export type ConditionName = keyof ConditionFacts;

export interface StoreFacts {
  readonly conditions: ConditionFacts;
  readonly etagQuoting: "quoted" | "unquoted" | "probe";
  readonly etagIsMd5: Probed;
  readonly multipartEtagIsMd5: Probed;
  readonly copyPart: Probed;
  /**
   * How often the store decodes the source of UploadPartCopy. Ceph up to 16 does it twice: `a%2Fb` then
   * means `a/b`, whose content would silently take the other's place.
   */
  readonly partSourceDecoding: "once" | "twice" | "probe";
  /** Whether the bucket keeps versions, or did: then it may hold some. `false` may change at any time. */
  readonly versions: Probed;
}

export function factsOf(quirks: ProviderQuirks): StoreFacts {
  const { conditions, etagQuoting, etagIsMd5, multipartEtagIsMd5, copyPart } = quirks;
  const none = conditions.create === false && conditions.replace === false;
  return {
    conditions: { ...conditions, copyTarget: none ? false : "probe" },
    etagQuoting,
    etagIsMd5,
    multipartEtagIsMd5,
    copyPart,
    partSourceDecoding: "probe",
    versions: "probe",
  };
}

/** What `known` leaves open, filled from `found`. What a profile says for certain stays. */
export function fillFacts(known: StoreFacts, found: StoreFacts): StoreFacts {
  const fill = (a: Probed, b: Probed): Probed => (a === "probe" ? b : a);
  const { conditions: a } = known;
  const { conditions: b } = found;
  return {
    conditions: {
      create: fill(a.create, b.create),
      replace: fill(a.replace, b.replace),
      remove: fill(a.remove, b.remove),
      copySource: fill(a.copySource, b.copySource),
      partSource: fill(a.partSource, b.partSource),
      complete: fill(a.complete, b.complete),
      copyTarget: fill(a.copyTarget, b.copyTarget),
    },
    etagQuoting: known.etagQuoting === "probe" ? found.etagQuoting : known.etagQuoting,
    etagIsMd5: fill(known.etagIsMd5, found.etagIsMd5),
    multipartEtagIsMd5: fill(known.multipartEtagIsMd5, found.multipartEtagIsMd5),
    copyPart: fill(known.copyPart, found.copyPart),
    partSourceDecoding: found.partSourceDecoding,
    versions: fill(known.versions, found.versions),
  };
}

/** Whether anything is left for the probe. Versions are asked for by themselves, when they are needed. */
export function isSettled({ conditions, ...others }: StoreFacts): boolean {
  const facts = { ...others, versions: undefined };
  return ![...Object.values(conditions), ...Object.values(facts)].includes("probe");
}

/** The headers of a precondition, names and values in turn. */
export function conditionHeaders(options: ConditionOptions, facts: StoreFacts): string[] {
  if (options.ifNoneMatch !== undefined) return ["if-none-match", "*"];
  if (options.ifMatch === undefined) return [];
  return ["if-match", quoteEtag(options.ifMatch, facts)];
}

export function quoteEtag(etag: string, { etagQuoting }: StoreFacts): string {
  return etagQuoting === "unquoted" ? etag : `"${etag}"`;
}

/** The condition that a call makes, if any. */
export function conditionOf(
  path: string,
  options: ConditionOptions,
): "create" | "replace" | undefined {
  checkCondition(path, options);
  const { ifMatch, ifNoneMatch } = options;
  if (ifMatch === undefined) return ifNoneMatch === undefined ? undefined : "create";
  if (/^[\x21\x23-\x7e]+$/.test(ifMatch)) return "replace";
  throw new StorageError("invalid-argument", {
    path,
    message: "ifMatch takes an etag as an entry has it",
  });
}
