/**
 * Transfers on record in a directory of the user's, one file each, which nobody else may read.
 *
 *     8c7dd922ad47494fc02c388e12c00eac-4be0c2f10f3a91c200a3f15e-9f2c41d7.transfer
 *     │                                │                        └ serial
 *     │                                └ the process that has it, or zeros: free to be taken
 *     └ source and destination, hashed
 *
 * Who has a transfer is in the name of its file, and taking it over is a rename, which one process alone
 * can do: of two that try, the other finds nothing. So there are no locks that could be left behind.
 * Two living processes that transfer the same have a record each.
 */
import { createHash, randomBytes } from "node:crypto";
import { constants, readdirSync } from "node:fs";
import { type FileHandle, mkdir, open, rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { OWNER_LENGTH, ownerMark, ownerState } from "@omnisync/storage";
import { type Journal, headerLine, parseJournal, progressLine } from "./journal.ts";
import type {
  KeptTransfer,
  OwnedTransfer,
  Progressed,
  ResumeStore,
  TransferRecord,
} from "./resume-store.ts";

const FREE = "0".repeat(OWNER_LENGTH);
/** How long a record of another machine or container is left alone after its last change, milliseconds. */
const UNKNOWN_OWNER_AGE = 3600 * 1000;
const KEY_LENGTH = 32;
const NAME = new RegExp(
  `^[0-9a-f]{${KEY_LENGTH}}-[0-9a-f]{${OWNER_LENGTH}}-[0-9a-f]{8}\\.transfer$`,
);
const ASIDE = /\.transfer\.(bad|new)$/;

export interface DirectoryResumeStoreOptions {
  /** Made when it is needed, readable by its owner only. */
  readonly directory: string;
  /** Written with each record: what opens the destination's store again, for whoever clears up. */
  readonly open?: TransferRecord["open"];
  /** Told of records that cannot be read or written: one sentence. The transfers go on without. */
  readonly onProblem?: ((message: string) => void) | undefined;
}

export class DirectoryResumeStore implements ResumeStore {
  readonly directory: string;
  readonly #open: TransferRecord["open"];
  readonly #onProblem: (message: string) => void;
  /** A directory that cannot be used is told of once, not once for each file. */
  readonly #told = new Set<string>();

  constructor({ directory, open: reopen, onProblem = () => {} }: DirectoryResumeStoreOptions) {
    this.directory = directory;
    this.#open = reopen;
    this.#onProblem = onProblem;
  }

  async takeAll(source: string, destination: string): Promise<readonly OwnedTransfer[]> {
    const key = keyOf(source, destination);
    const taken: OwnedTransfer[] = [];
    for (const name of this.#files(NAME)) {
      if (!name.startsWith(key)) continue;
      const one = await this.take(name);
      if (one?.record.source === source && one.record.destination === destination) taken.push(one);
      else await one?.release();
    }
    return taken;
  }

  async take(id: string): Promise<OwnedTransfer | undefined> {
    const found = await this.#look(id);
    if (found === undefined || found.busy) return undefined;
    const name = withOwner(id, ownerMark());
    try {
      await rename(join(this.directory, id), join(this.directory, name));
      return await this.#own(name, found.journal);
    } catch (error) {
      // Without ENOENT: another process was faster.
      if (!isSystemError(error, "ENOENT")) this.#cannot("be taken over", id, error);
      return undefined;
    }
  }

  async create(given: TransferRecord): Promise<OwnedTransfer | undefined> {
    const record = this.#open === undefined ? given : { ...given, open: this.#open };
    const serial = randomBytes(4).toString("hex");
    const name = `${keyOf(record.source, record.destination)}-${ownerMark()}-${serial}.transfer`;
    const path = join(this.directory, name);
    const header = headerLine(record);
    try {
      await mkdir(this.directory, { recursive: true, mode: 0o700 });
      await writeNew(`${path}.new`, header);
      await rename(`${path}.new`, path);
      return await this.#own(name, { record, progress: [], length: Buffer.byteLength(header) });
    } catch (error) {
      await unlink(`${path}.new`).catch(() => {});
      this.#cannot("be written", name, error);
      return undefined;
    }
  }

  async list(): Promise<readonly KeptTransfer[]> {
    const kept: KeptTransfer[] = [];
    for (const id of this.#files(NAME)) {
      const found = await this.#look(id);
      if (found === undefined) continue;
      const { journal, updatedAt, busy } = found;
      kept.push({ id, record: journal.record, progress: journal.progress, updatedAt, busy });
    }
    return kept.toSorted((a, b) => a.record.startedAt - b.record.startedAt);
  }

  /** Removes what was set aside, or lies half-written, and is older. @returns how many files. */
  async clearAside(olderThan: number): Promise<number> {
    let removed = 0;
    for (const name of this.#files(ASIDE)) {
      const path = join(this.directory, name);
      try {
        const { mtimeMs } = await stat(path);
        if (Date.now() - mtimeMs < olderThan) continue;
        await unlink(path);
        removed++;
      } catch (error) {
        if (!isSystemError(error, "ENOENT")) this.#cannot("be removed", name, error);
      }
    }
    return removed;
  }

  /** At once: most runs find nothing, and need no more of Node's file system than this. */
  #files(pattern: RegExp): readonly string[] {
    try {
      return readdirSync(this.directory).filter((name) => pattern.test(name));
    } catch (error) {
      if (!isSystemError(error, "ENOENT"))
        this.#onProblem(problem(this.directory, "be read", error));
      return [];
    }
  }

  /** A record as it is; one that cannot be used is set aside. */
  async #look(id: string): Promise<Found | undefined> {
    const path = join(this.directory, id);
    try {
      const { bytes, ours, updatedAt } = await readWhole(path);
      // A record decides what is adopted as one's own work: one that others could have written does not.
      if (!ours) throw new Error("somebody else may write to it");
      return { journal: parseJournal(bytes), updatedAt, busy: isBusy(id, updatedAt) };
    } catch (error) {
      if (isSystemError(error)) {
        if (error.code !== "ENOENT") this.#cannot("be read", id, error);
        return undefined;
      }
      await this.#setAside(path, error as Error);
      return undefined;
    }
  }

  async #setAside(path: string, error: Error): Promise<void> {
    try {
      await rename(path, `${path}.bad`);
      this.#onProblem(
        `the record of a transfer cannot be used: ${error.message}: it is set aside as ${path}.bad, and the transfer starts afresh`,
      );
    } catch (failure) {
      if (!isSystemError(failure, "ENOENT")) this.#cannot("be set aside", path, failure);
    }
  }

  async #own(name: string, journal: Journal): Promise<OwnedTransfer> {
    const path = join(this.directory, name);
    const handle = await open(path, constants.O_RDWR | constants.O_APPEND);
    // Half a line at the end would spoil the next one.
    await handle.truncate(journal.length);
    return new JournalFile(path, handle, journal, (error) => this.#cannot("go on", name, error));
  }

  #cannot(what: string, name: string, error: unknown): void {
    const code = `${what} ${(error as NodeJS.ErrnoException).code}`;
    if (this.#told.has(code)) return;
    this.#told.add(code);
    this.#onProblem(problem(join(this.directory, name), what, error));
  }
}

