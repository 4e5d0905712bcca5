/** A file put together out of order, invisible until its commit. */
import type { Stage, StageOptions } from "../../driver.ts";
import { StorageError, throwIfAborted } from "../../errors.ts";
import { hashBytes } from "../../hashes.ts";
import { checkBytes, isCount } from "../../lib/body.ts";
import type { MemoryDriver } from "./memory-driver.ts";

export async function createStage(
  driver: MemoryDriver,
  path: string,
  size: number,
  { base, signal }: StageOptions,
): Promise<Stage> {
  if (!isCount(size)) {
    throw new StorageError("invalid-argument", { path, message: `${size} is not a size` });
  }
  let bytes: Uint8Array | undefined = new Uint8Array(size);
  if (base !== undefined) {
    const range = { offset: 0, length: size };
    bytes.set(
      (await driver.readBlock(base.path, { ...range, ifMatch: base.ifMatch, signal })).bytes,
    );
  }
  const open = (): Uint8Array => {
    if (bytes !== undefined) return bytes;
    throw new StorageError("closed", { path, message: "was committed or aborted" });
  };
  return {
    async write(offset, piece, options = {}) {
      throwIfAborted(options.signal, path);
      checkBytes(path, piece);
      const bytes = open();
      if (!isCount(offset) || offset + piece.byteLength > size) {
        throw new StorageError("invalid-argument", {
          path,
          message: "would write outside the announced size",
        });
      }
      bytes.set(piece, offset);
    },
    async hash(name, range) {
      return hashBytes(name, open().subarray(range.offset, range.offset + range.length));
    },
    async commit(options = {}) {
      const entry = await driver.write(path, open(), options);
      bytes = undefined;
      return entry;
    },
    async abort() {
      bytes = undefined;
    },
  };
}
