/** The temporary file of a stage that begins as a copy of another file. */
import type { StageBase } from "../../driver.ts";
import { throwIfAborted } from "../../errors.ts";
import type { WriteWish } from "./atomic-write.ts";
import { tryClone } from "./clone-file.ts";
import { FileBody } from "./file-body.ts";
import type { FileCaller } from "./file-caller.ts";
import { TempWriter } from "./temp-writer.ts";

/** Bytes copied by one call: some 20 ms. */
const STEP = 64 * 1024 * 1024;

export interface BasedStage {
  readonly base: StageBase;
  readonly size: number;
  readonly wish: WriteWish;
  readonly signal?: AbortSignal | undefined;
}

/** A file of the announced size beside `path`, with the content of the base as far as that goes. */
export async function beginWithBase(
  caller: FileCaller,
  path: string,
  wanted: BasedStage,
): Promise<TempWriter> {
  const { base, size, wish, signal } = wanted;
  const opened = await caller.call("openBase", [base.path, base.ifMatch], { signal });
  const length = Math.min(size, opened.row[1]);
  const source = new FileBody({ ...opened, path: base.path, offset: 0, length, signal });
  try {
    const writer = await TempWriter.begin(caller, path, wish, size);
    try {
      await fill(caller, source, writer, wanted);
      source.skip();
      // At its end it looks whether the file is still what it was.
      await source.next();
      return writer;
    } catch (error) {
      await writer.abort();
      throw error;
    }
  } finally {
    await source.return();
  }
}

async function fill(
  caller: FileCaller,
  source: FileBody,
  writer: TempWriter,
  { base, size, wish, signal }: BasedStage,
): Promise<void> {
  // A clone would give up the space that was allocated.
  const cloned = !wish.preallocate && (await tryClone(source, writer));
  // A clone is as long as its base; what could not become one is empty.
  await writer.truncate(size);
  if (cloned) return;
  const sparse = source.isSparse || wish.sparse === true;
  for (let offset = 0; offset < source.length; offset += STEP) {
    throwIfAborted(signal, writer.path);
    const length = Math.min(STEP, source.length - offset);
    const from = { path: base.path, fd: source.fd };
    await writer.use((to) => {
      const range = { from, to, offset, length, sparse };
      return caller.call("copyRange", [writer.path, range], { signal, bytes: length });
    });
  }
}
