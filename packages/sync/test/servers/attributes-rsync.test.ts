/** Attributes, links and special files as rsync has them: the same trees, synced by both, look the same. */
import { FileDriver } from "@omnisync/storage";
import { programOrSkip } from "@omnisync/testkit/servers/inject";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type SyncOptions, sync } from "../../src/index.ts";
import {
  readAcls,
  readXattrs,
  writeAcls,
  writeXattrs,
} from "../../../storage/src/drivers/file/file-xattrs.ts";

const OLD = 1_700_000_000;
const isRoot = process.geteuid?.() === 0;

interface Row {
  readonly title: string;
  readonly flags: readonly string[];
  readonly options: SyncOptions;
  /** Made at the destination before. */
  readonly there?: (root: string) => void;
  readonly umask?: number;
  /** Paths that are not compared. */
  readonly apart?: readonly string[];
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

function source(root: string): void {
  const file = (path: string, mode: number, text: string = path): void => {
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), mode);
    utimesSync(join(root, path), OLD, OLD);
  };
  mkdirSync(join(root, "dir/deep"), { recursive: true });
  mkdirSync(join(root, "outside"));
  file("plain", 0o644);
  file("secret", 0o600);
  file("script", 0o755);
  file("set", 0o4755);
  file("wide", 0o666);
  file("dir/inner", 0o640);
  file("dir/deep/bottom", 0o444);
  linkSync(join(root, "plain"), join(root, "dir/another"));
  linkSync(join(root, "plain"), join(root, "zz-last"));
  symlinkSync("plain", join(root, "link"));
  symlinkSync("../../plain", join(root, "dir/deep/up"));
  symlinkSync("../../../../../../../../etc/hostname", join(root, "dir/away"));
  symlinkSync("/etc/hostname", join(root, "absolute"));
  symlinkSync("dir/deep", join(root, "to-dir"));
  execFileSync("mkfifo", [join(root, "fifo")]);
  writeXattrs(join(root, "plain"), { "user.color": base64("red"), "user.empty": "" });
  writeXattrs(join(root, "dir"), { "user.kind": base64("folder") });
  writeAcls(join(root, "dir/inner"), {
    acl: "user::rw-,user:1234:rw-,group::r--,mask::rw-,other::---",
  });
  writeAcls(join(root, "dir"), {
    defaultAcl: "user::rwx,user:1234:r-x,group::r-x,mask::r-x,other::r-x",
  });
  if (isRoot) {
    chownSync(join(root, "secret"), 65534, 65534);
    chownSync(join(root, "set"), 1234, 4321);
    chmodSync(join(root, "set"), 0o4755);
    chownSync(join(root, "dir"), 1234, 0);
    execFileSync("mknod", [join(root, "null"), "c", "1", "3"]);
  }
  for (const path of ["link", "dir/deep/up", "dir/away", "absolute", "to-dir"])
    lutimesSync(join(root, path), OLD, OLD);
  for (const path of ["fifo", "null"]) {
    if (lstatSync(join(root, path), { throwIfNoEntry: false }))
      utimesSync(join(root, path), OLD, OLD);
  }
  for (const path of ["dir/deep", "dir", "outside", "."])
    utimesSync(join(root, path), OLD + 5, OLD + 5);
}

/** Equal content and time, other attributes. */
function others(root: string): void {
  for (const [path, mode] of [
    ["plain", 0o600],
    ["script", 0o640],
    ["secret", 0o755],
  ] as const) {
    writeFileSync(join(root, path), path);
    chmodSync(join(root, path), mode);
    utimesSync(join(root, path), OLD, OLD);
  }
  writeXattrs(join(root, "plain"), { "user.old": base64("x") });
}

/** One that the source has as a directory, one that it does not have. */
function linkedDirectories(root: string): void {
  mkdirSync(join(root, "outside/real"), { recursive: true });
  symlinkSync("outside/real", join(root, "dir"));
  const other = `${root}-other`;
  mkdirSync(other);
  writeFileSync(join(other, "kept"), "");
  utimesSync(other, OLD, OLD);
  symlinkSync(other, join(root, "unknown"));
}

