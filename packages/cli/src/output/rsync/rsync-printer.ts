/** What `omnisync rsync` prints of each path, in rsync's words. */
import { isWithin } from "@omnisync/storage";
import type { Place, SyncEvent } from "@omnisync/sync";
import type { Session } from "../../session.ts";
import { type ItemizeContext, isDirectory, isFoundElsewhere, isLate } from "../itemize.ts";
import { DeltaNotices } from "../delta-notices.ts";
import { shownPath } from "../shown-path.ts";
import { eventError } from "./event-error.ts";
import { lineFacts, longName } from "./line-facts.ts";
import { type LineFacts, formatLine, hasEscape } from "./line-format.ts";
import type { LogFile } from "./log-file.ts";
import { shownName } from "./numbers.ts";
import type { InfoLevels } from "./output-levels.ts";
import { type RsyncCounts, countEvent } from "./rsync-counts.ts";

export interface RsyncPrintOptions extends ItemizeContext {
  readonly info: InfoLevels;
  readonly quiet: boolean;
  readonly dryRun: boolean;
  /** How often `-i` was given; 0 also for an `--out-format`. */
  readonly itemize: number;
  readonly outFormat: string | undefined;
  readonly logFormat: string;
  /** The source as the user gave it, before the paths of `%f`. */
  readonly sourceText: string;
  readonly destination: Place;
}

export class RsyncPrinter {
  readonly counts: RsyncCounts;
  readonly #session: Session;
  readonly #options: RsyncPrintOptions;
  readonly #log: LogFile | undefined;
  readonly #notices: DeltaNotices;
  #notCreated: string | undefined;

  constructor(
    session: Session,
    options: RsyncPrintOptions,
    counts: RsyncCounts,
    log: LogFile | undefined,
  ) {
    this.#session = session;
    this.#options = options;
    this.counts = counts;
    this.#log = log;
    this.#notices = new DeltaNotices(options.destination.driver);
  }

  print(event: SyncEvent): void {
    countEvent(this.counts, event, this.#options);
    for (const notice of this.#notices.of(event, shownPath(this.#options, event.path))) {
      if (!this.#options.quiet) this.error(`rsync: ${notice}`);
    }
    switch (event.kind) {
      case "failed":
      case "upload-left":
        return this.#failed(event);
      case "ignored":
        return this.#ignored(event);
      case "skip":
        return this.#skipped(event);
      case "remove":
        return this.#removed(event);
      case "remove-source":
        if (this.#options.info.REMOVE > 0) this.message(`sender removed ${this.#name(event)}`);
        return;
      case "withheld":
      case "kept":
        return;
      case "copy":
      case "attributes":
      case "mkdir":
      case "link":
      case "unchanged":
        return this.#item(event);
    }
  }

  /** A line for people, on stdout and in the log. */
  message(text: string): void {
    if (!this.#options.quiet) this.#session.out.line(text);
    this.#log?.line(text);
  }

  /** A line about something that went wrong. */
  error(text: string): void {
    this.#session.note(text);
    this.#log?.line(text);
  }

  #failed(event: SyncEvent): void {
    const { text, code } = eventError(event, shownName(longName(event, this.#options.sourceText)));
    if (code === "vanished") this.counts.vanished++;
    else this.counts.errors++;
    this.error(text);
  }

  #ignored(event: SyncEvent): void {
    if (this.#options.info.NONREG > 0) {
      this.message(`skipping non-regular file "${this.#name(event)}"`);
    }
  }

  #skipped(event: SyncEvent): void {
    const { SKIP } = this.#options.info;
    if (SKIP === 0) return;
    const name = this.#name(event);
    // Nothing in a directory that is not created can be: that needs no line for each.
    if (event.reason === "not-existing") {
      if (this.#notCreated !== undefined && isWithin(this.#notCreated, event.path)) return;
      if (isDirectory(event)) this.#notCreated = event.path;
    }
    if (event.reason === "newer-at-destination") this.message(`${name} is newer`);
    else if (event.reason === "exists") this.message(`${name} exists`);
    else if (event.reason === "not-existing") {
      this.message(`not creating new ${isDirectory(event) ? "directory" : "file"} "${name}"`);
    }
  }

  #removed(event: SyncEvent): void {
    // What made room for another kind of entry is told of with that.
    if (event.reason === "type") return;
    const { info, outFormat, logFormat } = this.#options;
    const facts = this.#facts(event);
    if (info.DEL > 0 || outFormat !== undefined) this.#out(deletingFormat(outFormat), facts);
    this.#log?.line(formatLine(deletingFormat(logFormat), facts));
  }

  #item(event: SyncEvent): void {
    if (event.backup !== undefined && this.#options.info.BACKUP > 0) {
      this.message(`backed up ${this.#name(event)} to ${shownName(event.backup)}`);
    }
    const { info, itemize, outFormat, logFormat } = this.#options;
    // Of most files of most runs there is nothing to say: that must cost nothing.
    const unseen = outFormat === undefined && this.#log === undefined && info.NAME < 2;
    // Of the attributes of a directory was told when it was listed, in rsync's order.
    if (unseen || isLate(event)) return;
    if (isUnchangedFile(event) && info.NAME < 2 && itemize < 2) return;
    const facts = this.#facts(event);
    const onlyAttributes =
      event.kind === "unchanged" || event.kind === "attributes" || isFoundElsewhere(event);
    const changes = !onlyAttributes || facts.itemized.slice(2).trim() !== "";
    const showsWhat = outFormat !== undefined && showsKind(outFormat);
    // A name alone says that a file was sent; of a directory, that something was done to it.
    if (changes && (!onlyAttributes || showsWhat || isDirectory(event))) {
      if (outFormat !== undefined) this.#out(outFormat, facts);
    } else if (itemize > 1 || (info.NAME > 1 && itemize > 0)) this.#out(outFormat ?? "%n", facts);
    else if (info.NAME > 1 && event.path !== "") this.message(`${this.#name(event)} is uptodate`);
    if (changes) this.#log?.line(formatLine(logFormat, facts));
  }

  #out(format: string, facts: LineFacts): void {
    if (!this.#options.quiet) this.#session.out.line(formatLine(format, facts));
  }

  #name(event: SyncEvent): string {
    return shownName(shownPath(this.#options, event.path));
  }

  #facts(event: SyncEvent): LineFacts {
    return lineFacts(event, this.#options, this.#options.sourceText);
  }
}

function isUnchangedFile({ kind, source }: SyncEvent): boolean {
  return kind === "unchanged" && source?.kind === "file";
}

/** Deletions are told of in the format only if it can show that they are some. */
function deletingFormat(format: string | undefined): string {
  return format !== undefined && showsKind(format) ? format : "deleting %n";
}

function showsKind(format: string): boolean {
  return hasEscape(format, "i") || hasEscape(format, "o");
}
