/** What a transfer tells of each path: itemized, in words, or as JSON; errors always, on stderr. */
import { formatSize, printable } from "@omnisync/storage";
import type { SyncEvent } from "@omnisync/sync";
import type { Session } from "../session.ts";
import { errorJson, failureText } from "./error-text.ts";
import { type ItemizeContext, itemizeLine } from "./itemize.ts";
import { shownPath } from "./shown-path.ts";

export interface PrintOptions extends ItemizeContext {
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly verbose?: number | undefined;
  readonly itemizeChanges?: boolean | undefined;
}

export class EventPrinter {
  readonly #session: Session;
  readonly #options: PrintOptions;

  constructor(session: Session, options: PrintOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** Prints what the options want to know of an event. Never throws. */
  print(event: SyncEvent): void {
    const { json, quiet, itemizeChanges } = this.#options;
    if (json && !quiet)
      this.#session.out.json(eventJson(event, shownPath(this.#options, event.path)));
    if (event.kind === "failed") {
      this.#session.complain(failureText(shownPath(this.#options, event.path), event.error));
    } else if (event.kind === "ignored" && event.source?.kind === "other" && !quiet) {
      this.#session.complain(
        `${printable(shownPath(this.#options, event.path))}: left out: not a file, directory or link`,
      );
    }
    const line = itemizeChanges ? this.#itemized(event) : this.#inWords(event);
    if (line !== undefined) this.#session.out.line(line);
  }

  #itemized(event: SyncEvent): string | undefined {
    if (event.kind === "unchanged" && (this.#options.verbose ?? 0) < 2) return undefined;
    return itemizeLine(event, this.#options);
  }

  #inWords(event: SyncEvent): string | undefined {
    const verbose = this.#options.verbose ?? 0;
    const quietKind =
      event.kind === "unchanged" || event.kind === "skip" || event.kind === "ignored";
    if (event.kind === "failed" || verbose < (quietKind ? 2 : 1)) return undefined;
    const size = event.kind === "copy" ? ` (${formatSize(event.source?.size ?? 0)})` : "";
    return `${WORDS[event.kind]} ${printable(shownPath(this.#options, event.path))}${size}`;
  }
}

const WORDS: Readonly<Record<Exclude<SyncEvent["kind"], "failed">, string>> = {
  copy: "copied",
  attributes: "attributes set",
  mkdir: "directory",
  link: "link",
  unchanged: "unchanged",
  skip: "skipped",
  remove: "removed",
  "remove-source": "source removed",
  withheld: "not removed",
  ignored: "left out",
};

/** An event as one line of JSON; what is not known is left out. */
function eventJson(event: SyncEvent, path: string): object {
  const { kind, reason, bytes, strategy, error, source, destination } = event;
  return {
    kind,
    path,
    reason,
    bytes,
    size: (source ?? destination)?.size,
    strategy,
    error: error && errorJson(error),
  };
}
