import { CONTRADICTIONS, type ContradictingOption } from "@omnisync/sync";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createStore } from "../memory-store.ts";
import { lines, runCli } from "../run-cli.ts";

/** A place that cannot be opened: who gets as far as opening it would exit with something other than 2. */
const A = "memory://a/";
const B = "memory://b/";

const BAD: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["an unknown command", ["snyc", A, B], /unknown command 'snyc': did you mean sync\?/],
  ["a command like none", ["xyzzy"], /unknown command 'xyzzy': see --help/],
  ["help of an unknown command", ["help", "xyzzy"], /unknown command 'xyzzy'/],
  [
    "an unknown flag",
    ["sync", "--delte", A, B],
    /unknown option '--delte': did you mean --delete\?/,
  ],
  ["an unknown short flag", ["ls", "-z", A], /unknown option '-z'/],
  ["rsync's -a", ["check", "-a", A, B], /unknown option '-a': leave it out/],
  [
    "rsync's -z",
    ["sync", "-avz", A, B],
    /unknown option '-z': leave it out, or write omnisync rsync/,
  ],
  ["-R of rm", ["rm", "-R", A], /unknown option '-R': write -r to remove a directory/],
  ["-R of cp", ["cp", "-R", A, B], /unknown option '-R': write -r to copy a directory/],
  ["-a of cp", ["cp", "-a", A, B], /unknown option '-a': write -r to copy a directory/],
  ["-R of du", ["du", "-R", A], /unknown option '-R': see --help/],
  ["-a of du", ["du", "-a", A], /unknown option '-a': see --help/],
  ["-a of ls", ["ls", "-a", A], /unknown option '-a': see --help/],
  ["-a of tree", ["tree", "-a", A], /unknown option '-a': see --help/],
  ["a flag before the command", ["--delete", "sync", A, B], /unknown option '--delete'/],
  ["a missing source", ["sync"], /missing required argument 'source'/],
  ["a missing destination", ["copy", A], /missing required argument 'destination'/],
  ["too many arguments", ["sync", A, B, "c"], /too many arguments.*Expected 2 arguments but got 3/],
  ["a flag without its value", ["sync", A, B, "--jobs"], /'-j, --jobs <n>' argument missing/],
  [
    "a temp-dir elsewhere",
    ["sync", "-T", "/tmp", A, B],
    /--temp-dir: "\/tmp" is not a directory in/,
  ],
  ["a temp-dir above", ["sync", "-T", "a/../..", A, B], /--temp-dir: .* is not a directory in the/],
  ["a partial-dir elsewhere", ["sync", "--partial-dir", "s3://b", A, B], /--partial-dir: .*s3/],
  ["jobs of 0", ["sync", "--jobs", "0", A, B], /--jobs: "0" is not a whole number from 1 to 1024/],
  ["negative jobs", ["sync", "--jobs=-1", A, B], /--jobs: "-1" is not a whole number/],
  ["jobs that are no number", ["sync", "-j", "many", A, B], /--jobs: "many" is not a whole number/],
  ["too many jobs", ["sync", "-j", "99999", A, B], /--jobs: "99999"/],
  ["a bad rate", ["sync", "--bwlimit", "fast", A, B], /--bwlimit: "fast" is not a rate/],
  ["a negative rate", ["sync", "--bwlimit=-5", A, B], /--bwlimit: "-5" is not a rate/],
  [
    "a bad duration",
    ["sync", "--modify-window", "2 parsecs", A, B],
    /--modify-window: "2 parsecs" is not a duration/,
  ],
  [
    "a bad limit",
    ["sync", "--delete", "--max-delete", "-1", A, B],
    /--max-delete: "-1" is not a whole number/,
  ],
  ["a fraction", ["sync", "--delete", "--max-delete", "1.5", A, B], /--max-delete: "1.5"/],
  ["an empty pattern", ["sync", "--exclude", "", A, B], /--exclude: "" is not a filter pattern/],
  ["an open class", ["sync", "--include", "[a", A, B], /--include: "\[a": the "\[" has no "\]"/],
  [
    "--existing with --ignore-existing",
    ["sync", "--existing", "--ignore-existing", A, B],
    /--existing and --ignore-existing exclude each other/,
  ],
  ["--json with --info", ["sync", "--json", "--info=name", A, B], /--json and --info/],
  ["--quiet with --info", ["sync", "-q", "--info=name", A, B], /--quiet and --info/],
  [
    "--quiet with --out-format",
    ["copy", "-q", "--out-format=%n", A, B],
    /--quiet and --out-format/,
  ],
  [
    "--checksum with --size-only",
    ["copy", "-c", "--size-only", A, B],
    /--checksum and --size-only/,
  ],
  [
    "--checksum with --size-only in check",
    ["check", "-c", "--size-only", A, B],
    /--checksum and --size-only/,
  ],
  ["--quiet with --progress", ["sync", "-q", "--progress", A, B], /--quiet and --progress/],
  ["--quiet with --verbose", ["sync", "-q", "-v", A, B], /--quiet and --verbose/],
  ["--quiet with --stats", ["sync", "-q", "--stats", A, B], /--quiet and --stats/],
  ["--json with -i", ["sync", "--json", "-i", A, B], /--json and --itemize-changes/],
  [
    "--max-delete alone",
    ["sync", "--max-delete", "5", A, B],
    /--max-delete says nothing without --delete/,
  ],
  [
    "--ignore-missing-args without a list",
    ["copy", "--ignore-missing-args", A, B],
    /--ignore-missing-args says nothing without --files-from: add it, or leave both out/,
  ],
  [
    "--delete-missing-args without a list",
    ["sync", "--delete-missing-args", A, B],
    /--delete-missing-args says nothing without --files-from/,
  ],
  [
    "--allow-empty-source alone",
    ["sync", "--allow-empty-source", A, B],
    /--allow-empty-source says nothing without --delete/,
  ],
  [
    "--remove-source-files with --delete",
    ["sync", "--remove-source-files", "--delete", A, B],
    /exclude each other, because the next run would take what this one moved for extras/,
  ],
  [
    "--append with --whole-file",
    ["sync", "--append", "-W", A, B],
    /--append and --whole-file exclude each other, because only the rest of a file is sent/,
  ],
  [
    "--sidecar with --no-sidecar",
    ["sync", "--sidecar", "--no-sidecar", A, B],
    /--sidecar and --no-sidecar exclude each other, because signatures are kept beside/,
  ],
  [
    "--whole-file with --delta-threshold",
    ["copy", "-W", "--delta-threshold=1M", A, B],
    /--whole-file and --delta-threshold exclude each other, because files go whole/,
  ],
  [
    "--whole-file with --sidecar in apply",
    ["apply", "-W", "--sidecar", "p"],
    /--whole-file and --sidecar exclude each other/,
  ],
  [
    "--block-size that is none",
    ["sync", "-B", "100K", A, B],
    /--block-size: "100K" is no block size of signatures: write a multiple of 64K/,
  ],
  [
    "--block-size that is too large",
    ["sign", "--block-size", "8M", A],
    /--block-size: "8M" is no block size/,
  ],
  ["delta -v without --explain", ["delta", "-v", A, B], /--verbose says nothing without --explain/],
  [
    "--inplace with --delay-updates",
    ["copy", "--inplace", "--delay-updates", A, B],
    /--inplace and --delay-updates exclude each other, because nothing is written beside/,
  ],
  [
    "--compare-dest with --link-dest",
    ["copy", "--compare-dest=x", "--link-dest=y", A, B],
    /--compare-dest and --link-dest exclude each other, because/,
  ],
  [
    "two times to delete",
    ["sync", "--delete-before", "--delete-after", A, B],
    /--delete-before and --delete-after exclude each other: extras are removed once/,
  ],
  [
    "two ways to name the owner",
    ["sync", "--chown=a:b", "--groupmap=c:d", A, B],
    /--groupmap and --chown exclude each other: both say what the group becomes/,
  ],
  [
    "a map that is none",
    ["sync", "--usermap=a", A, B],
    /--usermap: "a" is no renaming: write from:to/,
  ],
  ["--suffix alone", ["sync", "--suffix=x", A, B], /--suffix says nothing without --backup/],
  ["an unknown word of --info", ["sync", "--info=nope", A, B], /Unknown --info item: "nope"/],
  [
    "copy --delete",
    ["copy", "--delete", A, B],
    /--delete: copy removes no extras: use sync --delete/,
  ],
  [
    "copy --max-delete",
    ["copy", "--max-delete", "3", A, B],
    /--max-delete: copy removes no extras/,
  ],
  [
    "move --delete",
    ["move", "--delete", A, B],
    /--delete: move removes no extras: use sync --delete/,
  ],
  ["an empty location", ["sync", "", B], /a location is empty/],
  ["a NUL byte", ["ls", "a\0b"], /holds a NUL byte/],
  [
    "an unknown scheme",
    ["sync", "ftp://host/x", B],
    /nothing here speaks "ftp:\/\/"; known: .*memory/,
  ],
  ["a malformed URL", ["ls", "memory://"], /write memory:\/\/name\/path/],
  ["a URL that leaves its root", ["ls", "memory://a/../b"], /"\.\." segment/],
  ["an S3 URL without bucket", ["ls", "s3://"], /names no bucket/],
  ["a secret in a URL", ["ls", "s3://key:secret@bucket/x"], /takes no user, key or port/],
  [
    "a file URL with a host",
    ["ls", "file://host/x"],
    /is not a file URL: write file:\/\/\/absolute\/path/,
  ],
  ["an sftp location", ["sync", A, "user@host:dir"], /host:dir: this version has no sftp driver/],
  ["an sftp location of the short form", ["ls", "host:/dir"], /no sftp driver/],
  ["a virtual location", ["ls", "vfs://photos/x"], /this version has no virtual paths/],
  ["somebody else's home", ["ls", "~nobody-at-all/x"], /the home of another user/],
  [
    "a bad choice of a driver flag",
    ["ls", "--s3-addressing", "diagonal", A],
    /--s3-addressing: "diagonal" is not one of auto, path, virtual/,
  ],
  [
    "a bad size of a driver flag",
    ["ls", "--s3-part-size", "big", A],
    /--s3-part-size: "big" is not a size/,
  ],
  [
    "a bad duration of a driver flag",
    ["ls", "--s3-idle-timeout", "60", A],
    /--s3-idle-timeout: "60" is not a duration/,
  ],
  [
    "a bad number of a driver flag",
    ["ls", "--s3-connections", "x", A],
    /--s3-connections: "x" is not a whole number/,
  ],
  ["a bad offset", ["cat", "--offset", "x", A], /--offset: "x" is not a size/],
  ["a bad count", ["cat", "--count=-3", A], /--count: "-3" is not a size/],
  ["a bad depth", ["du", "-d", "x", A], /--depth: "x" is not a whole number/],
  ["du -s with -d", ["du", "-s", "-d", "1", A], /--summarize and --depth exclude each other/],
  ["a bad depth of a tree", ["tree", "-d", "0", A], /--depth: "0" is not a whole number from 1/],
  [
    "a bad method",
    ["presign", "--method", "POST", "s3://bucket/x"],
    /--method: "POST" is not one of GET, PUT/,
  ],
  [
    "a bad expiry",
    ["presign", "--expires", "soon", "s3://bucket/x"],
    /--expires: "soon" is not a duration/,
  ],
  [
    "an expiry that is too long",
    ["presign", "--expires", "30d", "s3://bucket/x"],
    /--expires: a signed URL is good for 1s to 7d/,
  ],
  ["an expiry of nothing", ["presign", "--expires", "0s", "s3://bucket/x"], /--expires/],
  ["a signed directory", ["presign", "s3://bucket/x/"], /is a directory: name a file/],
  [
    "a signed URL of a store without any",
    ["presign", "memory://a/x"],
    /this store has no signed URLs/,
  ],
  ["an unknown shell", ["completion", "ksh"], /"ksh" is not one of bash, zsh, fish/],
  ["a sync onto itself", ["sync", A, A], /same place/],
];

