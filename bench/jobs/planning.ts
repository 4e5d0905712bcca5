import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { type Job, compete, freshFolder, rowOf } from "../job.ts";
import { omnisync } from "../peers.ts";
import { makeTree } from "../trees.ts";

const FILES = 1_000_000;
const SECONDS = 15;
const MIB = 300;

export const planning: Job = {
  name: "planning",
  title:
    "plan 1,000,000 local files against a destination of 1,000,000 entries, and against an empty one",
  mark: `≤ ${SECONDS} s and ≤ ${MIB} MiB`,
  async run({ scratch, runs }) {
    const source = makeTree(join(scratch, "source-1m"), FILES, 8);
    const same = join(scratch, "same-1m");
    // Hard links have the same size and time, and cost no blocks.
    execFileSync("cp", ["-al", source, same]);
    const empty = freshFolder(scratch, "empty");
    const file = join(scratch, "1m.plan");
    const rows = await compete(
      [
        {
          name: "sync -n, nothing to do",
          command: () => omnisync(["sync", "-n", `${source}/`, `${same}/`]),
        },
        {
          name: "plan, nothing to do",
          command: () => omnisync(["plan", `${source}/`, `${same}/`, "-o", file]),
        },
        {
          name: "plan, empty destination",
          command: () => omnisync(["plan", `${source}/`, `${empty}/`, "-o", file]),
        },
      ],
      Math.min(runs, 3),
    );
    // The mark is about a destination as large as the source; the empty one shows what actions cost.
    const marked = ["sync -n, nothing to do", "plan, nothing to do"].map((name) =>
      rowOf(rows, name),
    );
    return {
      rows,
      reached: marked
        .map(({ wall, memory }) => `${wall.toFixed(1)} s and ${memory.toFixed(0)} MiB`)
        .join(", "),
      met: marked.every(({ wall, memory }) => wall <= SECONDS && memory <= MIB),
    };
  },
};
