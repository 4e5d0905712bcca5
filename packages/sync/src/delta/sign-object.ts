/** Makes the signature of a file or object that lies somewhere, and keeps it with it. */
import { type Entry, StorageError } from "@omnisync/storage";
import type { DeltaOptions } from "../options/delta-options.ts";
import type { Place } from "../options.ts";
import { Deltas } from "./deltas.ts";
import { signContent } from "./read-content.ts";
import { keepSignature } from "./signature-store.ts";
import { isDisk, settle } from "./signed-on-disk.ts";

export interface SignOptions extends Pick<DeltaOptions, "blockSize" | "signatures"> {
  readonly signal?: AbortSignal | undefined;
  /** Told of bytes as they are read. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

export interface SignedObject {
  /** What was signed; complete. */
  readonly entry: Entry;
  /** Where its signature lies, in the same store. */
  readonly signaturePath: string;
  /** Bytes of each block but the last, and how many there are. */
  readonly blockSize: number;
  readonly blocks: number;
  /** BLAKE3 of the whole, lower-case hex. */
  readonly blake3: string;
}

/**
 * Reads a file once and keeps its signature, so that others can fetch or send what differs from it.
 * @throws StorageError `not-found`; `unsupported` for what is no file, or where no signature can be kept;
 *   `changed` if it changed meanwhile; `already-exists` if a file that is no signature has the sidecar's name.
 */
export async function signObject(
  { driver, path }: Place,
  { signal = new AbortController().signal, onBytes, ...options }: SignOptions = {},
): Promise<SignedObject> {
  const deltas = new Deltas(options);
  const entry = await driver.stat(path, { signal });
  if (entry === undefined) throw new StorageError("not-found", { path });
  if (entry.kind !== "file") {
    throw new StorageError("unsupported", { path, message: `a ${entry.kind} has no signature` });
  }
  const { size } = entry;
  if (isDisk(driver)) await settle(driver, entry, signal);
  const blockSize = deltas.blockSizeFor(size);
  const content = { driver, path, entry, signal, onBytes };
  const signature = await signContent(content, blockSize);
  const signed = { driver, path, placement: deltas.placement, signal };
  // A sidecar is written under a condition.
  if (deltas.placement === "sidecar") await driver.probe?.({ write: true, signal });
  const signaturePath = await keepSignature(signed, signature, entry);
  if (signaturePath === undefined) {
    throw new StorageError("unsupported", {
      path,
      message:
        "no signature can be kept: its name would be too long, or the store does not tell one content of the file from another",
    });
  }
  const blake3 = Buffer.from(signature.contentHash).toString("hex");
  return { entry, signaturePath, blockSize, blocks: Math.ceil(size / blockSize), blake3 };
}
