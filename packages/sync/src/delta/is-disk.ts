import type { Driver } from "@omnisync/storage";
import { unwrapDriver } from "@omnisync/storage/layers";

/** Whether files lie on a file system, also one at the other end of a network, under whatever layers. */
export function isDisk(driver: Driver): boolean {
  return unwrapDriver(driver).openFile !== undefined;
}
