import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { FreshFileSystem } from "../fresh-file-system.ts";
import { type Job, compete, freshFolder, ratio, rowOf } from "../job.ts";
import { omnisync, rclone, rsync } from "../peers.ts";
import { makeTree } from "../trees.ts";

const FILES = 50_000;

export const localCopy: Job = {
  name: "local-copy",
  title: "copy 50,000 small files (0–16 KiB) local to local",
  mark: "wall ≤ rsync's",
  async run({ scratch, runs }) {
    const tree = localTree(scratch);
    const disk = new FreshFileSystem(scratch);
    const [source, target] = [join(disk.folder, "source"), join(disk.folder, "target")];
    const prepare = (): void => {
      disk.renew();
      cpSync(tree, source, { recursive: true });
    };
    const commands = {
      omnisync: omnisync(["sync", `${source}/`, `${target}/`, "-q"]),
      "rsync -a": rsync(["-a", `${source}/`, `${target}/`]),
      "rclone --transfers 8": rclone(["copy", "--transfers", "8", source, target]),
    };
    const contestants = Object.entries(commands).map(([name, command]) => ({
      name,
      prepare,
      command: () => command,
    }));
    const rows = await compete(contestants, runs).finally(() => disk.close());
    const [ours, theirs] = [rowOf(rows, "omnisync"), rowOf(rows, "rsync -a")];
    return {
      rows,
      reached: `${ratio(ours.wall, theirs.wall)} rsync's wall (${disk.kind})`,
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
