import { describe, expect, test } from "vitest";
import { createStore } from "../memory-store.ts";
import { lines, runCli } from "../run-cli.ts";

const FILES = { "a/one.txt": "one", "a/b/two.txt": "twotwo", "top.bin": "x".repeat(2048) };

describe("ls", () => {
  test("lists names, directories with a slash, in byte order", async () => {
    const { url } = await createStore(FILES);
    expect(await runCli(["ls", url])).toMatchObject({
      code: 0,
      stdout: "a/\ntop.bin\n",
      stderr: "",
    });
  });

  test("-R lists everything below, with paths", async () => {
    const { url } = await createStore(FILES);
    const { stdout } = await runCli(["ls", "-R", `${url}/a`]);
    expect(lines(stdout)).toEqual(["b/two.txt", "one.txt"]);
  });

  test("-l shows mode, size and time; -h makes sizes human", async () => {
    const { url } = await createStore(FILES);
    const env = { TZ: "UTC" };
    const long = await runCli(["ls", "-l", url], { env });
    expect(lines(long.stdout)[1]).toMatch(/^-rw-r--r-- +2048 2026-01-02 \d\d:04:05 top\.bin$/);
    const human = await runCli(["ls", "-lh", url], { env });
    expect(lines(human.stdout)[1]).toMatch(/^-rw-r--r-- 2\.00 KiB 2026/);
  });

  test("--json gives one parsable line per entry", async () => {
    const { url } = await createStore(FILES);
    const { stdout } = await runCli(["ls", "-R", "--json", url]);
    const entries = lines(stdout).map((line) => JSON.parse(line) as { path: string });
    expect(entries.map((entry) => entry.path)).toEqual(["a/b/two.txt", "a/one.txt", "top.bin"]);
    expect(entries[2]).toMatchObject({
      kind: "file",
      size: 2048,
      mode: "0644",
      mtime: "2026-01-02T03:04:05.000Z",
    });
  });

  test("of a file shows the file; of nothing exits with 3", async () => {
    const { url } = await createStore(FILES);
    expect(await runCli(["ls", `${url}/top.bin`])).toMatchObject({ code: 0, stdout: "top.bin\n" });
    const missing = await runCli(["ls", `${url}/nope`]);
    expect(missing).toMatchObject({ code: 3, stdout: "" });
    expect(missing.stderr).toBe(`omnisync: ${url}/nope: no such file or directory\n`);
  });

  test("a file with a slash at its end is refused", async () => {
    const { url } = await createStore(FILES);
    const { code, stderr } = await runCli(["ls", `${url}/top.bin/`]);
    expect(code).toBe(2);
    expect(stderr).toContain("is not a directory: leave out the slash");
  });

  test("control characters in names are escaped", async () => {
    const { url } = await createStore({ "evil\u001b[31m\nname": "" });
    const { stdout } = await runCli(["ls", url]);
    expect(stdout).toBe("evil\\u001b[31m\\nname\n");
  });

  test("colours only on a terminal, and not with NO_COLOR or --no-color", async () => {
    const { url } = await createStore(FILES);
    const tty = { isTTY: true };
    expect((await runCli(["ls", url], tty)).stdout).toContain("\u001b[34ma\u001b[39m/");
    expect((await runCli(["ls", url])).stdout).not.toContain("\u001b");
    expect((await runCli(["ls", url], { ...tty, env: { NO_COLOR: "1" } })).stdout).not.toContain(
      "\u001b",
    );
    expect((await runCli(["--no-color", "ls", url], tty)).stdout).not.toContain("\u001b");
    expect((await runCli(["ls", "--no-color", url], tty)).stdout).not.toContain("\u001b");
  });
});

