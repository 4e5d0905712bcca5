import { startRadosgw } from "@omnisync/testkit/servers";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeBucket } from "../bucket.ts";
import { countingProxy } from "../counting-proxy.ts";
import { type Job, type Row, freshFolder } from "../job.ts";
import { type Command, measure } from "../measure.ts";
import { omnisync } from "../peers.ts";
import { makeFile } from "../trees.ts";

const MIB = 1024 * 1024;
const SIZE = 2048 * MIB;
const STREAMS = 4;
/** What is sent beside content: beginnings, completions, lists of parts. */
const AROUND = MIB;

interface Direction {
  readonly name: "up" | "down";
  readonly command: Command;
  /** Bytes of each part or range. */
  readonly piece: number;
  readonly moved: () => number;
}

export const resume: Job = {
  name: "resume",
  title:
    "one object of 2 GiB, killed (`kill -9`) at 50 % and run again (Ceph RGW behind a proxy that counts)",
  mark: "at most one part per stream goes twice",
  async run({ scratch }) {
    const file = join(scratch, "large.bin");
    if (!existsSync(file)) makeFile(file, SIZE);
    const server = await startRadosgw({ storeBytes: 8 * 1024 ** 3 });
    const proxy = await countingProxy(server.endpoint);
    try {
      await makeBucket(server, "bench");
      const cache = freshFolder(scratch, "cache-resume");
      const access = { ...server, endpoint: proxy.endpoint };
      const target = join(freshFolder(scratch, "down-resume"), "large.bin");
      const object = "s3://bench/large.bin";
      const command = (...args: string[]): Command =>
        omnisync(["copy", ...args, "-q"], access, cache);
      const up = { name: "up", command: command(file, object), piece: 8 * MIB } as const;
      const down = { name: "down", command: command(object, target), piece: 64 * MIB } as const;
      const results = [
        await killAndGoOn({ ...up, moved: () => proxy.sent }),
        await killAndGoOn({ ...down, moved: () => proxy.received }),
      ];
      return {
        rows: results.flatMap(({ rows }) => rows),
        reached: results.map(({ text }) => text).join("; "),
        met: results.every(({ met }) => met),
      };
    } finally {
      proxy.close();
      await server.stop();
    }
  },
};

async function killAndGoOn({ name, command, piece, moved }: Direction): Promise<{
  readonly rows: readonly Row[];
  readonly text: string;
  readonly met: boolean;
}> {
  const start = moved();
  const child = spawn(command.program, command.args, {
    env: { ...process.env, ...command.env },
    stdio: "ignore",
  });
  while (moved() - start < SIZE / 2) await sleep(1);
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  // What was on its way when it was killed still arrives.
  await sleep(500);
  const before = moved() - start;
  const second = await measure(command);
  const again = moved() - start - SIZE;
  const text = `${name}: ${(again / MIB).toFixed(1)} MiB twice of at most ${(STREAMS * piece) / MIB}`;
  return {
    rows: [
      {
        ...second,
        name: `omnisync ${name}, from ${Math.round((before / SIZE) * 100)} % on`,
        runs: 1,
      },
    ],
    text,
    met: again <= STREAMS * piece + AROUND,
  };
}
