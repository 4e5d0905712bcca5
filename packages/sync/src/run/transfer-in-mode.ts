/** Brings a file over in the way that the run's options ask for: in place, by a path beside, or plainly. */
import { RESERVED_NAME, baseName, joinPath, parentPath } from "@omnisync/storage";
import { isDiskToCompare } from "../delta/download-plan.ts";
import { removeEmpty } from "./clear-folder.ts";
import type { RunContext } from "./context.ts";
import { duplicate } from "./duplicate.ts";
import type { TransferProgress } from "./progress-tracker.ts";
import { putInPlace } from "./put-in-place.ts";
import { inTurn } from "./in-turn.ts";
import { newStagingFolder } from "./staging-folder.ts";
import type { Outcome, Transfer } from "./transfer.ts";
import { fetchDifference } from "./transfer-by-ranges.ts";
import { type TransferJob, createTransfer, transferContent } from "./transfer-file.ts";
import { type Keeping, transferInPlace } from "./transfer-in-place.ts";

/** Smaller files are sent in one go, of which no part is worth keeping. */
const WORTH_KEEPING = 1024 * 1024;

/** @throws StorageError as `transferContent`. */
export async function transferInMode(
  context: RunContext,
  job: TransferJob,
  progress: TransferProgress,
): Promise<Outcome> {
  const transfer = createTransfer(context, job, progress);
  const keeping = whatToKeep(transfer);
  if (keeping !== undefined) {
    const done = await context.lanes.with(1, () => transferInPlace(transfer, keeping));
    return done ?? transferContent(transfer);
  }
  const work = workPath(context, job);
  if (work === undefined) return transferContent(transfer);
  return work.isKept && isForDelta(transfer)
    ? byDifference(transfer, work)
    : byWorkPath(transfer, work);
}

/** `undefined`: the file is not written into in place. */
function whatToKeep({ to, context, previous, source }: Transfer): Keeping | undefined {
  const { append, inplace, move } = context.options;
  if (to.patch === undefined || previous === undefined || previous.kind !== "file")
    return undefined;
  if (append !== undefined && append !== false && previous.size < source.size)
    // What a move leaves is the only copy there is.
    return append === "verify" || move ? "equal" : "all";
  return inplace ? "nothing" : undefined;
}

interface WorkPath {
  readonly path: string;
  /** What lies there after a failure is gone on with by the next run. */
  readonly isKept: boolean;
  /** Made for this file, and removed when empty, inner ones first. */
  readonly directories: readonly string[];
}

function workPath(context: RunContext, job: TransferJob): WorkPath | undefined {
  const { path, source } = job;
  const { partial, tempDirectory } = context.options;
  const { driver, path: root } = context.destination;
  if (driver.patch === undefined || driver.move === undefined) return undefined;
  if (partial && source.size >= WORTH_KEEPING) {
    const name = partial === true ? `${RESERVED_NAME}/partial` : partial.directory;
    const directory = joinPath(root, parentPath(path), name);
    const isOwn = partial === true;
    const directories = isOwn ? [directory, parentPath(directory)] : [directory];
    return { path: `${directory}/${baseName(path)}`, isKept: true, directories };
  }
  if (tempDirectory === undefined) return undefined;
  const directory = newStagingFolder(joinPath(root, tempDirectory));
  const directories = [directory, parentPath(directory)];
  return { path: `${directory}/file`, isKept: false, directories };
}

/** What only differs in parts is put together beside the old file, not where something is kept. */
function isForDelta({ from, to, context, source, previous }: Transfer): boolean {
  const above = context.deltas?.threshold ?? Infinity;
  if (to.stage === undefined) return false;
  if (to.canCopyFrom?.(from) && !isDiskToCompare({ from, to, context })) return false;
  return Math.min(source.size, previous?.size ?? 0) > above;
}

async function byDifference(transfer: Transfer, work: WorkPath): Promise<Outcome> {
  const { outcome, delta } = await transfer.context.lanes.with(1, () =>
    differenceUnlessKept(transfer, work),
  );
  return outcome ?? { ...(await byWorkPath(transfer, work)), delta };
}

/** Nothing where an earlier run left a part: that is gone on with. */
async function differenceUnlessKept(
  transfer: Transfer,
  { path }: WorkPath,
): Promise<Pick<Outcome, "delta"> & { readonly outcome?: Outcome | undefined }> {
  const part = await transfer.to.stat(path, { signal: transfer.context.signal });
  return part === undefined ? fetchDifference(transfer) : {};
}

/** Two that a disk does not tell apart would write into one part, and put it in its place before it is whole. */
function byWorkPath(transfer: Transfer, work: WorkPath): Promise<Outcome> {
  return inTurn(transfer.to, work.path, () => byFreeWorkPath(transfer, work));
}

async function byFreeWorkPath(transfer: Transfer, work: WorkPath): Promise<Outcome> {
  const { context, to, toPath, previous } = transfer;
  const { durable, move } = context.options;
  const staged = { ...transfer, toPath: work.path, isStaged: true };
  try {
    const outcome = work.isKept ? await goOn(transfer, staged) : await transferContent(staged);
    const destination = await putInPlace({
      driver: to,
      from: work.path,
      to: toPath,
      previous,
      durable: durable === true || move === true,
      signal: context.signal,
    });
    await removeEmpty(to, work.directories);
    return { ...outcome, destination };
  } catch (error) {
    // Without the run's signal: an interrupted run leaves nothing but what it was told to leave.
    if (!work.isKept) {
      await to.remove(work.path);
      await removeEmpty(to, work.directories);
    } else if (context.options.partial === true && previous === undefined) {
      await showPartial(transfer, work);
    }
    throw error;
  }
}

/** Goes on with a part that lies at the work path, or under the file's own name. */
async function goOn(transfer: Transfer, staged: Transfer): Promise<Outcome> {
  const done = await transfer.context.lanes.with(1, async () => {
    await takePart(transfer, staged);
    return transferInPlace(staged, "equal");
  });
  return done ?? transferContent(staged);
}

async function takePart(transfer: Transfer, staged: Transfer): Promise<void> {
  const { context, to, toPath, previous, source } = transfer;
  const mayBePart = previous?.kind === "file" && previous.size < source.size;
  if (context.options.partial === true && mayBePart) {
    const { signal } = context;
    const isThere = (await to.stat(staged.toPath, { signal })) !== undefined;
    const paths = { from: to, fromPath: toPath, to, toPath: staged.toPath };
    if (!isThere)
      await duplicate({ ...paths, entry: previous, mayLink: false, options: { signal } });
  }
}

/**
 * As in rsync: what there is of a new file takes its name, unless somebody else was faster. It is of 1970:
 * a part must not pass for a file that is newer than its source.
 */
async function showPartial({ to, toPath, source }: Transfer, work: WorkPath): Promise<void> {
  const [part, other] = await Promise.all([to.stat(work.path), to.stat(toPath)]);
  if (part === undefined || other !== undefined) return;
  // By its size alone the whole of it could not be told from a file that was verified.
  if (part.size === 0 || part.size >= source.size) return;
  await to.setAttributes?.(work.path, { mtime: 0 });
  await to.move!(work.path, toPath);
  await removeEmpty(to, work.directories);
}
