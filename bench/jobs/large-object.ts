import { startRadosgw } from "@omnisync/testkit/servers";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeBucket } from "../bucket.ts";
import { type Job, type Row, compete, freshFolder, ratio, rowOf } from "../job.ts";
import { awsCli, omnisync, rclone, rclonePath } from "../peers.ts";
import { makeFile } from "../trees.ts";

const SIZE = 2 * 1024 * 1024 * 1024;
const FAST = ["--s3-disable-checksum", "--s3-chunk-size", "16M", "--s3-upload-concurrency", "4"];

export const largeObject: Job = {
  name: "large-object",
  title: "upload, then download, one object of 2 GiB (Ceph RGW)",
  mark: "wall ≤ rclone's best setting, both ways; peak ≤ 200 MB",
  async run({ scratch, runs }) {
    const file = join(scratch, "large.bin");
    if (!existsSync(file)) makeFile(file, SIZE);
    const server = await startRadosgw({ storeBytes: 12 * 1024 ** 3 });
    try {
      await makeBucket(server, "bench");
      const cache = freshFolder(scratch, "cache-large");
      const remote = rclonePath(server, "bench/rclone.bin");
      const up = await compete(
        [
          {
            name: "omnisync up",
            command: () =>
              omnisync(
                ["copy", file, "s3://bench/omnisync.bin", "--checksum", "-q"],
                server,
                cache,
              ),
            prepare: () => removeObject(server, "omnisync.bin", cache),
          },
          { name: "rclone up", command: () => rclone(["copyto", "--ignore-times", file, remote]) },
          {
            name: "rclone up, 4 × 16 MiB, no MD5",
            command: () => rclone(["copyto", "--ignore-times", ...FAST, file, remote]),
          },
          {
            name: "aws s3 cp up",
            runs: 1,
            command: () =>
              awsCli(["s3", "cp", "--only-show-errors", file, "s3://bench/aws.bin"], server),
          },
        ],
        runs,
        file,
      );
      const target = freshFolder(scratch, "down");
      const clear = (name: string) => (): void => rmSync(join(target, name), { force: true });
      const down = await compete(
        [
          {
            name: "omnisync down",
            prepare: clear("o"),
            command: () =>
              omnisync(["copy", "s3://bench/omnisync.bin", join(target, "o"), "-q"], server, cache),
          },
          {
            name: "rclone down",
            prepare: clear("r"),
            command: () => rclone(["copyto", remote, join(target, "r")]),
          },
          {
            name: "rclone down, 4 streams",
            prepare: clear("r"),
            command: () =>
              rclone(["copyto", "--multi-thread-streams", "4", remote, join(target, "r")]),
          },
          {
            name: "aws s3 cp down",
            runs: 1,
            prepare: clear("a"),
            command: () =>
              awsCli(
                ["s3", "cp", "--only-show-errors", "s3://bench/aws.bin", join(target, "a")],
                server,
              ),
          },
        ],
        runs,
      );
      const [u, d] = [rowOf(up, "omnisync up"), rowOf(down, "omnisync down")];
      const [ru, rd] = [fastest(up, "rclone"), fastest(down, "rclone")];
      const peak = Math.max(u.memory, d.memory);
      return {
        rows: [...up, ...down],
        reached: `up ${ratio(u.wall, ru)}, down ${ratio(d.wall, rd)} rclone's best; peak ${peak.toFixed(0)} MiB`,
        met: u.wall <= ru && d.wall <= rd && peak <= 200e6 / 1024 ** 2,
      };
    } finally {
      await server.stop();
    }
  },
};

async function removeObject(
  server: Parameters<typeof rclonePath>[0],
  name: string,
  cache: string,
): Promise<void> {
  await compete(
    [
      {
        name: `clear ${name}`,
        command: () => ({
          ...omnisync(["rm", `s3://bench/${name}`], server, cache),
          accept: [0, 3],
        }),
      },
    ],
    1,
  );
}

function fastest(rows: readonly Row[], prefix: string): number {
  return Math.min(...rows.filter((row) => row.name.startsWith(prefix)).map((row) => row.wall));
}
