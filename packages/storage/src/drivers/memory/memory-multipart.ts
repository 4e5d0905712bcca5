/** Uploads in parts, kept beside the objects until they are completed. */
import type { CallOptions, Multipart, Part, Upload } from "../../driver.ts";
import { StorageError } from "../../errors.ts";
import { hashBytes } from "../../hashes.ts";
import { checkHashForms } from "../../lib/check-write.ts";
import { checkBytes, concatBytes } from "../../lib/body.ts";
import { isWithin, joinPath } from "../../path.ts";
import type { MemoryDriver } from "./memory-driver.ts";
import type { MemoryUpload } from "./memory-store.ts";

export function createMultipart(driver: MemoryDriver): Multipart {
  const { store } = driver;

  const find = (upload: Upload, options: CallOptions): MemoryUpload => {
    driver.begin(upload.path, options);
    const found = store.uploads.get(upload.id);
    if (found !== undefined) return found;
    throw new StorageError("not-found", { path: upload.path, message: "the upload is gone" });
  };

  const putPart = (
    upload: Upload,
    number: number,
    bytes: Uint8Array,
    options: CallOptions,
  ): Part => {
    const found = find(upload, options);
    const { maxParts } = driver.capabilities.multipart!;
    if (!Number.isInteger(number) || number < 1 || number > maxParts) {
      throw new StorageError("invalid-argument", {
        path: upload.path,
        message: `${number} is no part number`,
      });
    }
    const part = { number, size: bytes.byteLength, etag: store.nextId(), bytes };
    found.parts.set(number, part);
    return { number, size: part.size, etag: part.etag };
  };

  return {
    async create(path, options = {}) {
      const key = driver.beginWrite(path, options);
      driver.checkConditions(path, key, options);
      const id = store.nextId();
      const startedAt = Date.now();
      store.uploads.set(id, { key, attributes: options, startedAt, parts: new Map() });
      return { path, id, startedAt };
    },

    async putPart(upload, number, bytes, options = {}) {
      checkBytes(upload.path, bytes);
      checkHashForms(upload.path, options.hashes);
      await options.pace?.take(bytes.byteLength, options.signal);
      return putPart(upload, number, Uint8Array.from(bytes), options);
    },

    async copyPart(upload, number, source, range, options = {}) {
      find(upload, options);
      const { object } = driver.copySource(source);
      if (range.offset + range.length > object.bytes.byteLength) {
        throw new StorageError("invalid-argument", {
          path: source.path,
          message: "the range ends behind the object",
        });
      }
      const bytes = object.bytes.subarray(range.offset, range.offset + range.length);
      return { ...putPart(upload, number, bytes, options), md5: hashBytes("md5", bytes) };
    },

    async *listParts(upload, options = {}) {
      const parts = [...find(upload, options).parts.values()].sort((a, b) => a.number - b.number);
      yield parts.map(({ number, size, etag }) => ({ number, size, etag }));
    },

    async complete(upload, parts, options = {}) {
      const key = driver.beginWrite(upload.path, options);
      const done = store.completed.get(upload.id);
      if (done !== undefined && store.objects.get(key)?.etag === done)
        return { ...(await driver.stat(upload.path))!, isOwn: true };
      const found = find(upload, options);
      const chunks = pickParts(upload, found, parts);
      driver.checkConditions(upload.path, key, options);
      const size = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
      const entry = driver.put(upload.path, key, concatBytes(chunks, size), found.attributes);
      store.uploads.delete(upload.id);
      store.completed.set(upload.id, entry.etag!);
      return { ...entry, isOwn: true };
    },

    async abort(upload, options = {}) {
      driver.begin(upload.path, options);
      store.uploads.delete(upload.id);
    },

    async *listUploads(directory, options = {}) {
      const under = driver.begin(directory, options, { root: true });
      const found = [...store.uploads].filter(([, upload]) => isWithin(under, upload.key));
      const prefix = joinPath(driver.root, "x").length - 1;
      yield found.map(([id, { key, startedAt }]) => ({ id, startedAt, path: key.slice(prefix) }));
    },
  };
}

/** The bytes of the parts that the caller names, which must be there as named, in ascending order. */
function pickParts(
  upload: Upload,
  found: MemoryUpload,
  parts: readonly Part[],
): readonly Uint8Array[] {
  let last = 0;
  return parts.map((part) => {
    const held = found.parts.get(part.number);
    if (held?.etag !== part.etag || part.number <= last) {
      throw new StorageError("invalid-argument", {
        path: upload.path,
        message: `part ${part.number} is not what was sent, or out of order`,
      });
    }
    last = part.number;
    return held.bytes;
  });
}
