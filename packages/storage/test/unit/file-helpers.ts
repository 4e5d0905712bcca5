/** A directory for one test, and a driver over it; both are gone afterwards. */
import {
  type Driver,
  FileDriver,
  type FileDriverOptions,
  type StorageError,
} from "@omnisync/storage";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export function makeRoot(): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "omnisync-file-")));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

export function openFileDriver(
  root: string = makeRoot(),
  options: Partial<FileDriverOptions> = {},
): FileDriver {
  const driver = new FileDriver({ root, ...options });
  onTestFinished(() => driver.close());
  return driver;
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

export async function readText(driver: Driver, path: string): Promise<string> {
  const { body } = await driver.read(path);
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

export async function listPaths(
  driver: Driver,
  directory = "",
  options: Parameters<Driver["list"]>[1] = { recursive: true },
): Promise<string[]> {
  const paths: string[] = [];
  for await (const page of driver.list(directory, options)) {
    for (const entry of page) paths.push(entry.path + (entry.kind === "directory" ? "/" : ""));
  }
  return paths;
}

/** What `call` throws; the test fails if it does not. */
export async function failure(call: Promise<unknown>): Promise<StorageError> {
  return call.then(
    () => {
      throw new Error("it should have failed");
    },
    (error: StorageError) => error,
  );
}