describe("tree", () => {
  test("draws branches and counts", async () => {
    const { url } = await createStore(FILES);
    const { stdout } = await runCli(["tree", url]);
    expect(lines(stdout)).toEqual([
      url,
      "├── a/",
      "│   ├── b/",
      "│   │   └── two.txt",
      "│   └── one.txt",
      "└── top.bin",
      "",
      "2 directories, 3 files",
    ]);
  });

  test("--depth stops, --size shows sizes", async () => {
    const { url } = await createStore(FILES);
    const { stdout } = await runCli(["tree", "-d", "1", "-s", url]);
    expect(lines(stdout).slice(1, 3)).toEqual(["├── a/", "└── top.bin (2.00 KiB)"]);
  });

  test("of a file counts the file", async () => {
    const { url } = await createStore(FILES);
    const { stdout } = await runCli(["tree", `${url}/top.bin`]);
    expect(lines(stdout)).toEqual([`${url}/top.bin`, "", "0 directories, 1 file"]);
  });
});

describe("stat", () => {
  test("shows what is known, as text and as JSON", async () => {
    const { url } = await createStore(FILES);
    const text = await runCli(["stat", `${url}/top.bin`]);
    expect(text.stdout).toContain("Size:           2048 (2.00 KiB)\n");
    expect(text.stdout).toContain("Modified:       2026-01-02T03:04:05.000Z\n");
    const json = await runCli(["stat", "--json", `${url}/top.bin`, `${url}/a`]);
    const [file, directory] = lines(json.stdout).map((line) => JSON.parse(line) as object);
    expect(file).toMatchObject({ path: `${url}/top.bin`, kind: "file", mode: "0644" });
    expect(directory).toMatchObject({ kind: "directory" });
  });

  test("of nothing exits with 3", async () => {
    const { url } = await createStore(FILES);
    expect((await runCli(["stat", `${url}/nope`])).code).toBe(3);
  });
});

describe("cat", () => {
  test("writes files one after the other, byte for byte", async () => {
    const { url, storage } = await createStore();
    const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31) % 256);
    await storage.writeAll("bin", bytes);
    await storage.writeAll("end", "end");
    const { code, bytes: got } = await runCli(["cat", `${url}/bin`, `${url}/end`]);
    expect(code).toBe(0);
    expect(Buffer.from(got).equals(Buffer.concat([bytes, Buffer.from("end")]))).toBe(true);
  });

  test("--offset and --count take a piece", async () => {
    const { url } = await createStore({ f: "0123456789" });
    const cat = async (...flags: string[]): Promise<string> =>
      (await runCli(["cat", ...flags, `${url}/f`])).stdout;
    expect(await cat("--offset", "3", "--count", "4")).toBe("3456");
    expect(await cat("--offset", "8")).toBe("89");
    expect(await cat("--count", "2")).toBe("01");
    expect(await cat("--count", "0")).toBe("");
    expect(await cat("--offset", "1K")).toBe("");
  });

  test("refuses a directory with 2, a missing file with 3", async () => {
    const { url } = await createStore(FILES);
    expect(await runCli(["cat", `${url}/a`])).toMatchObject({ code: 2, stdout: "" });
    expect((await runCli(["cat", `${url}/nope`])).code).toBe(3);
  });

  test("what came before an error is written", async () => {
    const { url } = await createStore(FILES);
    expect(await runCli(["cat", `${url}/a/one.txt`, `${url}/nope`])).toMatchObject({
      code: 3,
      stdout: "one",
    });
  });
});

describe("du", () => {
  test("adds up per directory, children first", async () => {
    const { url } = await createStore(FILES);
    const { stdout } = await runCli(["du", url]);
    expect(lines(stdout)).toEqual([`6\t${url}/a/b`, `9\t${url}/a`, `2057\t${url}`]);
  });

  test("-s, -h and -d", async () => {
    const { url } = await createStore(FILES);
    expect((await runCli(["du", "-sh", url])).stdout).toBe(`2.01 KiB\t${url}\n`);
    expect(lines((await runCli(["du", "-d", "1", url])).stdout)).toEqual([
      `9\t${url}/a`,
      `2057\t${url}`,
    ]);
  });

  test("--json counts files too; a file is itself", async () => {
    const { url } = await createStore(FILES);
    const { stdout } = await runCli(["du", "-s", "--json", url]);
    expect(JSON.parse(stdout)).toEqual({ path: url, size: 2057, files: 3 });
    expect((await runCli(["du", `${url}/top.bin`])).stdout).toBe(`2048\t${url}/top.bin\n`);
  });
});
