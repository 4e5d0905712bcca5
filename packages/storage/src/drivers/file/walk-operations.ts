/** Walks that are under way in this worker, by number. */
import { StorageError } from "../../errors.ts";
import { fromSystemError } from "./file-errors.ts";
import type { OperationContext } from "./operations.ts";
import { Walk, type WalkRequest } from "./walk.ts";
import type { WalkPage } from "./walk-page.ts";

const walks = new Map<number, Walk>();
let last = 0;

export function startWalk(context: OperationContext, request: WalkRequest): number {
  try {
    walks.set(++last, new Walk(context.tree, request));
    return last;
  } catch (error) {
    throw fromSystemError(error, request.directory, "list");
  }
}

/** `leave`: a directory whose content is of no interest any more. */
export function nextPage(
  context: OperationContext,
  id: number,
  limit: number,
  leave?: string,
): WalkPage {
  const walk = walks.get(id);
  if (walk === undefined) throw new StorageError("internal", { message: "the walk has ended" });
  let page: WalkPage;
  try {
    if (leave !== undefined) walk.leave(leave);
    page = walk.next(limit);
  } catch (error) {
    endWalk(context, id);
    throw error;
  }
  if (page.done) endWalk(context, id);
  context.transfer.push(page.modes.buffer, page.sizes.buffer, page.tags.words.buffer);
  return page;
}

export function endWalk(_context: OperationContext, id: number): void {
  walks.get(id)?.close();
  walks.delete(id);
}
