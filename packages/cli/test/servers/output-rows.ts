/** What is compared with rsync's words: flags that say what is printed, and not what is done. */
import { mixed } from "./compat-rows.ts";
import { OLD, type Scene } from "./compat-scenario.ts";

export interface OutputRow {
  /** Unique, also among the rows of `compat-rows.ts`. */
  readonly name: string;
  readonly options: readonly string[];
  readonly argv: readonly string[];
  readonly scene?: (scene: Scene) => void;
  /** A file that the run writes, compared instead of stdout. */
  readonly file?: string;
  /** Lines that are left out on both sides. */
  readonly without?: RegExp;
}

function plain(scene: Scene): void {
  mixed(scene);
  scene.file("src/tab\there", "1").fifo("src/pipe");
}

export function small(scene: Scene): void {
  scene
    .file("src/a", "a".repeat(1500))
    .file("src/b", "b", { time: OLD + 50 })
    .file("src/sub/c", "ccc")
    .link("src/l", "a")
    .directory("src/e")
    .directory("dst");
}

const TREE = ["-rlpt", "src/", "dst"];

export const OUTPUT_ROWS: readonly OutputRow[] = [
  { name: "output: nothing", options: [], argv: [...TREE] },
  { name: "output: -v", options: ["verbose"], argv: ["-v", ...TREE], scene: plain },
  {
    name: "output: -v into a new directory",
    options: ["verbose"],
    argv: ["-v", "-rlt", "src/", "fresh"],
  },
  {
    name: "output: -v of a directory itself",
    options: ["verbose"],
    argv: ["-v", "-rlt", "src", "dst"],
  },
  {
    name: "output: -v --delete",
    options: ["verbose", "delete"],
    argv: ["-v", "--delete", "-rlt", "src/", "dst"],
    scene: plain,
  },
  {
    name: "output: -vi",
    options: ["verbose", "itemize-changes"],
    argv: ["-vi", ...TREE],
    scene: plain,
  },
  {
    name: "output: -i --delete",
    options: ["itemize-changes"],
    argv: ["-i", "--delete", ...TREE],
    scene: plain,
  },
  { name: "output: -ii", options: ["itemize-changes"], argv: ["-ii", ...TREE], scene: plain },
  { name: "output: -q", options: ["quiet"], argv: ["-q", "-i", "--stats", ...TREE], scene: plain },
  { name: "output: --no-v", options: ["verbose"], argv: ["-v", "--no-v", ...TREE], scene: plain },
  {
    name: "output: -u of newer files",
    options: ["update"],
    argv: ["-u", "--info=skip,name0", ...TREE],
    scene: plain,
  },
  {
    name: "output: --existing --info=skip",
    options: ["info"],
    argv: ["--existing", "--info=skip", "-rlt", "src/", "dst"],
    scene: mixed,
  },
  { name: "output: --info=name2", options: ["info"], argv: ["--info=name2", ...TREE] },
  {
    name: "output: --info=nonreg0",
    options: ["info"],
    argv: ["--info=nonreg0", ...TREE],
    scene: plain,
  },
  {
    name: "output: --info=del,remove",
    options: ["info"],
    argv: ["--info=del,remove", "--remove-source-files", ...TREE],
    scene: plain,
  },
  {
    name: "output: --out-format",
    options: ["out-format"],
    without: /\/\|/,
    argv: ["--out-format=%i|%n|%L|%l|%''l|%-8n|%12l|%o|%B|%M|%%|%h", ...TREE],
  },
  {
    name: "output: --out-format with --delete",
    options: ["out-format"],
    argv: ["--out-format=<%n>", "--delete", ...TREE],
    scene: plain,
  },
  { name: "output: --log-format", options: ["out-format"], argv: ["--log-format=%o %f", ...TREE] },
  { name: "output: --stats", options: ["stats"], argv: ["--stats", ...TREE] },
  {
    name: "output: --stats --no-h",
    options: ["stats", "human-readable"],
    argv: ["--stats", "--no-h", ...TREE],
  },
  {
    name: "output: --stats -h",
    options: ["stats", "human-readable"],
    argv: ["--stats", "-h", ...TREE],
  },
  {
    name: "output: --stats -hh",
    options: ["stats", "human-readable"],
    argv: ["--stats", "-hh", ...TREE],
  },
  {
    name: "output: --stats --delete",
    options: ["stats"],
    argv: ["--stats", "--delete", "-rlt", "src/", "dst"],
    scene: plain,
  },
  { name: "output: --stats --dry-run", options: ["stats"], argv: ["--stats", "-n", ...TREE] },
  { name: "output: --progress", options: ["progress"], argv: ["--progress", ...TREE] },
  { name: "output: -P", options: ["P", "progress", "partial"], argv: ["-P", ...TREE] },
  {
    name: "output: --log-file",
    options: ["log-file"],
    argv: ["--log-file=log", ...TREE],
    file: "log",
  },
  {
    name: "output: --log-file-format",
    options: ["log-file-format"],
    argv: ["--log-file=log", "--log-file-format=%o:%n", ...TREE],
    file: "log",
  },
  {
    name: "output: --list-only",
    options: ["list-only"],
    argv: ["--list-only", "-r", "src/"],
    without: /^d/,
  },
  {
    name: "output: --list-only of a directory itself",
    options: ["list-only"],
    argv: ["-rl", "src"],
    without: /^d/,
  },
  {
    name: "output: --list-only -h",
    options: ["list-only", "human-readable"],
    argv: ["--list-only", "-h", "src/"],
    without: /^d/,
  },
  { name: "output: skipped directories", options: ["recursive"], argv: ["src", "dst"] },
  { name: "output: -d", options: ["dirs"], argv: ["-dv", "src/", "dst"] },
  {
    name: "output: --8-bit-output",
    options: ["8-bit-output"],
    argv: ["-8", "-v", ...TREE],
    scene: (scene) => scene.file("src/ü\u0001x", "1").directory("dst"),
  },
  {
    name: "output: names are escaped",
    options: ["8-bit-output"],
    argv: ["-v", ...TREE],
    scene: (scene) => scene.file("src/ü\u0001x\\#123", "1").directory("dst"),
  },
  { name: "output: --debug", options: ["debug"], argv: ["--debug=none", "-i", ...TREE] },
];
