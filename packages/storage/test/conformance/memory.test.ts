import { MemoryDriver } from "@omnisync/storage";
import { driverSuite } from "@omnisync/testkit";

await driverSuite("memory", {
  open: async () => new MemoryDriver(),
  reopen: async (driver) => {
    const { store, root, id } = driver as MemoryDriver;
    return new MemoryDriver({ store, root, name: id.slice("memory://".length) });
  },
});

await driverSuite("memory with versions", {
  open: async () => new MemoryDriver({ versions: true }),
  reopen: async (driver) => {
    const { store, root, id } = driver as MemoryDriver;
    return new MemoryDriver({ store, root, name: id.slice("memory://".length) });
  },
});

// The same below a root inside a store that holds other keys.
await driverSuite("memory below a root", {
  open: async () => {
    const whole = new MemoryDriver();
    for (const path of ["a", "roo", "root", "root/", "root!/x", "root0", "z"])
      if (!path.endsWith("/")) await whole.write(path, new Uint8Array(1));
    return new MemoryDriver({ store: whole.store, root: "root", name: whole.id.slice(9) });
  },
});
