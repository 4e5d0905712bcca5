/** What a line in a format of the user's has to say of an event. */
import type { Entry } from "@omnisync/storage";
import type { SyncEvent } from "@omnisync/sync";
import { type ItemizeContext, isDirectory, isFoundElsewhere, itemizeCode } from "../itemize.ts";
import { shownPath } from "../shown-path.ts";
import type { LineFacts } from "./line-format.ts";

/** `sourceText`: the source as it was given, before the long names of `%f`. */
export function lineFacts(
  event: SyncEvent,
  context: ItemizeContext,
  sourceText: string,
): LineFacts {
  const entry: Entry | undefined = event.source ?? event.destination;
  const name = shownPath(context, event.path);
  const isDeletion = event.kind === "remove";
  return {
    itemized: itemizeCode(event, context) ?? "",
    name: isDirectory(event) ? `${name}/` : name,
    longName: longName(event, sourceText),
    linkTarget: entry?.kind === "symlink" && !isDeletion ? entry.linkTarget : undefined,
    hardLink:
      event.linkedTo === undefined || isFoundElsewhere(event)
        ? undefined
        : shownPath(context, event.linkedTo),
    operation: isDeletion ? "del." : "send",
    size: entry?.size ?? 0,
    mode: entry?.mode ?? (entry?.kind === "symlink" ? 0o777 : 0),
    mtime: entry?.mtime ?? entry?.storedAt ?? 0,
    uid: entry?.uid,
    gid: entry?.gid,
    bytes: event.bytes,
    now: Date.now(),
  };
}

/** The path of an event below the source as it was given, without a slash at its begin. */
export function longName({ path }: SyncEvent, sourceText: string): string {
  const parts = [sourceText.replace(/\/+$/, ""), path].filter((part) => part !== "");
  return parts.join("/").replace(/^\/+/, "");
}
