import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileDriver } from "@omnisync/storage";
import { driverSuite } from "@omnisync/testkit";

await driverSuite("file", {
  open: async () => new FileDriver({ root: await mkdtemp(join(tmpdir(), "omnisync-suite-")) }),
  reopen: async (driver) => new FileDriver({ root: (driver as FileDriver).root }),
  async close(driver) {
    await driver.close();
    await rm((driver as FileDriver).root, { recursive: true, force: true });
  },
});
