/**
 * rsync's `--itemize-changes` form: `YXcstpoguax name`, see rsync(1).
 *
 * Y: `<` sent, `>` received, `c` created or changed in place, `.` only attributes, `*` a message.
 * X: `f` file, `d` directory, `L` link, `S` special. Then one place per attribute: its letter if it
 * differs, `.` if not, `+` throughout if the item is new, blanks if nothing differs.
 * Owner, group, ACLs and xattrs are never changed by omnisync: their places are always `.`.
 */
import { type Entry, printable } from "@omnisync/storage";
import type { SyncEvent } from "@omnisync/sync";
import { type PathNames, shownPath } from "./shown-path.ts";

export interface ItemizeContext extends PathNames {
  readonly toLocal: boolean;
  /** Milliseconds by which equal times may differ. Default 1000. */
  readonly window?: number | undefined;
}

/** The line of an event, or `undefined` for one that rsync prints no line for. */
export function itemizeLine(event: SyncEvent, context: ItemizeContext): string | undefined {
  const code = itemizeCode(event, context);
  if (code === undefined) return undefined;
  const directory =
    (event.source ?? event.destination)?.kind === "directory" || event.kind === "mkdir";
  const shown = shownPath(context, event.path);
  return `${code} ${printable(directory ? `${shown}/` : shown)}`;
}

function itemizeCode(event: SyncEvent, context: ItemizeContext): string | undefined {
  switch (event.kind) {
    case "copy":
      return (context.toLocal ? ">" : "<") + kindLetter(event, "f") + attributes(event, context);
    case "link":
      return `c${kindLetter(event, "L")}${attributes(event, context)}`;
    case "mkdir":
      return `c${kindLetter(event, "d")}${attributes(event, context)}`;
    case "attributes":
      return `.${kindLetter(event, "f")}${attributes(event, context)}`;
    case "unchanged":
      return `.${kindLetter(event, "f")}${" ".repeat(9)}`;
    case "remove":
      return "*deleting  ";
    case "skip":
    case "remove-source":
    case "withheld":
    case "ignored":
    case "failed":
      return undefined;
  }
}

const LETTERS: Readonly<Record<Entry["kind"], string>> = {
  file: "f",
  directory: "d",
  symlink: "L",
  other: "S",
};

function kindLetter(event: SyncEvent, otherwise: string): string {
  return event.source === undefined ? otherwise : LETTERS[event.source.kind];
}

function attributes(event: SyncEvent, context: ItemizeContext): string {
  const { source, destination, reason } = event;
  if (destination === undefined || reason === "new" || source?.kind !== destination.kind) {
    return "+".repeat(9);
  }
  const isFile = source.kind === "file";
  const flags = [
    reason === "checksum" || reason === "target" ? "c" : ".",
    isFile && source.size !== destination.size ? "s" : ".",
    timesDiffer(source, destination, context.window ?? 1000) ? "t" : ".",
    reason === "mode" || modesDiffer(source, destination) ? "p" : ".",
  ];
  return `${flags.join("")}.....`;
}

function timesDiffer(source: Entry, destination: Entry, window: number): boolean {
  if (source.mtime === undefined || destination.mtime === undefined) return false;
  return Math.abs(source.mtime - destination.mtime) > window;
}

function modesDiffer(source: Entry, destination: Entry): boolean {
  if (source.mode === undefined || destination.mode === undefined) return false;
  return source.mode !== destination.mode;
}
