/** What a transfer tells of each path: itemized, in words, or as JSON; errors always, on stderr. */
import { formatSize, printable } from "@omnisync/storage";
import type { Place, SyncEvent } from "@omnisync/sync";
import type { Session } from "../session.ts";
import { DeltaNotices } from "./delta-notices.ts";
import { errorJson, failureText } from "./error-text.ts";
import { type ItemizeContext, itemizeLine } from "./itemize.ts";
import { lineFacts } from "./rsync/line-facts.ts";
import { formatLine } from "./rsync/line-format.ts";
import type { LogFile } from "./rsync/log-file.ts";
import { shownPath } from "./shown-path.ts";

export interface PrintOptions extends ItemizeContext {
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly verbose?: number | undefined;
  readonly itemizeChanges?: number | undefined;
  /** rsync's `%` escapes, for a line per change instead of words. */
  readonly outFormat?: string | undefined;
  readonly logFileFormat?: string | undefined;
  /** 0: sizes in bytes. */
  readonly humanReadable?: number | undefined;
  readonly sourceText?: string | undefined;
  /** Where content goes: what it can is told of, where that is the reason for something. */
  readonly destination?: Place | undefined;
}

export class EventPrinter {
  readonly #session: Session;
  readonly #options: PrintOptions;
  readonly #log: LogFile | undefined;
  readonly #notices: DeltaNotices;

  constructor(session: Session, options: PrintOptions, log?: LogFile) {
    this.#session = session;
    this.#options = options;
    this.#log = log;
    this.#notices = new DeltaNotices(options.destination?.driver);
  }

  /** Prints what the options want to know of an event. Never throws. */
  print(event: SyncEvent): void {
    const { json, quiet, itemizeChanges, outFormat } = this.#options;
    if (json && !quiet)
      this.#session.out.json(eventJson(event, shownPath(this.#options, event.path)));
    if (event.kind === "failed" || event.kind === "upload-left") {
      const text = failureText(shownPath(this.#options, event.path), event.error);
      this.#session.complain(text);
      this.#log?.line(text);
    } else if (event.kind === "ignored" && event.source?.kind === "other" && !quiet) {
      this.#session.complain(
        `${printable(shownPath(this.#options, event.path))}: left out: not a file, directory or link`,
      );
    }
    if (event.kind === "kept" && !quiet) this.#session.complain(this.#kept(event));
    for (const notice of this.#notices.of(event, shownPath(this.#options, event.path))) {
      if (!quiet) this.#session.complain(notice);
      this.#log?.line(notice);
    }
    const line = (outFormat ?? itemizeChanges) ? this.#itemized(event) : this.#inWords(event);
    if (line !== undefined) this.#session.out.line(line);
    if (this.#log !== undefined && event.kind !== "unchanged") this.#toLog(this.#log, event);
  }

  #kept({ path, source, bytes }: SyncEvent): string {
    const of = source === undefined ? "" : ` of ${formatSize(source.size)}`;
    return `${printable(shownPath(this.#options, path))}: ${formatSize(bytes)}${of} kept: run again to go on, or clear it away with: omnisync resume clean --all`;
  }

  #toLog(log: LogFile, event: SyncEvent): void {
    const line = this.#formatted(event, this.#options.logFileFormat ?? "%i %n%L");
    if (line !== undefined) log.line(line);
  }

  #itemized(event: SyncEvent): string | undefined {
    const { verbose = 0, itemizeChanges = 0, outFormat } = this.#options;
    if (event.kind === "unchanged" && verbose < 2 && itemizeChanges < 2) return undefined;
    return outFormat === undefined
      ? itemizeLine(event, this.#options)
      : this.#formatted(event, outFormat);
  }

  /** A line for what rsync prints one for. */
  #formatted(event: SyncEvent, format: string): string | undefined {
    const facts = lineFacts(event, this.#options, this.#options.sourceText ?? "");
    return facts.itemized === "" ? undefined : formatLine(format, facts);
  }

  #inWords(event: SyncEvent): string | undefined {
    const verbose = this.#options.verbose ?? 0;
    const quietKind =
      event.kind === "unchanged" || event.kind === "skip" || event.kind === "ignored";
    if (event.kind === "failed" || event.kind === "upload-left" || event.kind === "kept")
      return undefined;
    if (verbose < (quietKind ? 2 : 1)) return undefined;
    const bytes = event.source?.size ?? 0;
    const shown = this.#options.humanReadable === 0 ? `${bytes} bytes` : formatSize(bytes);
    const saved = event.matched ? `, ${formatSize(event.matched)} of it was there` : "";
    const size = event.kind === "copy" ? ` (${shown}${saved})` : "";
    return `${WORDS[event.kind]} ${printable(shownPath(this.#options, event.path))}${size}`;
  }
}

const WORDS: Readonly<
  Record<Exclude<SyncEvent["kind"], "failed" | "upload-left" | "kept">, string>
> = {
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
  const { kind, reason, bytes, resumed, matched, delta, strategy, source, destination } = event;
  const { error, signatureError } = event;
  return {
    kind,
    path,
    reason,
    bytes,
    resumed: resumed || undefined,
    matched: matched || undefined,
    delta,
    size: (source ?? destination)?.size,
    strategy,
    signatureError: signatureError && errorJson(signatureError),
    error: error && errorJson(error),
  };
}
