import { type Filter, type GivenRule, loadFilter } from "@omnisync/sync";
import type { Job } from "../job.ts";

const PATHS = 200_000;
const RULES = 100;
/** Microseconds a path. */
const MARK = 1;

export const filters: Job = {
  name: "filters",
  title: "100 mixed filter rules against 200,000 paths, in the process",
  mark: "≤ 1 µs a path",
  async run({ runs }) {
    const paths = makePaths();
    const rows = [];
    for (const [name, rules] of [
      ["100 rules of rsync's", rsyncRules()],
      ["100 patterns of rclone's", rcloneRules()],
    ] as const) {
      const style = name.includes("rclone") ? "rclone" : "rsync";
      const filter = await loadFilter(rules, { style });
      decideAll(filter, paths);
      const rounds = Array.from({ length: Math.max(runs, 5) }, () => decideAll(filter, paths));
      const memory = process.memoryUsage().rss / 1024 ** 2;
      rows.push({ name, runs: rounds.length, ...middle(rounds), memory, stdout: "" });
    }
    // CPU time: what else the machine does is no matter.
    const costs = rows.map(({ cpu }) => (cpu * 1e6) / PATHS);
    return {
      rows,
      reached: costs.map((cost) => `${cost.toFixed(2)} µs`).join(" and "),
      met: costs.every((cost) => cost <= MARK),
    };
  },
};

interface Round {
  readonly wall: number;
  readonly cpu: number;
}

function middle(rounds: readonly Round[]): Round {
  return rounds.toSorted((a, b) => a.cpu - b.cpu)[Math.floor(rounds.length / 2)]!;
}

/** Seconds. Every path is asked for by itself, as in a listing, whose directories were asked for before. */
function decideAll(filter: Filter, paths: readonly string[]): Round {
  const started = performance.now();
  const before = process.cpuUsage();
  let included = 0;
  for (const path of paths) if (filter.decide(path, false)?.include !== false) included++;
  if (included === 0 || included === paths.length) throw new Error("the rules decide nothing");
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - started) / 1000, cpu: (user + system) / 1e6 };
}

const EXTENSIONS = ["ts", "js", "map", "o", "jpg", "txt", "log", "tmp", "py", "md", "json", "css"];

function makePaths(): readonly string[] {
  return Array.from({ length: PATHS }, (_, i) => {
    const directory = `src/module-${i % 97}/part-${i % 13}`;
    return `${directory}/${i % 11 === 0 ? "IMG_" : "file-"}${i}.${EXTENSIONS[i % EXTENSIONS.length]}`;
  });
}

/** As people have them: most are names and endings, some are paths, a few have `**` or classes. */
function shapes(i: number): string {
  const n = Math.floor(i / 10);
  switch (i % 10) {
    case 0:
    case 1:
    case 2:
      return `*.${["o", "tmp", "log"][i % 10]}${n === 0 ? "" : n}`;
    case 3:
    case 4:
      return `node_modules-${i}`;
    case 5:
      return `/src/module-${n}/part-3/*.map`;
    case 6:
      return `cache-${n}/**/*.js`;
    case 7:
      return `tmp-${n}*`;
    case 8:
      return `[A-Z]*_${n}[0-9].jpg`;
    default:
      return `build-${n}/`;
  }
}

function rsyncRules(): readonly GivenRule[] {
  return Array.from({ length: RULES }, (_, i) => ({
    kind: "filter" as const,
    text: `${i % 7 === 3 ? "+" : "-"} ${shapes(i)}`,
  }));
}

function rcloneRules(): readonly GivenRule[] {
  return Array.from({ length: RULES }, (_, i) => ({
    kind: "filter" as const,
    text: `- ${i % 10 === 8 ? `*.{x${i},y${i}}` : shapes(i)}`,
  }));
}
