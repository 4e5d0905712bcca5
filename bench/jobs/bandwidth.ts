import { startRadosgw } from "@omnisync/testkit/servers";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { makeBucket } from "../bucket.ts";
import { type Job, type Row, compete, freshFolder, rowOf } from "../job.ts";
import { omnisync, rclone, rclonePath } from "../peers.ts";
import { makeFile } from "../trees.ts";

const KiB = 1024;
const MiB = KiB * KiB;

/** Bytes per second, and how much is sent at each: some seconds' worth. */
const RATES = [
  { flag: "10K", rate: 10 * KiB, size: 150 * KiB },
  { flag: "1M", rate: MiB, size: 12 * MiB },
  { flag: "100M", rate: 100 * MiB, size: 1024 * MiB },
] as const;
/** How far off a rate may be. */
const TOLERANCE = 0.05;

export const bandwidth: Job = {
  name: "bandwidth",
  title: "one file at --bwlimit 10K, 1M, 100M, up and down (Ceph RGW)",
  mark: "each within 5 % of the rate, from start to end of the program",
  async run({ scratch, runs }) {
    const server = await startRadosgw({ storeBytes: 8 * 1024 ** 3 });
    try {
      await makeBucket(server, "bench");
      const cache = freshFolder(scratch, "cache-bandwidth");
      const target = freshFolder(scratch, "bandwidth-down");
      const rows: Row[] = [];
      const off: { readonly name: string; readonly by: number }[] = [];
      for (const { flag, rate, size } of RATES) {
        const file = join(scratch, `bandwidth-${flag}.bin`);
        makeFile(file, size);
        const remote = (name: string): string => `s3://bench/${name}`;
        const found = await compete(
          [
            {
              name: `omnisync up ${flag}`,
              command: (run) =>
                omnisync(
                  ["copy", file, remote(`o-${flag}-${run}`), "--bwlimit", flag, "-q"],
                  server,
                  cache,
                ),
            },
            {
              name: `rclone up ${flag}`,
              command: (run) =>
                rclone([
                  "copyto",
                  "--bwlimit",
                  flag,
                  file,
                  rclonePath(server, `bench/r-${flag}-${run}`),
                ]),
            },
            {
              name: `omnisync down ${flag}`,
              prepare: () => rmSync(join(target, "o"), { force: true }),
              command: (run) =>
                omnisync(
                  ["copy", remote(`o-${flag}-${run}`), join(target, "o"), "--bwlimit", flag, "-q"],
                  server,
                  cache,
                ),
            },
            {
              name: `rclone down ${flag}`,
              prepare: () => rmSync(join(target, "r"), { force: true }),
              command: (run) =>
                rclone([
                  "copyto",
                  "--bwlimit",
                  flag,
                  rclonePath(server, `bench/r-${flag}-${run}`),
                  join(target, "r"),
                ]),
            },
          ],
          runs,
        );
        rows.push(...found);
        for (const name of [`omnisync up ${flag}`, `omnisync down ${flag}`]) {
          off.push({ name, by: size / rowOf(found, name).wall / rate - 1 });
        }
        rmSync(file);
      }
      return {
        rows,
        reached: off
          .map(({ name, by }) => `${name.slice("omnisync ".length)} ${(by * 100).toFixed(1)} %`)
          .join(", "),
        met: off.every(({ by }) => Math.abs(by) <= TOLERANCE),
      };
    } finally {
      await server.stop();
    }
  },
};
