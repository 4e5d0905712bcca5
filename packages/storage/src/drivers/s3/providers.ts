/** Finding a provider's profile: by name, by the host of an endpoint, and all of them in order. */
import { StorageError } from "../../errors.ts";
import type { ProviderProfile } from "./provider-profile.ts";
import { PROVIDERS } from "./provider-table.ts";

export type { ProviderProfile } from "./provider-profile.ts";

/** Every provider by label, the unknown one last. */
export function sortedProviders(): readonly ProviderProfile[] {
  const rank = (profile: ProviderProfile): number => (profile.name === "other" ? 1 : 0);
  return [...PROVIDERS].sort(
    (a, b) => rank(a) - rank(b) || (a.label.toLowerCase() < b.label.toLowerCase() ? -1 : 1),
  );
}

/**
 * The profile that a name or alias stands for; case, spaces, dots and dashes do not matter.
 * @throws StorageError `invalid-argument` with the nearest names, or all of them.
 */
export function providerByName(name: string): ProviderProfile {
  const wanted = plain(name);
  const profile = PROVIDERS.find((known) => names(known).includes(wanted));
  if (profile !== undefined) return profile;
  const near = PROVIDERS.filter((known) => names(known).some((it) => isNear(wanted, it)));
  const hint =
    near.length > 0
      ? `did you mean ${near.map((known) => known.name).join(" or ")}?`
      : `known: ${PROVIDERS.map((known) => known.name).join(", ")}`;
  throw new StorageError("invalid-argument", {
    message: `provider (--s3-provider): nothing is known of ${JSON.stringify(name)}; ${hint}`,
  });
}

/** The provider that a host name belongs to, or `undefined`. */
export function providerByHost(host: string): ProviderProfile | undefined {
  const name = host.toLowerCase().replace(/\.$/, "");
  return PROVIDERS.find((profile) => profile.hosts.some((suffix) => hasSuffix(name, suffix)));
}

function hasSuffix(host: string, suffix: string): boolean {
  if (!suffix.includes("*")) return host === suffix || host.endsWith(`.${suffix}`);
  const pattern = suffix.replaceAll(".", "\\.").replaceAll("*", "[^.]*");
  return new RegExp(`(?:^|\\.)${pattern}$`).test(host);
}

function names(profile: ProviderProfile): readonly string[] {
  return [profile.name, ...profile.aliases];
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[\s._-]/g, "");
}

/** One starts with the other, or at most two letters differ (one, in short words). */
function isNear(wanted: string, known: string): boolean {
  const shorter = Math.min(wanted.length, known.length);
  if (shorter < 3) return false;
  if (known.startsWith(wanted) || wanted.startsWith(known)) return true;
  return distance(wanted, known) <= (shorter > 4 ? 2 : 1);
}

/** Levenshtein: how many letters must be put in, taken out or changed. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const change = row[j]! + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(change, row[j + 1]! + 1, next[j]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