interface Found {
  readonly journal: Journal;
  readonly updatedAt: number;
  readonly busy: boolean;
}

class JournalFile implements OwnedTransfer {
  readonly record: TransferRecord;
  readonly #progress: Progressed[];
  readonly #path: string;
  readonly #onProblem: (error: unknown) => void;
  #handle: FileHandle | undefined;
  /** Lines are appended one after the other: two at once could mix, where the disk is full. */
  #last: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(
    path: string,
    handle: FileHandle,
    journal: Journal,
    onProblem: (error: unknown) => void,
  ) {
    this.#path = path;
    this.#handle = handle;
    this.record = journal.record;
    this.#progress = [...journal.progress];
    this.#onProblem = onProblem;
  }

  get progress(): readonly Progressed[] {
    return this.#progress;
  }

  add(progress: Progressed): Promise<void> {
    this.#last = this.#last.then(() => this.#append(progress));
    return this.#last;
  }

  async release(): Promise<void> {
    await this.#end(() => rename(this.#path, withOwner(this.#path, FREE)));
  }

  async remove(): Promise<void> {
    await this.#end(() => unlink(this.#path));
  }

  async #append(progress: Progressed): Promise<void> {
    if (this.#failed || this.#handle === undefined) return;
    try {
      await this.#handle.appendFile(progressLine(progress));
      await this.#handle.datasync();
      this.#progress.push(progress);
    } catch (error) {
      // Perhaps half a line: what came behind it could not be read.
      this.#failed = true;
      this.#onProblem(error);
    }
  }

  async #end(last: () => Promise<void>): Promise<void> {
    const handle = this.#handle;
    if (handle === undefined) return;
    this.#handle = undefined;
    await this.#last;
    try {
      await handle.close();
      await last();
    } catch (error) {
      // Gone: taken for a dead process's by another machine, or cleaned away.
      if (!isSystemError(error, "ENOENT")) this.#onProblem(error);
    }
  }
}

function isBusy(id: string, updatedAt: number): boolean {
  const owner = id.slice(KEY_LENGTH + 1, KEY_LENGTH + 1 + OWNER_LENGTH);
  if (owner === FREE) return false;
  const state = ownerState(owner);
  return state === "alive" || (state === "unknown" && Date.now() - updatedAt < UNKNOWN_OWNER_AGE);
}

/** The same file in somebody else's name. */
function withOwner(path: string, owner: string): string {
  return path.replace(/-[0-9a-f]+-([0-9a-f]{8}\.transfer)$/, `-${owner}-$1`);
}

/** A shorthand only: what counts is compared in full with what the record says. */
function keyOf(source: string, destination: string): string {
  const text = JSON.stringify([source, destination]);
  return createHash("sha256").update(text).digest("hex").slice(0, KEY_LENGTH);
}

async function writeNew(path: string, text: string): Promise<void> {
  const handle = await open(path, "wx", 0o600);
  try {
    await handle.writeFile(text);
  } finally {
    await handle.close();
  }
}

async function readWhole(
  path: string,
): Promise<{ readonly bytes: Uint8Array; readonly ours: boolean; readonly updatedAt: number }> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { mode, uid, mtimeMs } = await handle.stat();
    const ours = (mode & 0o022) === 0 && uid === (process.geteuid?.() ?? uid);
    return { bytes: await handle.readFile(), ours, updatedAt: mtimeMs };
  } finally {
    await handle.close();
  }
}

function problem(path: string, what: string, error: unknown): string {
  return `the record of a transfer in ${path} cannot ${what}: ${(error as Error).message}: what is cut short now starts afresh later`;
}

function isSystemError(
  error: unknown,
  ...codes: readonly string[]
): error is NodeJS.ErrnoException {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return false;
  return codes.length === 0 || codes.includes(code);
}
