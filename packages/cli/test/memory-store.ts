/** Named stores for tests: `memory://<name>/…`, each test its own. */
import { type Storage, openStorage } from "@omnisync/storage";

let serial = 0;

export interface TestStore {
  /** `memory://test-7`. */
  readonly url: string;
  readonly storage: Storage;
}

export async function createStore(
  files: Readonly<Record<string, string>> = {},
): Promise<TestStore> {
  const url = `memory://test-${process.pid}-${++serial}`;
  const storage = await openStorage(url);
  for (const [path, content] of Object.entries(files)) {
    await storage.writeAll(path, content, { mtime: Date.UTC(2026, 0, 2, 3, 4, 5), mode: 0o644 });
  }
  return { url, storage };
}

/** Every file of a store with its content. */
export async function contentOf(storage: Storage, directory = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const entry of storage.list(directory, { recursive: true })) {
    if (entry.kind === "directory") continue;
    found[entry.path] = new TextDecoder().decode(await storage.readAll(entry.path));
  }
  return found;
}
