import { startRadosgw } from "@omnisync/testkit/servers";
import { makeBucket } from "../bucket.ts";
import { type Job, compete, freshFolder, ratio, rowOf } from "../job.ts";
import { omnisync, rclone, rclonePath } from "../peers.ts";
import { makeTree } from "../trees.ts";

export const startUp: Job = {
  name: "start-up",
  title: "`version`, and `ls` of a prefix of 10 objects (Ceph RGW)",
  mark: "both ≤ rclone's",
  async run({ scratch, runs }) {
    const server = await startRadosgw();
    try {
      await makeBucket(server, "bench");
      const source = makeTree(freshFolder(scratch, "source-10"), 10, 10);
      const cache = freshFolder(scratch, "cache-start");
      await compete(
        [
          {
            name: "fill",
            command: () =>
              omnisync(["copy", `${source}/d00000/`, "s3://bench/ten/", "-q"], server, cache),
          },
        ],
        1,
      );
      const rows = await compete(
        [
          { name: "omnisync version", command: () => omnisync(["version"], server, cache) },
          { name: "rclone version", command: () => rclone(["version"]) },
          {
            name: "omnisync ls",
            command: () => omnisync(["ls", "s3://bench/ten/"], server, cache),
          },
          { name: "rclone lsf", command: () => rclone(["lsf", rclonePath(server, "bench/ten")]) },
        ],
        Math.max(runs, 15),
      );
      const wall = (name: string): number => rowOf(rows, name).wall;
      return {
        rows,
        reached: `version ${ratio(wall("omnisync version"), wall("rclone version"))}, ls ${ratio(wall("omnisync ls"), wall("rclone lsf"))}`,
        met:
          wall("omnisync version") <= wall("rclone version") &&
          wall("omnisync ls") <= wall("rclone lsf"),
      };
    } finally {
      await server.stop();
    }
  },
};
