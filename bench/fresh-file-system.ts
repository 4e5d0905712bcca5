/**
 * A file system of its own for each run that creates many files: a new ext4 with a journal, as distributions set it up.
 * On one that was used before, the measure is that one's past: without a journal, as on some virtual machines, ext4
 * passes over every inode that was freed in the last minutes, one by one, and whoever creates files next pays for it.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MKFS = "/usr/sbin/mkfs.ext4";
/** Bytes; nothing is taken of what is not written to. */
const SIZE = 4 * 1024 ** 3;

export class FreshFileSystem {
  readonly folder: string;
  readonly #image: string;
  readonly #isOwn: boolean = process.getuid?.() === 0 && existsSync(MKFS);
  #mounted = false;

  /** The image lies in memory, so that no disk is measured. */
  constructor(scratch: string) {
    this.folder = join(scratch, "fresh");
    this.#image = join(
      existsSync("/dev/shm") ? "/dev/shm" : scratch,
      `omnisync-${process.pid}.img`,
    );
  }

  /** Where it could not be mounted (not root), a new folder has to do. */
  get kind(): string {
    return this.#isOwn ? "a new ext4 for each run" : "a folder of the disk at hand";
  }

  /** Empties it. */
  renew(): void {
    this.close();
    mkdirSync(this.folder);
    if (!this.#isOwn) return;
    writeFileSync(this.#image, "");
    truncateSync(this.#image, SIZE);
    execFileSync(MKFS, ["-q", "-F", "-N", "200000", this.#image]);
    execFileSync("mount", ["-o", "loop", this.#image, this.folder]);
    this.#mounted = true;
  }

  close(): void {
    if (this.#mounted) execFileSync("umount", [this.folder]);
    this.#mounted = false;
    rmSync(this.#image, { force: true });
    rmSync(this.folder, { recursive: true, force: true });
  }
}
