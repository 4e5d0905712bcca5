/** Commands that take locations: what fails is told under the location as it was written. */
import { StorageError, isStorageError, printable } from "@omnisync/storage";
import { EXIT } from "./exit-codes.ts";
import { exitCodeOfError } from "./exit-code-of.ts";
import { errorText, failureText } from "./output/error-text.ts";
import type { Session } from "./session.ts";
import type { Spot } from "./spots.ts";

/**
 * Does something with each location. One of several that fails does not keep the others from being done.
 * @throws whatever the only one failed with.
 */
export async function forEachSpot(
  session: Session,
  spots: readonly Spot[],
  work: (spot: Spot) => Promise<void>,
): Promise<void> {
  for (const spot of spots) {
    try {
      await work(spot);
    } catch (error) {
      session.signal.throwIfAborted();
      const told = underSpot(spot, error);
      if (spots.length === 1) throw told;
      session.complain(errorText(told));
      session.exitCode = together(session.exitCode, exitCodeOfError(told));
    }
  }
}

/** Not wrong usage, which says that nothing was done: the others may have been. */
function together(before: number, code: number): number {
  const same = before === EXIT.done || before === code;
  return same && code !== EXIT.usage ? code : EXIT.someFailed;
}

/** `work` about a location, and what it fails with told under it. */
export async function aboutSpot<T>(spot: Spot, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw underSpot(spot, error);
  }
}

/** A store tells paths from where it was opened, which is the location itself or a directory above. */
export function underSpot({ text }: Spot, error: unknown): unknown {
  // Without a path it is about a setting, or a server.
  if (!isStorageError(error) || error.path === undefined) return error;
  const { code, operation, retry, retryAfter } = error;
  const own = printable(error.path);
  // A location already: no path in a store begins like that.
  if (/^(?:\/|\w+:\/\/)/.test(own) || own === text) return error;
  const location = text.length > 1 ? text.replace(/\/$/, "") : text;
  const isItself = own === "" || location.endsWith(`/${own}`) || location === own;
  const path = isItself ? text : `${location}/${own}`;
  const message = failureText("", error);
  return new StorageError(code, { path, message, operation, retry, retryAfter, cause: error });
}