describe("bad input exits with 2, and says in one line what is wrong", () => {
  test.each(BAD)("%s", async (_, argv, expected) => {
    await createStore();
    const { code, stdout, stderr } = await runCli(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(lines(stderr)).toHaveLength(1);
    expect(stderr).toMatch(/^omnisync: /);
    expect(stderr).toMatch(expected);
  });
});

const FLAGS: Readonly<Record<ContradictingOption, string>> = {
  existing: "--existing",
  ignoreExisting: "--ignore-existing",
  checksum: "--checksum",
  sizeOnly: "--size-only",
  append: "--append",
  wholeFile: "--whole-file",
  inplace: "--inplace",
  "partial.directory": "--partial-dir=p",
  delayUpdates: "--delay-updates",
  tempDirectory: "--temp-dir=t",
  sparse: "--sparse",
  trash: "--trash",
  backup: "--backup",
};

test.each(CONTRADICTIONS)("[SY-4] %s and %s, in the words of the flags", async (...pair) => {
  const [one, other] = pair.slice(0, 2).map((name) => FLAGS[name as ContradictingOption]);
  const { code, stderr } = await runCli(["sync", one!, other!, A, B]);
  const names = [one, other].map((flag) => flag!.replace(/=.*/, "")).join(" and ");
  expect(stderr).toBe(`omnisync: ${names} exclude each other, because ${pair[2]}: leave one out\n`);
  expect(code).toBe(2);
});

test("no secret of a location is repeated", async () => {
  const { stderr } = await runCli(["ls", "s3://key:hunter2@bucket/x"]);
  expect(stderr).not.toContain("hunter2");
});

test("control characters of an argument cannot forge a line", async () => {
  const { stderr } = await runCli(["ls", "memory://a/x\nomnisync: all is well\u001b[2J"]);
  expect(lines(stderr)).toHaveLength(1);
  expect(stderr).not.toContain("\u001b");
});

test("nothing at all shows the help on stderr and exits with 2", async () => {
  const { code, stdout, stderr } = await runCli([]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("Usage: omnisync <command>");
});

describe("help", () => {
  test.each([[["--help"]], [["-h"]], [["help"]]])("%j is about omnisync", async (argv) => {
    const { code, stdout, stderr } = await runCli(argv);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Keep places in sync:");
    expect(stdout).toContain("Examples:");
  });

  test("says what omnisync is in the words of the README", async () => {
    const { stdout } = await runCli(["--help"]);
    const read = (path: string): string =>
      readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
    const sentence = /^# omnisync\n\n(.*)\n/.exec(read("../../README.md"))?.[1];
    expect(stdout.replaceAll("\n", " ")).toContain(sentence);
    expect(JSON.parse(read("package.json"))).toMatchObject({ description: sentence });
  });

  test.each([
    "sync",
    "copy",
    "move",
    "check",
    "ls",
    "tree",
    "stat",
    "cat",
    "cp",
    "mv",
    "rm",
    "mkdir",
    "du",
    "presign",
    "providers",
    "version",
    "completion",
  ])("of %s has examples, the same by help and --help", async (command) => {
    const { code, stdout } = await runCli([command, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: omnisync ${command}`);
    expect(stdout).toContain("Examples:\n  ");
    expect((await runCli(["help", command])).stdout).toBe(stdout);
  });

  test("-h is a flag of ls and du, not their help", async () => {
    const { url } = await createStore({ f: "12" });
    expect((await runCli(["ls", "-h", url])).stdout).toBe("f\n");
    expect((await runCli(["du", "-h", url])).stdout).toBe(`2 B\t${url}\n`);
  });
});

describe("version", () => {
  test.each([
    [["--version"]],
    [["-V"]],
    [["version", "--short"]],
    [["version", "--no-color", "--short"]],
  ])("%j is the number", async (argv) => {
    expect(await runCli(argv)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });

  test("says more without --short, and all of it as JSON", async () => {
    expect((await runCli(["version"])).stdout).toMatch(/^omnisync \d+\.\d+\.\d+ \(node \d+.*\)\n$/);
    expect(JSON.parse((await runCli(["version", "--json"])).stdout)).toMatchObject({
      version: expect.any(String),
      node: process.versions.node,
    });
  });
});

describe("providers", () => {
  test("as a table and as JSON lines", async () => {
    const { stdout } = await runCli(["providers"]);
    expect(lines(stdout)[0]).toMatch(/^NAME +PROVIDER +ENDPOINT$/);
    expect(stdout).toMatch(/^aws +Amazon/m);
    const json = lines((await runCli(["providers", "--json"])).stdout);
    const names = json.map((line) => (JSON.parse(line) as { name: string }).name);
    expect(names).toContain("minio");
    expect(names).toHaveLength(lines(stdout).length - 1);
  });
});
