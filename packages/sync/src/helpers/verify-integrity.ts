/** Whether what lies at a place can be read and is what its store says. All of it is `verifyPlace`. */
import type { Place } from "../options.ts";
import { type VerifyEvent, type VerifyPlaceOptions, verifyPlace } from "../verify/verify-place.ts";

export type IntegrityOptions = Omit<VerifyPlaceOptions, "sums" | "oneWay" | "onEvent" | "download">;

/**
 * Whether a file, or everything below a directory, can be read to its end and contradicts no hash that is
 * known of it. A file of which none is known has only been read: `verifyPlace` tells those apart.
 */
export async function verifyIntegrity(
  place: Place,
  options: IntegrityOptions = {},
): Promise<boolean> {
  const { mismatch, errors } = await verifyPlace(place, options);
  return mismatch + errors === 0;
}

/** The files for which `verifyIntegrity` says no, each with what is wrong. */
export async function verifyAllIntegrity(
  place: Place,
  options: IntegrityOptions = {},
): Promise<readonly VerifyEvent[]> {
  const bad: VerifyEvent[] = [];
  const onEvent = (event: VerifyEvent): void => {
    if (event.kind === "mismatch" || event.kind === "error") bad.push(event);
  };
  await verifyPlace(place, { ...options, onEvent });
  return bad;
}
