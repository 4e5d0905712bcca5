import { MemoryDriver } from "@omnisync/storage";
import { hideMarked, unwrapDriver } from "@omnisync/storage/layers";
import { driverSuite } from "@omnisync/testkit";

const mark = { suffix: "file", magic: Uint8Array.of(0x89, 0x4f) };

// Many files of the suite have this suffix, and none this mark.
await driverSuite("memory, with marked files hidden", {
  open: async () => hideMarked(new MemoryDriver(), mark),
  reopen: async (driver) => {
    const { store, root, id } = unwrapDriver(driver) as MemoryDriver;
    const name = id.slice("memory://".length);
    return hideMarked(new MemoryDriver({ store, root, name }), mark);
  },
});
