/** Small helpers of the engine's tests: stores with content, and what is in them. */
import { type Driver, type Entry, MemoryDriver, type WriteOptions } from "@omnisync/storage";
import type { Place, SyncEvent } from "@omnisync/sync";

export const T0 = 1_700_000_000_000;

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A memory store with these files; a path that ends in "/" is an empty directory. */
export async function storeWith(
  files: Readonly<Record<string, string | Uint8Array>> = {},
  options: WriteOptions = { mtime: T0 },
): Promise<MemoryDriver> {
  const driver = new MemoryDriver();
  for (const [path, content] of Object.entries(files)) {
    if (path.endsWith("/")) await driver.mkdir(path.slice(0, -1));
    else await driver.write(path, typeof content === "string" ? bytes(content) : content, options);
  }
  return driver;
}

export function place(driver: Driver, path = ""): Place {
  return { driver, path };
}

/** Everything in a store: path to text; directories as `path/` to "". */
export async function contents(driver: Driver, path = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await entries(driver, path)) {
    if (entry.kind === "directory") found[`${entry.path}/`] = "";
    else if (entry.kind === "symlink")
      found[entry.path] = `-> ${await driver.readLink!(entry.path)}`;
    else {
      const { body } = await driver.read(entry.path);
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      found[entry.path] = Buffer.concat(chunks).toString();
    }
  }
  return found;
}

export async function entries(driver: Driver, path = ""): Promise<Entry[]> {
  const found: Entry[] = [];
  for await (const page of driver.list(path, { recursive: true })) found.push(...page);
  return found;
}

/** Collects events; `kinds()` is `path: kind (reason)` of each in order. */
export function recorder(): {
  onEvent: (event: SyncEvent) => void;
  events: SyncEvent[];
  lines: () => string[];
} {
  const events: SyncEvent[] = [];
  return {
    events,
    onEvent: (event) => void events.push(event),
    lines: () =>
      events.map(
        ({ path, kind, reason }) => `${path}: ${kind}${reason === undefined ? "" : ` (${reason})`}`,
      ),
  };
}
