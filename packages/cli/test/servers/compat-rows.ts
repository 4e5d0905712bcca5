/**
 * What is compared with rsync: for each flag a scene in which it makes a difference. The name of a row
 * stands in docs/rsync-compat.md beside the options that it proves.
 */
import { OLD, type Scene } from "./compat-scenario.ts";

export interface Row {
  /** Unique. */
  readonly name: string;
  /** Long names of the options that it proves, without dashes. */
  readonly options: readonly string[];
  /** The flags in question. */
  readonly flags: readonly string[];
  /** Flags of both runs, with and without those. Default `-rlt`. */
  readonly base?: readonly string[];
  readonly scene?: (scene: Scene) => void;
  /** Default `["src/", "dst"]`. */
  readonly operands?: readonly string[];
  /** The outcome without the flags is the same. Default false: then the scene proves nothing. */
  readonly noDifference?: boolean;
  /** Itemized lines are not compared, for this reason. */
  readonly itemsDiffer?: string;
}

/** Files, directories, links at both ends; some equal, changed, newer, missing, extra. */
export function mixed(scene: Scene): void {
  scene
    .file("src/same", "same")
    .file("dst/same", "same")
    .file("src/new", "new")
    .file("src/changed", "changed!")
    .file("dst/changed", "old")
    .file("src/touched", "touched", { time: OLD + 100 })
    .file("dst/touched", "touched")
    .file("src/older", "from source")
    .file("dst/older", "newer at dst", { time: OLD + 5000 })
    .file("src/run.sh", "#!/bin/sh", { mode: 0o755 })
    .file("dst/run.sh", "#!/bin/sh", { mode: 0o600 })
    .file("src/dir/inner.txt", "inner")
    .file("src/dir/deep/inner.o", "object")
    .directory("src/empty")
    .link("src/link", "same")
    .file("dst/extra", "extra")
    .file("dst/extras/one", "1")
    .file("dst/extras/two", "2");
}

function links(scene: Scene): void {
  scene
    .file("outside/file", "outside")
    .file("outside/dir/f", "outside too")
    .file("src/real", "real")
    .file("src/d/inner", "inner")
    .link("src/inside", "real")
    .link("src/to-dir", "d")
    .link("src/away", "../outside/file")
    .link("src/away-dir", "../outside/dir")
    .link("src/absolute", "/etc/hostname")
    .link("src/d/up", "../real")
    .directory("dst");
}

function filtered(scene: Scene): void {
  scene
    .file("src/a.txt", "a")
    .file("src/b.o", "b")
    .file("src/sub/c.txt", "c")
    .file("src/sub/d.o", "d")
    .file("src/sub/tmp/e.txt", "e")
    .file("src/core", "core")
    .file("src/.git/config", "git")
    .file("src/keep~", "backup")
    .file("src/.rsync-filter", "- *.o\n")
    .file("src/sub/.cvsignore", "c.txt\n")
    .file("dst/x.o", "x")
    .file("dst/y.txt", "y")
    .file("rules", "+ a.txt\n- *.txt\n# comment\n\n; another\n- core\n")
    .file("patterns", "*.o\ncore\n")
    .file("nul", "*.o\0core\0")
    .file("list", "a.txt\nsub/c.txt\n# no\nsub/tmp\n")
    .file("missing-list", "a.txt\nnowhere\n");
}

function deleting(scene: Scene): void {
  mixed(scene);
  scene.file("dst/dir/extra", "e").file("dst/keep.bak", "k").directory("dst/gone");
}

const DELETE_FLAGS = [
  "delete",
  "delete-before",
  "delete-during",
  "delete-delay",
  "delete-after",
] as const;

