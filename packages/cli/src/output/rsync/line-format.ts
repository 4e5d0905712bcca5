/** `--out-format` and `--log-file-format`: rsync's `%` escapes, see rsyncd.conf(5) under "log format". Pure. */
import { humanNumber, permissionText, shownName, timeString } from "./numbers.ts";

/** What there is to say of one path. */
export interface LineFacts {
  /** `%i`. */
  readonly itemized: string;
  /** `%n`, with a slash behind a directory. */
  readonly name: string;
  /** `%f`: the path from the source as it was given. */
  readonly longName: string;
  /** Behind ` -> ` of a link, or behind ` => ` of a hard link. */
  readonly linkTarget?: string | undefined;
  readonly hardLink?: string | undefined;
  readonly operation: "send" | "recv" | "del.";
  readonly size: number;
  readonly mode: number;
  /** Milliseconds. */
  readonly mtime: number;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Bytes that went over, and the hash of the whole where it is known. */
  readonly bytes: number;
  readonly checksum?: string | undefined;
  /** Milliseconds. */
  readonly now: number;
}

/** Whether a format has an escape: `%i`, also as `%-20i`. */
export function hasEscape(format: string, letter: string): boolean {
  return new RegExp(`%'*-?\\d*'*${letter}`).test(format);
}

/** One line without its end. Escapes that mean nothing here, such as a daemon's `%h`, stay as they are. */
export function formatLine(format: string, facts: LineFacts): string {
  return format.replace(
    /%('*)(-?)(\d*)('*)([a-zA-Z%])/g,
    (whole, before: string, minus: string, width: string, after: string, letter: string) => {
      const text = escapeText(letter, facts, before.length + after.length);
      if (text === undefined) return whole;
      return minus === "" ? text.padStart(Number(width)) : text.padEnd(Number(width));
    },
  );
}

function escapeText(letter: string, facts: LineFacts, readability: number): string | undefined {
  switch (letter) {
    case "i":
      return facts.itemized;
    case "n":
      return shownName(facts.name);
    case "f":
      return shownName(facts.longName);
    case "L":
      if (facts.hardLink !== undefined) return ` => ${shownName(facts.hardLink)}`;
      return facts.linkTarget === undefined ? "" : ` -> ${shownName(facts.linkTarget)}`;
    case "l":
      return humanNumber(facts.size, readability);
    case "b":
    case "c":
      return humanNumber(letter === "b" ? facts.bytes : 0, readability);
    case "o":
      return facts.operation;
    case "B":
      return permissionText(facts.mode);
    case "M":
      return timeString(facts.mtime).replaceAll(" ", "-");
    case "t":
      return timeString(facts.now);
    case "p":
      return String(process.pid);
    case "U":
      return String(facts.uid ?? 0);
    case "G":
      return facts.gid === undefined ? "DEFAULT" : String(facts.gid);
    case "C":
      return facts.checksum ?? " ".repeat(32);
    case "m":
      return "";
    case "%":
      return "%";
    default:
      return undefined;
  }
}
