/**
 * Which driver lies under a layered one. A driver that is asked to copy from another looks at what
 * the other really is; without this, a layer on the source would turn each copy within one store
 * into a download and an upload.
 */
import type { Driver } from "../driver.ts";

const wrapped = new WeakMap<Driver, Driver>();

/** The driver under all layers that leave content as it is; `driver` itself if it has none. */
export function unwrapDriver(driver: Driver): Driver {
  let found = driver;
  for (let inner = wrapped.get(found); inner !== undefined; inner = wrapped.get(found)) {
    found = inner;
  }
  return found;
}

/** Says that `outer` shows the very objects of `inner`. */
export function markWrapped(outer: Driver, inner: Driver): void {
  wrapped.set(outer, inner);
}
