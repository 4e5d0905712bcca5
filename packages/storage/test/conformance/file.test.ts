import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileDriver } from "@omnisync/storage";
import { driverSuite } from "@omnisync/testkit";

// In threads only, and with what is quick in the thread that asks.
for (const calls of [undefined, "few"] as const) {
  await driverSuite(calls === undefined ? "file" : `file, ${calls} calls`, {
    open: async () => {
      const root = await mkdtemp(join(tmpdir(), "omnisync-suite-"));
      return new FileDriver({ root, calls });
    },
    reopen: async (driver) => new FileDriver({ root: (driver as FileDriver).root, calls }),
    async close(driver) {
      await driver.close();
      await rm((driver as FileDriver).root, { recursive: true, force: true });
    },
  });
}
