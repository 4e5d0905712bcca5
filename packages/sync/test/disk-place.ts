/** A place on a disk of its own, removed when the test that asked for it has finished. */
import { FileDriver } from "@omnisync/storage";
import type { Place } from "@omnisync/sync";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export interface DiskPlace extends Place {
  readonly root: string;
}

export function diskPlace(): DiskPlace {
  const root = mkdtempSync(join(tmpdir(), "omnisync-disk-"));
  chmodSync(root, 0o755);
  const driver = new FileDriver({ root });
  onTestFinished(async () => {
    await driver.close();
    rmSync(root, { recursive: true, force: true });
  });
  return { root, driver, path: "" };
}
