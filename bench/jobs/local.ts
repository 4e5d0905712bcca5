import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Job, compete, freshFolder, ratio, rowOf } from "../job.ts";
import { omnisync, rclone, rsync } from "../peers.ts";
import { makeTree } from "../trees.ts";

const FILES = 50_000;

export const localCopy: Job = {
  name: "local-copy",
  title: "copy 50,000 small files (0–16 KiB) local to local",
  mark: "wall ≤ rsync's",
  async run({ scratch, runs }) {
    const source = localTree(scratch);
    // A folder of its own for each run, and none removed before the last: ext4 looks long for an inode
    // among many that were freed just now, and whoever comes first after a removal pays for it.
    const target = (name: string, run: number): string => join(scratch, `copy-${name}-${run}`);
    const rows = await compete(
      [
        {
          name: "omnisync",
          command: (run) => omnisync(["sync", `${source}/`, `${target("omnisync", run)}/`, "-q"]),
        },
        {
          name: "rsync -a",
          command: (run) => rsync(["-a", `${source}/`, `${target("rsync", run)}/`]),
        },
        {
          name: "rclone --transfers 8",
          command: (run) => rclone(["copy", "--transfers", "8", source, target("rclone", run)]),
        },
      ],
      runs,
    );
    const [ours, theirs] = [rowOf(rows, "omnisync"), rowOf(rows, "rsync -a")];
    return {
      rows,
      reached: `${ratio(ours.wall, theirs.wall)} rsync's wall`,
      met: ours.wall <= theirs.wall,
    };
  },
};

export const localAgain: Job = {
  name: "local-again",
  title: "second run over the same 50,000 files, nothing changed",
  mark: "wall ≤ 1.2 × rsync's",
  async run({ scratch, runs }) {
    const source = localTree(scratch);
    const target = freshFolder(scratch, "again");
    await compete([{ name: "fill", command: () => rsync(["-a", `${source}/`, `${target}/`]) }], 1);
    const rows = await compete(
      [
        { name: "omnisync", command: () => omnisync(["sync", `${source}/`, `${target}/`, "-q"]) },
        { name: "rsync -a", command: () => rsync(["-a", `${source}/`, `${target}/`]) },
        { name: "rclone", command: () => rclone(["copy", source, target]) },
      ],
      runs,
    );
    const [ours, theirs] = [rowOf(rows, "omnisync"), rowOf(rows, "rsync -a")];
    return {
      rows,
      reached: `${ratio(ours.wall, theirs.wall)} rsync's wall`,
      met: ours.wall <= 1.2 * theirs.wall,
    };
  },
};

function localTree(scratch: string): string {
  const source = join(scratch, "source-50k");
  return existsSync(source) ? source : makeTree(source, FILES, (i) => (i * 7919) % 16_385);
}
