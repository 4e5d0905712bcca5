/** The lists of paths that `check` writes to files, as rclone does. */
import { printable } from "@omnisync/storage";
import type { CheckEvent } from "@omnisync/sync";
import type { Command } from "commander";
import type { Session } from "../session.ts";
import { PathFile } from "./path-file.ts";

export interface ListFlags {
  readonly combined?: string;
  readonly match?: string;
  readonly differ?: string;
  readonly missingOnDst?: string;
  readonly missingOnSrc?: string;
  readonly error?: string;
}

export function addListFlags(command: Command): Command {
  return command
    .optionsGroup("Lists of paths, one a line, - for stdout:")
    .option(
      "--combined <file>",
      "All: = same, * different, + only in source, - only in destination, ! error",
    )
    .option("--match <file>", "What is the same")
    .option("--differ <file>", "What both have and is different")
    .option("--missing-on-dst <file>", "What only the source has")
    .option("--missing-on-src <file>", "What only the destination has")
    .option("--error <file>", "What could not be compared");
}

const LISTS: Readonly<Record<CheckEvent["kind"], readonly [flag: keyof ListFlags, mark: string]>> =
  {
    match: ["match", "="],
    differ: ["differ", "*"],
    "source-only": ["missingOnDst", "+"],
    "destination-only": ["missingOnSrc", "-"],
    error: ["error", "!"],
  };

export class CheckLists {
  /** Whether one of them goes to stdout, which then has nothing else. */
  readonly takesStdout: boolean;
  readonly #files: Map<string, PathFile> = new Map();
  readonly #flags: ListFlags;

  /** Opens the files; those that are there are emptied. @throws UsageError if one cannot be written. */
  constructor(session: Session, flags: ListFlags) {
    this.#flags = flags;
    const flagNames = ["combined", ...Object.values(LISTS).map(([flag]) => flag)] as const;
    for (const flag of flagNames) {
      const path = flags[flag];
      if (path !== undefined && !this.#files.has(path))
        this.#files.set(path, new PathFile(session, `--${kebab(flag)}`, path));
    }
    this.takesStdout = this.#files.has("-");
  }

  add(kind: CheckEvent["kind"], path: string): void {
    if (this.#files.size === 0) return;
    const [flag, mark] = LISTS[kind];
    const shown = printable(path);
    this.#file(this.#flags[flag])?.line(shown);
    this.#file(this.#flags.combined)?.line(`${mark} ${shown}`);
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
  }

  #file(path: string | undefined): PathFile | undefined {
    return path === undefined ? undefined : this.#files.get(path);
  }
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
