/** A store that tells other things of its files than are true, for tests of who believes it. */
import {
  type Driver,
  type Entry,
  type MemoryDriver,
  StorageError,
  isWithin,
} from "@omnisync/storage";

export function alterEntries(driver: Driver, alter: (entry: Entry) => Entry): Driver {
  const altered: Partial<Driver> = {
    stat: async (path, options) => {
      const entry = await driver.stat(path, options);
      return entry && alter(entry);
    },
    list: async function* (directory, options) {
      for await (const page of driver.list(directory, options)) yield page.map(alter);
    },
    read: async (path, options) => {
      const { entry, body } = await driver.read(path, options);
      return { entry: alter(entry), body };
    },
  };
  return new Proxy(driver, {
    get: (target, name) => {
      const own = altered[name as keyof Driver];
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

export function withoutHashes(driver: Driver): Driver {
  return alterEntries(driver, (entry) => ({ ...entry, hashes: undefined }));
}

/** Every file has the hash that this one text has. */
export function withHash(driver: Driver, hash: string): Driver {
  return alterEntries(driver, (entry) =>
    entry.kind === "file" ? { ...entry, hashes: { blake3: hash } } : entry,
  );
}

/** One directory cannot be listed. */
export function withUnlisted(driver: MemoryDriver, path: string): MemoryDriver {
  const list = driver.list.bind(driver);
  driver.list = async function* (directory, options) {
    options?.onProblem?.(new StorageError("permission-denied", { path }));
    for await (const page of list(directory, options))
      yield page.filter((entry) => entry.path === path || !isWithin(path, entry.path));
  };
  return driver;
}
