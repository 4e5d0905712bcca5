import { StorageError } from "../../errors.ts";
import { checkPath } from "../../path.ts";
import type { DriverDefinition } from "../../registry.ts";
import { MemoryDriver } from "./memory-driver.ts";
import { MemoryStore } from "./memory-store.ts";

const named = new Map<string, MemoryStore>();

/** `memory://name/path`: stores of one name share their objects for as long as the process lives. */
export const memoryDefinition: DriverDefinition = {
  name: "memory",
  schemes: ["memory"],
  help: "Keeps objects in the memory of this process.",
  options: [
    {
      name: "store",
      type: "string",
      flag: false,
      help: "Name of the store; the same name is the same store.",
    },
  ],
  parseUrl(url) {
    const match = /^memory:\/\/([A-Za-z0-9._-]+)(?:\/(.*?))?\/?$/s.exec(url);
    if (match === null) {
      throw new StorageError("invalid-argument", { message: `"${url}": write memory://name/path` });
    }
    return { settings: { store: match[1] }, path: checkPath(match[2] ?? "", { root: true }) };
  },
  async open(settings, root) {
    if (settings["store"] === undefined) return new MemoryDriver({ root });
    const name = String(settings["store"]);
    const store = named.get(name) ?? new MemoryStore();
    named.set(name, store);
    return new MemoryDriver({ store, root, name });
  },
};