export const ROWS: readonly Row[] = [
  { name: "no flags at all", options: [], flags: [], base: [], scene: mixed, noDifference: true },
  { name: "recursive", options: ["recursive"], flags: ["-r"], base: [], scene: mixed },
  { name: "dirs", options: ["dirs"], flags: ["-d"], base: ["-t"], scene: mixed },
  {
    name: "dirs without a slash",
    options: ["dirs"],
    flags: ["-d"],
    base: [],
    scene: mixed,
    operands: ["src", "dst"],
  },
  { name: "old-dirs", options: ["old-dirs"], flags: ["--old-dirs"], base: ["-t"], scene: mixed },
  { name: "times", options: ["times"], flags: ["-t"], base: ["-rl"], scene: mixed },
  { name: "no-times", options: ["times"], flags: ["--no-t"], scene: mixed },
  { name: "perms", options: ["perms"], flags: ["-p"], scene: mixed },
  {
    name: "perms of directories",
    options: ["perms"],
    flags: ["-p"],
    scene: (scene) =>
      scene
        .file("src/a/f", "f")
        .file("dst/a/f", "f")
        .directory("dst/a", { mode: 0o700 })
        .file("src/b/new", "new")
        .directory("src/b", { mode: 0o750 })
        .directory("dst/b"),
  },
  { name: "executability", options: ["executability"], flags: ["-E"], scene: mixed },
  { name: "archive", options: ["archive"], flags: ["-a"], base: [], scene: mixed },
  {
    name: "archive without perms",
    options: ["archive", "no-OPTION"],
    flags: ["--no-p"],
    base: ["-a"],
    scene: mixed,
  },
  {
    name: "checksum",
    options: ["checksum"],
    flags: ["-c"],
    scene: (scene) => {
      mixed(scene);
      scene.file("src/sly", "abcd").file("dst/sly", "wxyz");
    },
  },
  { name: "size-only", options: ["size-only"], flags: ["--size-only"], scene: mixed },
  { name: "ignore-times", options: ["ignore-times"], flags: ["-I"], scene: mixed },
  { name: "update", options: ["update"], flags: ["-u"], scene: mixed },
  {
    name: "existing",
    options: ["existing", "ignore-non-existing"],
    flags: ["--existing"],
    scene: mixed,
  },
  {
    name: "ignore-non-existing",
    options: ["ignore-non-existing"],
    flags: ["--ignore-non-existing"],
    scene: mixed,
  },
  {
    name: "ignore-existing",
    options: ["ignore-existing"],
    flags: ["--ignore-existing"],
    scene: mixed,
  },
  {
    name: "modify-window",
    options: ["modify-window"],
    flags: ["--modify-window=200"],
    scene: mixed,
  },
  { name: "modify-window, short", options: ["modify-window"], flags: ["-@200"], scene: mixed },
  { name: "dry-run", options: ["dry-run"], flags: ["-n"], scene: mixed },
  { name: "omit-dir-times", options: ["omit-dir-times"], flags: ["-O"], scene: mixed },
  { name: "omit-link-times", options: ["omit-link-times"], flags: ["-J"], scene: mixed },
  { name: "links", options: ["links"], flags: ["-l"], base: ["-rt"], scene: links },
  { name: "copy-links", options: ["copy-links"], flags: ["-L"], scene: links },
  {
    name: "copy-unsafe-links",
    options: ["copy-unsafe-links"],
    flags: ["--copy-unsafe-links"],
    scene: links,
  },
  { name: "safe-links", options: ["safe-links"], flags: ["--safe-links"], scene: links },
  { name: "copy-dirlinks", options: ["copy-dirlinks"], flags: ["-k"], scene: links },
  {
    // Without times: rsync gives those of the directory to the link, omnisync to the directory behind it.
    name: "keep-dirlinks",
    options: ["keep-dirlinks"],
    flags: ["-K"],
    base: ["-rl"],
    scene: (scene) => scene.file("src/d/f", "f").directory("dst/real").link("dst/d", "real"),
  },
  {
    name: "hard-links",
    options: ["hard-links"],
    flags: ["-H"],
    scene: (scene) =>
      scene
        .file("src/a", "shared")
        .hardLink("src/b", "src/a")
        .hardLink("src/d/c", "src/a")
        .directory("dst"),
    itemsDiffer: "which of the names comes over first hangs on the order of the listing",
  },
  {
    name: "specials",
    options: ["specials"],
    flags: ["--specials"],
    scene: (scene) => scene.fifo("src/pipe").file("src/f", "f").directory("dst"),
  },
  {
    name: "D",
    options: ["D", "devices"],
    flags: ["-D"],
    scene: (scene) => scene.fifo("src/pipe").file("src/f", "f").directory("dst"),
  },
  {
    name: "chmod",
    options: ["chmod"],
    flags: ["--chmod=D750,F640"],
    base: ["-rlpt"],
    scene: mixed,
  },
  {
    name: "chmod with letters",
    options: ["chmod"],
    flags: ["--chmod=go-rwx,Fu+x"],
    base: ["-rlpt"],
    scene: mixed,
  },
  ...DELETE_FLAGS.map((name): Row => ({
    name,
    options: [name],
    flags: [`--${name}`],
    scene: deleting,
    ...(name === "delete-before"
      ? {
          itemsDiffer: "rsync tells of the time of the root that its own deletions changed",
        }
      : {}),
  })),
  { name: "del", options: ["del"], flags: ["--del"], scene: deleting },
  {
    name: "delete and an empty source",
    options: ["delete"],
    flags: ["--delete"],
    scene: (scene) => scene.directory("src").file("dst/f", "f"),
  },
  {
    name: "delete a directory itself",
    options: ["delete"],
    flags: ["--delete"],
    scene: deleting,
    operands: ["src", "dst"],
    noDifference: true,
  },
  {
    name: "delete-excluded",
    options: ["delete-excluded"],
    flags: ["--delete-excluded"],
    base: ["-rlt", "--exclude=*.o"],
    scene: filtered,
  },
  {
    name: "max-delete",
    options: ["max-delete"],
    flags: ["--max-delete=0"],
    base: ["-rlt", "--delete"],
    scene: deleting,
  },
  {
    name: "max-delete that suffices",
    options: ["max-delete"],
    flags: ["--max-delete=100"],
    base: ["-rlt", "--delete"],
    scene: deleting,
    noDifference: true,
  },
  {
    name: "force",
    options: ["force"],
    flags: ["--force"],
    scene: (scene) => scene.file("src/x", "file now").file("dst/x/inner", "inner"),
    itemsDiffer: "the directory itself is told of, too",
  },
  {
    name: "a file where a directory was",
    options: ["delete"],
    flags: ["--delete"],
    scene: (scene) => scene.file("src/x", "file now").file("dst/x/inner", "inner"),
    itemsDiffer: "the directory itself is told of, too",
  },
  {
    name: "a directory where a file was",
    options: [],
    flags: [],
    scene: (scene) => scene.file("src/x/inner", "inner").file("dst/x", "file"),
    noDifference: true,
  },
  {
    name: "a link where a file was",
    options: [],
    flags: [],
    scene: (scene) => scene.link("src/x", "y").file("dst/x", "file"),
    noDifference: true,
  },
  {
    name: "remove-source-files",
    options: ["remove-source-files"],
    flags: ["--remove-source-files"],
    scene: mixed,
  },
  {
    name: "remove-source-files with delete",
    options: ["remove-source-files"],
    flags: ["--remove-source-files", "--delete"],
    scene: mixed,
  },
  { name: "backup", options: ["backup"], flags: ["-b"], scene: mixed },
  {
    name: "backup with delete",
    options: ["backup"],
    flags: ["-b"],
    base: ["-rlt", "--delete"],
    scene: deleting,
  },
  { name: "suffix", options: ["suffix"], flags: ["-b", "--suffix=.old"], scene: mixed },
  { name: "backup-dir", options: ["backup-dir"], flags: ["--backup-dir=../kept"], scene: mixed },
  {
    name: "backup-dir with delete",
    options: ["backup-dir"],
    flags: ["-b", "--backup-dir=kept", "--suffix=.b"],
    base: ["-rlt", "--delete"],
    scene: deleting,
  },
  {
    name: "inplace",
    options: ["inplace"],
    flags: ["--inplace"],
    scene: (scene) => scene.file("src/a", "longer content").file("dst/a", "old"),
    // The inode stays, which the snapshots do not tell.
    noDifference: true,
  },
  {
    name: "append",
    options: ["append"],
    flags: ["--append"],
    scene: (scene) =>
      scene.file("src/a", "abcdef").file("dst/a", "XYZ").file("src/b", "12").file("dst/b", "345"),
  },
  {
    name: "append-verify",
    options: ["append-verify"],
    flags: ["--append-verify"],
    itemsDiffer: "rsync tells twice of a file that is sent again whole",
    scene: (scene) =>
      scene
        .file("src/a", "abcdef")
        .file("dst/a", "abc")
        .file("src/b", "12")
        .file("dst/b", "345")
        .file("src/c", "abcdef")
        .file("dst/c", "XYZ"),
  },
  {
    name: "sparse",
    options: ["sparse"],
    flags: ["-S"],
    scene: (scene) => scene.file("src/hole", "\0".repeat(2_000_000)).directory("dst"),
  },
  {
    name: "preallocate",
    options: ["preallocate"],
    flags: ["--preallocate"],
    scene: mixed,
    noDifference: true,
  },
  { name: "partial", options: ["partial"], flags: ["--partial"], scene: mixed, noDifference: true },
  {
    name: "partial-dir",
    options: ["partial-dir"],
    flags: ["--partial-dir=.part"],
    scene: mixed,
    noDifference: true,
  },
  {
    name: "delay-updates",
    options: ["delay-updates"],
    flags: ["--delay-updates"],
    scene: mixed,
    noDifference: true,
  },
  {
    name: "temp-dir",
    options: ["temp-dir"],
    flags: ["-T", "tmp"],
    scene: (scene) => {
      mixed(scene);
      scene.directory("dst/tmp");
    },
  },
  { name: "fsync", options: ["fsync"], flags: ["--fsync"], scene: mixed, noDifference: true },
  { name: "whole-file", options: ["whole-file"], flags: ["-W"], scene: mixed, noDifference: true },
  {
    name: "compare-dest",
    options: ["compare-dest"],
    flags: ["--compare-dest=../alt"],
    itemsDiffer:
      "rsync compares with what lies in the directory, and tells of nothing that it takes from there",
    scene: alternates,
  },
  {
    name: "copy-dest",
    options: ["copy-dest"],
    flags: ["--copy-dest=../alt"],
    itemsDiffer:
      "rsync compares with what lies in the directory, and tells of nothing that it takes from there",
    scene: alternates,
  },
  {
    name: "link-dest",
    options: ["link-dest"],
    flags: ["--link-dest=../alt"],
    itemsDiffer:
      "rsync compares with what lies in the directory, and tells of nothing that it takes from there",
    scene: alternates,
  },
  {
    name: "fuzzy",
    options: ["fuzzy"],
    flags: ["-y"],
    scene: (scene) => scene.file("src/new-name", "content").file("dst/old-name", "content"),
    noDifference: true,
  },
  {
    name: "include and exclude",
    options: ["include", "exclude"],
    flags: ["--include=*.txt", "--include=*/", "--exclude=*"],
    scene: filtered,
  },
  {
    name: "exclude",
    options: ["exclude"],
    flags: ["--exclude=/sub", "--exclude", "*.o"],
    scene: filtered,
  },
  {
    name: "exclude-from",
    options: ["exclude-from"],
    flags: ["--exclude-from=patterns"],
    scene: filtered,
  },
  {
    name: "include-from",
    options: ["include-from"],
    flags: ["--include-from=patterns", "--exclude=*"],
    scene: filtered,
  },
  {
    name: "filter",
    options: ["filter"],
    flags: ["-f", "- *.o", "-f+ a.txt", "--filter=hide,! */", "-f", "- core"],
    scene: filtered,
  },
  { name: "filter merge", options: ["filter"], flags: ["--filter=. rules"], scene: filtered },
  {
    name: "filter dir-merge",
    options: ["filter"],
    flags: ["--filter=: .rsync-filter"],
    scene: filtered,
  },
  {
    name: "filter protect and risk",
    options: ["filter"],
    flags: ["-f", "R x.*", "-f", "P *.o", "-f", "P *.txt"],
    base: ["-rlt", "--delete"],
    scene: filtered,
  },
  { name: "F", options: ["F"], flags: ["-F"], scene: filtered },
  { name: "FF", options: ["F"], flags: ["-FF"], scene: filtered },
  { name: "cvs-exclude", options: ["cvs-exclude"], flags: ["-C"], scene: filtered },
  { name: "from0", options: ["from0"], flags: ["-0", "--exclude-from=nul"], scene: filtered },
  {
    name: "files-from",
    options: ["files-from"],
    flags: ["--files-from=list"],
    base: ["-lt"],
    scene: filtered,
  },
  {
    name: "files-from with archive",
    options: ["files-from"],
    flags: ["--files-from=list"],
    base: ["-a"],
    scene: filtered,
  },
  {
    name: "files-from with recursive",
    options: ["files-from"],
    flags: ["--files-from=list", "-r"],
    base: ["-t"],
    scene: filtered,
  },
  {
    name: "files-from with a missing path",
    options: ["files-from"],
    flags: ["--files-from=missing-list"],
    base: ["-t"],
    scene: filtered,
  },
  {
    name: "ignore-missing-args",
    options: ["ignore-missing-args"],
    flags: ["--ignore-missing-args"],
    base: ["-rt"],
    scene: filtered,
    operands: ["src/a.txt", "src/nowhere", "dst"],
  },
  {
    name: "ignore-missing-args in a list",
    options: ["ignore-missing-args"],
    flags: ["--ignore-missing-args"],
    base: ["-t", "--files-from=missing-list"],
    scene: filtered,
  },
  {
    name: "delete-missing-args",
    options: ["delete-missing-args"],
    flags: ["--delete-missing-args"],
    base: ["-rt"],
    scene: (scene) => {
      filtered(scene);
      scene.file("dst/nowhere", "was there");
    },
    operands: ["src/a.txt", "src/nowhere", "dst"],
  },
  {
    name: "prune-empty-dirs",
    options: ["prune-empty-dirs"],
    flags: ["-m"],
    base: ["-rlt", "--exclude=*.o"],
    scene: mixed,
  },
  { name: "min-size", options: ["min-size"], flags: ["--min-size=5"], scene: mixed },
  { name: "max-size", options: ["max-size"], flags: ["--max-size=5b"], scene: mixed },
  { name: "max-size with a step", options: ["max-size"], flags: ["--max-size=9b-1"], scene: mixed },
  {
    name: "max-size and delete",
    options: ["max-size"],
    flags: ["--max-size=3"],
    base: ["-rlt", "--delete"],
    scene: deleting,
  },
  {
    name: "owner",
    options: ["owner", "group", "numeric-ids"],
    flags: ["-og", "--numeric-ids"],
    scene: owned,
  },
  {
    name: "chown",
    options: ["chown"],
    flags: ["--chown=1234:2345"],
    scene: owned,
  },
  {
    name: "usermap",
    options: ["usermap", "groupmap"],
    flags: ["--usermap=1001:2001,*:3001", "--groupmap=1002:2002"],
    base: ["-rlt"],
    scene: owned,
  },
  {
    name: "one-file-system",
    options: ["one-file-system"],
    flags: ["-x"],
    scene: mixed,
    noDifference: true,
  },
  {
    name: "relative",
    options: ["relative"],
    flags: ["-R"],
    scene: mixed,
    operands: ["src/dir/deep", "dst"],
  },
  {
    name: "relative with a mark",
    options: ["relative"],
    flags: ["-R"],
    scene: mixed,
    operands: ["src/./dir/deep/", "dst"],
  },
  {
    name: "no-implied-dirs",
    options: ["no-implied-dirs"],
    flags: ["--no-implied-dirs"],
    base: ["-rltR"],
    scene: (scene) => {
      mixed(scene);
      scene.directory("dst/dir", { time: OLD + 9 });
    },
    operands: ["src/./dir/deep/", "dst"],
  },
  {
    name: "relative with delete",
    options: ["relative"],
    flags: ["-R", "--delete"],
    scene: (scene) => {
      deleting(scene);
      scene.file("dst/dir/deep/extra", "x");
    },
    operands: ["src/./dir/deep", "dst"],
  },
  {
    name: "several sources",
    options: [],
    flags: [],
    scene: several,
    operands: ["one", "two/", "three/f", "dst"],
    noDifference: true,
  },
  {
    name: "several sources through links",
    options: ["copy-links"],
    flags: ["-L"],
    operands: ["src/a", "src/to-b", "src/c", "dst"],
    scene: (scene) =>
      scene
        .file("outside/f", "f")
        .link("src/a/out", "../../outside")
        .link("src/a/file", "../../outside/f")
        .file("src/b/g", "g")
        .link("src/to-b", "b")
        .file("src/c", "c")
        .directory("dst"),
  },
  {
    name: "several sources that are one file",
    options: ["hard-links"],
    flags: ["-H"],
    operands: ["src/a", "src/b", "dst"],
    scene: (scene) => scene.file("src/a", "shared").hardLink("src/b", "src/a").directory("dst"),
    itemsDiffer: "which of the names comes over first hangs on the order of the listing",
  },
  {
    name: "several owned sources",
    options: ["owner"],
    flags: ["-og", "--numeric-ids"],
    operands: ["src/d", "src/h", "dst"],
    scene: owned,
  },
  {
    name: "an empty source to a new destination",
    options: [],
    flags: [],
    operands: ["src/", "fresh"],
    scene: (scene) => scene.directory("src", { mode: 0o750 }),
  },
  {
    name: "several sources with delete",
    options: ["delete"],
    flags: ["--delete"],
    scene: several,
    operands: ["one", "two", "three/f", "dst"],
  },
  {
    name: "several contents with delete",
    options: ["delete"],
    flags: ["--delete"],
    scene: several,
    operands: ["one/", "two/", "dst"],
  },
  {
    name: "a directory itself",
    options: [],
    flags: [],
    scene: mixed,
    operands: ["src", "dst"],
    noDifference: true,
  },
  {
    name: "a file into a directory",
    options: [],
    flags: [],
    scene: mixed,
    operands: ["src/new", "dst/"],
    noDifference: true,
  },
  {
    name: "a file to a new name",
    options: [],
    flags: [],
    scene: mixed,
    operands: ["src/new", "dst/named"],
    noDifference: true,
  },
  {
    name: "mkpath",
    options: ["mkpath"],
    flags: ["--mkpath"],
    scene: mixed,
    operands: ["src/", "a/b/c"],
  },
  {
    name: "mkpath for a file",
    options: ["mkpath"],
    flags: ["--mkpath"],
    scene: mixed,
    operands: ["src/new", "a/b/c"],
  },
  {
    name: "a new destination",
    options: [],
    flags: [],
    scene: mixed,
    operands: ["src/", "fresh"],
    noDifference: true,
  },
  {
    name: "a missing source",
    options: [],
    flags: [],
    scene: mixed,
    operands: ["nowhere", "src/new", "dst"],
    noDifference: true,
  },
  { name: "an unknown option", options: [], flags: ["--no-such-option"], scene: mixed },
  {
    name: "contradicting timings",
    options: ["delete-before"],
    flags: ["--delete-before", "--delete-after"],
    scene: mixed,
  },
  {
    name: "append with whole-file",
    options: ["append", "whole-file"],
    flags: ["--append", "--whole-file"],
    scene: mixed,
  },
  {
    name: "delete without recursion",
    options: ["delete"],
    flags: ["--delete"],
    base: [],
    scene: mixed,
  },
  { name: "an unknown word of info", options: ["info"], flags: ["--info=nonsense"], scene: mixed },
  { name: "bundled options", options: [], flags: ["-rltpn"], base: [], scene: mixed },
  {
    name: "an option behind operands",
    options: [],
    flags: [],
    operands: ["src/", "dst", "--size-only"],
    scene: mixed,
    noDifference: true,
  },
  {
    name: "two dashes",
    options: [],
    flags: [],
    operands: ["--", "src/", "dst"],
    scene: mixed,
    noDifference: true,
  },
  {
    name: "bwlimit",
    options: ["bwlimit"],
    flags: ["--bwlimit=10M"],
    scene: mixed,
    noDifference: true,
  },
  { name: "compress", options: ["compress"], flags: ["-z"], scene: mixed, noDifference: true },
  {
    name: "stop-after",
    options: ["stop-after", "stop-at"],
    flags: ["--stop-after=5", "--stop-at=2099-12-31T23:59"],
    scene: mixed,
    noDifference: true,
  },
  {
    name: "timeout",
    options: ["timeout"],
    flags: ["--timeout=60"],
    scene: mixed,
    noDifference: true,
  },
];

function alternates(scene: Scene): void {
  scene
    .file("src/same", "same")
    .file("src/other", "other")
    .file("src/d/deep", "deep")
    .file("src/new", "new")
    .file("alt/same", "same")
    .file("alt/other", "OTHER!")
    .file("alt/d/deep", "deep")
    .directory("dst");
}

function owned(scene: Scene): void {
  scene.file("src/f", "f").file("src/d/g", "g").file("src/h", "h").directory("dst");
  scene.owner("src/f", 1001, 1002).owner("src/d", 1003, 1004).owner("src/d/g", 1001, 1004);
}

function several(scene: Scene): void {
  scene
    .file("one/f", "1")
    .file("one/a/b", "1b")
    .file("two/g", "2")
    .file("two/a/c", "2c")
    .file("two/one/f", "two's")
    .file("three/f", "3")
    .file("dst/one/extra", "x")
    .file("dst/kept", "kept");
}