const archive: SyncOptions = {
  preserveOwner: true,
  preserveGroup: true,
  specials: true,
  devices: true,
};
const none: SyncOptions = { links: "skip", preserveTimes: false, preserveMode: false };

const ROWS: readonly Row[] = [
  { title: "SY-230 -a", flags: ["-a"], options: archive },
  { title: "SY-230 -a over others", flags: ["-a"], options: archive, there: others },
  {
    title: "SY-230 SY-236 -aHAX",
    flags: ["-aHAX"],
    options: { ...archive, preserveHardLinks: true, preserveAcls: true, preserveXattrs: true },
  },
  {
    title: "SY-230 SY-236 -aHAX over others",
    flags: ["-aHAX"],
    options: { ...archive, preserveHardLinks: true, preserveAcls: true, preserveXattrs: true },
    there: others,
  },
  { title: "SY-232 -r, new", flags: ["-r"], options: none },
  { title: "SY-232 -r, umask 077", flags: ["-r"], options: none, umask: 0o077 },
  {
    title: "SY-232 -rt over others",
    flags: ["-rt"],
    options: { ...none, preserveTimes: true },
    there: others,
  },
  {
    title: "SY-232 -rtE over others",
    flags: ["-rtE"],
    options: { ...none, preserveTimes: true, preserveExecutability: true },
    there: others,
  },
  ...["F600,D700", "go-w,a+X", "Dg+s,ug+w,Fo-w,+X", "u=rwx,go=rX", "+w", "a-s,o="].map((chmod) => ({
    title: `SY-233 -a --chmod=${chmod}`,
    flags: ["-a", `--chmod=${chmod}`],
    options: { ...archive, chmod: [chmod] },
  })),
  {
    title: "SY-233 -r --chmod=F666",
    flags: ["-r", "--chmod=F666"],
    options: { ...none, chmod: ["F666"] },
  },
  {
    title: "SY-234 --usermap, --groupmap",
    flags: ["-a", "--usermap=nobody:daemon,1234:5678,0-99:7", "--groupmap=*:4444"],
    options: {
      ...archive,
      userMap: [
        { from: "nobody", to: "daemon" },
        { from: "1234", to: "5678" },
        { from: "0-99", to: "7" },
      ],
      groupMap: [{ from: "*", to: "4444" }],
      foreignSetIds: true,
    },
  },
  {
    title: "SY-234 --numeric-ids",
    flags: ["-a", "--numeric-ids"],
    options: { ...archive, numericIds: true },
  },
  {
    title: "SY-384 -rlpt",
    flags: ["-rlpt"],
    options: { foreignSetIds: true },
    there: others,
  },
  { title: "SY-235 -aO", flags: ["-aO"], options: { ...archive, omitDirTimes: true } },
  { title: "SY-235 -aJ", flags: ["-aJ"], options: { ...archive, omitLinkTimes: true } },
  {
    title: "SY-235 -aI",
    flags: ["-aI"],
    options: { ...archive, ignoreTimes: true },
    there: others,
  },
  { title: "SY-238 -aL", flags: ["-aL"], options: { ...archive, links: "follow" } },
  {
    title: "SY-238 --safe-links",
    flags: ["-a", "--safe-links"],
    options: { ...archive, links: "safe" },
  },
  {
    title: "SY-238 --copy-unsafe-links",
    flags: ["-a", "--copy-unsafe-links"],
    options: { ...archive, links: "follow-unsafe" },
  },
  { title: "SY-238 -ak", flags: ["-ak"], options: { ...archive, copyDirLinks: true } },
  {
    title: "SY-239 -aK",
    flags: ["-aK"],
    options: { ...archive, keepDirLinks: true },
    there: linkedDirectories,
    // rsync gives the link the owner and time of the directory, and leaves the directory as it is.
    apart: ["dir", "outside/real"],
  },
  {
    title: "SY-239 -a --delete over links to directories",
    flags: ["-a", "--delete"],
    options: { ...archive, delete: true },
    there: linkedDirectories,
  },
  {
    title: "SY-237 -rlt --specials",
    flags: ["-rlt", "--specials"],
    options: { preserveMode: false, specials: true },
  },
  { title: "SY-237 -rlt", flags: ["-rlt"], options: { preserveMode: false } },
];

const there = programOrSkip("rsync");

const NOTHING = {
  ...{ created: 0, replaced: 0, attributesSet: 0, directoriesCreated: 0, linksWritten: 0 },
  bytesTransferred: 0,
};

test.runIf(there).for(ROWS)(
  "[$title]",
  async ({ flags, options, there: make, umask, apart = [] }) => {
    const root = mkdtempSync(join(tmpdir(), "omnisync-attributes-"));
    onTestFinished(() => rmSync(root, { recursive: true }));
    const places = ["source", "theirs", "ours"].map((name) => join(root, name)) as [
      string,
      string,
      string,
    ];
    for (const place of places) mkdirSync(place);
    const [from, theirs, ours] = places;
    source(from);
    for (const place of [theirs, ours]) {
      make?.(place);
      utimesSync(place, OLD, OLD);
    }
    const before = umask === undefined ? undefined : process.umask(umask);
    onTestFinished(() => void (before !== undefined && process.umask(before)));
    const ran = spawnSync("rsync", [...flags, `${from}/`, `${theirs}/`], { encoding: "utf8" });
    expect([0, 23], ran.stderr).toContain(ran.status);
    const [a, b] = [new FileDriver({ root: from }), new FileDriver({ root: ours })];
    try {
      const report = await sync({ driver: a, path: "" }, { driver: b, path: "" }, options);
      expect(report.failures).toEqual([]);
      const compared = (place: string): readonly string[] =>
        snapshot(place).filter((line) => !apart.some((path) => line.startsWith(`${path} `)));
      expect(compared(ours)).toEqual(compared(theirs));
      if (make === linkedDirectories)
        expect(snapshot(`${ours}-other`)).toEqual(snapshot(`${theirs}-other`));
      const again = await sync({ driver: a, path: "" }, { driver: b, path: "" }, options);
      expect(again.failures).toEqual([]);
      if (options.preserveTimes !== false && !options.ignoreTimes) {
        expect(again).toMatchObject(NOTHING);
        expect(compared(ours)).toEqual(compared(theirs));
      }
    } finally {
      await Promise.all([a.close(), b.close()]);
    }
  },
);

function snapshot(
  root: string,
  below = ".",
  inodes: Map<number, string> = new Map(),
): readonly string[] {
  const full = join(root, below);
  const stat = lstatSync(full);
  const first = inodes.get(stat.ino) ?? below;
  inodes.set(stat.ino, first);
  const seconds = Math.floor(stat.mtimeMs / 1000);
  const line = [
    below,
    (stat.mode & 0o177777).toString(8),
    `${stat.uid}:${stat.gid}`,
    seconds > OLD + 1_000_000 ? "now" : seconds - OLD,
    stat.isFile() ? `=${first} ${JSON.stringify(readFileSync(full, "utf8").slice(0, 50))}` : "",
    stat.isSymbolicLink() ? readlinkSync(full).replace(/\/(ours|theirs)-other/, "") : "",
    stat.isCharacterDevice() ? stat.rdev : "",
    JSON.stringify(readXattrs(full)),
    stat.isSymbolicLink() ? "" : JSON.stringify(readAcls(full, stat.isDirectory())),
  ].join(" ");
  if (!stat.isDirectory()) return [line];
  const names = readdirSync(full).sort();
  return [line, ...names.flatMap((name) => snapshot(root, join(below, name), inodes))];
}
