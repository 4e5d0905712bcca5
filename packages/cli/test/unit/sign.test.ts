/** Signatures of files at hand: made, shown, hidden, taken away. */
import { SIGNATURE_SUFFIX, signObject } from "@omnisync/sync";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { SIGNATURES } from "../../src/listing.ts";
import { contentOf, createStore } from "../memory-store.ts";
import { lines, runCli } from "../run-cli.ts";
import { createTree, treeOf } from "../temp-tree.ts";

/** Two blocks and a bit. */
const CONTENT = "0123456789abcdef".repeat(8192) + "!";

describe("sign", () => {
  test("tells size, blocks, hash and where the signature lies", async () => {
    const root = createTree({ "d/big": CONTENT });
    const { code, stdout, stderr } = await runCli(["sign", "d/big"], { cwd: root });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(lines(stdout)).toEqual([
      "d/big",
      "  size       128 KiB (131073)",
      "  blocks     3 blocks of 64.0 KiB",
      expect.stringMatching(/^ {2}blake3 {5}[0-9a-f]{64}$/),
      "  signature  d/.omnisync/signatures/big.hssig",
    ]);
    expect(existsSync(join(root, "d/.omnisync/signatures/big.hssig"))).toBe(true);
  });

  test("--sidecar, --block-size and --json, at any location", async () => {
    const { url, storage } = await createStore({ "d/big": CONTENT });
    const argv = ["sign", "--sidecar", "-B", "128K", "--json", `${url}/d/big`];
    const { code, stdout } = await runCli(argv);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      path: `${url}/d/big`,
      size: CONTENT.length,
      blockSize: 131_072,
      blocks: 2,
      signature: `${url}/d/big.hssig`,
    });
    expect((await storage.stat("d/big.hssig"))?.size).toBeGreaterThan(80);
  });

  test("what is missing or a directory ends it before anything is read", async () => {
    const root = createTree({ "d/big": CONTENT });
    expect((await runCli(["sign", "d/big", "d/nope"], { cwd: root })).code).toBe(3);
    const directory = await runCli(["sign", "d/big", "d"], { cwd: root });
    expect(directory).toMatchObject({ code: 2, stdout: "" });
    expect(directory.stderr).toContain("d: is a directory: name the files in it");
    expect(treeOf(root)).toEqual({ "d/big": CONTENT });
  });

  test("a file of somebody else's is no place for a sidecar; the others are signed", async () => {
    const root = createTree({ a: CONTENT, "a.hssig": "mine", b: CONTENT });
    const one = await runCli(["sign", "--sidecar", "a"], { cwd: root });
    expect(one.code).toBe(4);
    const { code, stdout, stderr } = await runCli(["sign", "--sidecar", "a", "b"], { cwd: root });
    expect(code).toBe(1);
    expect(stderr).toContain("a.hssig: is a file of somebody else's");
    expect(stdout).toContain("signature  b.hssig");
    expect(readFileSync(join(root, "a.hssig"), "utf8")).toBe("mine");
  });
});

describe("a sidecar", () => {
  test("is told by what the library tells it by", async () => {
    expect(SIGNATURES.suffix).toBe(SIGNATURE_SUFFIX);
    const { storage } = await createStore({ big: CONTENT });
    const signed = await signObject(
      { driver: storage.driver, path: "big" },
      { signatures: "sidecar" },
    );
    const bytes = await storage.readAll(signed.signaturePath);
    expect(Buffer.compare(bytes.subarray(0, 8), SIGNATURES.magic)).toBe(0);
  });

  test("[SY-411] is in no listing; a user's own file is", async () => {
    const { url } = await createStore({ "a/big": CONTENT, "a/my.hssig": "mine" });
    await runCli(["sign", "--sidecar", `${url}/a/big`]);
    expect((await runCli(["ls", "-R", `${url}/a/`])).stdout).toBe("big\nmy.hssig\n");
    const size = CONTENT.length + "mine".length;
    expect((await runCli(["du", "-s", `${url}/a`])).stdout).toBe(`${size}\t${url}/a\n`);
    expect((await runCli(["tree", `${url}/a`])).stdout).not.toContain("big.hssig");
    expect((await runCli(["hashsum", "md5", `${url}/a`])).stdout).not.toContain("big.hssig");
  });

  test("[SY-411] is neither copied nor removed nor compared; a user's own file is", async () => {
    const a = await createStore({ big: CONTENT, "my.hssig": "mine" });
    const b = await createStore();
    const both = [`${a.url}/`, `${b.url}/`];
    await runCli(["sign", "--sidecar", `${a.url}/big`]);
    expect((await runCli(["sync", ...both])).code).toBe(0);
    expect(Object.keys(await contentOf(b.storage))).toEqual(["big", "my.hssig"]);
    await runCli(["sign", "--sidecar", `${b.url}/big`]);
    const again = await runCli(["sync", "--delete", "-vv", ...both]);
    expect(again.stderr).toMatch(/^copied 0 files .*, 2 unchanged, 0 failed$/m);
    expect(again.stdout).not.toContain("big.hssig");
    expect(Object.keys(await contentOf(b.storage))).toEqual(["big", "big.hssig", "my.hssig"]);
    expect((await runCli(["check", ...both])).stderr).toContain("in sync: 2 same");
  });

  test("goes with the directory that is removed", { timeout: 30_000 }, async () => {
    const root = createTree({ "a/big": CONTENT });
    await runCli(["sign", "--sidecar", "a/big"], { cwd: root });
    await runCli(["sign", "a/big"], { cwd: root });
    expect((await runCli(["rm", "-r", "a"], { cwd: root })).code).toBe(0);
    expect(treeOf(root)).toEqual({});
  });
});

test(
  "[SY-412] rm of a file takes its signatures along, on a disk and in a store",
  { timeout: 30_000 },
  async () => {
    const root = createTree({ big: CONTENT });
    const { url, storage } = await createStore({ big: CONTENT, "big.hssig.hssig": "mine" });
    for (const at of [join(root, "big"), `${url}/big`]) {
      await runCli(["sign", at]);
      await runCli(["sign", "--sidecar", at]);
      expect((await runCli(["rm", at])).code).toBe(0);
    }
    expect(treeOf(root)).toEqual({});
    expect(await storage.stat("big.hssig")).toBeUndefined();
    expect(await storage.stat(".omnisync/signatures/big.hssig")).toBeUndefined();
    expect(await storage.stat("big.hssig.hssig")).toBeDefined();
  },
);

test("[SY-412] and so does mv", { timeout: 30_000 }, async () => {
  const root = createTree({ a: CONTENT, b: CONTENT });
  for (const name of ["a", "b"]) {
    await runCli(["sign", name], { cwd: root });
    await runCli(["sign", "--sidecar", name], { cwd: root });
  }
  const { url } = await createStore();
  expect((await runCli(["mv", "a", "c"], { cwd: root })).code).toBe(0);
  expect((await runCli(["mv", "b", `${url}/b`], { cwd: root })).code).toBe(0);
  expect(treeOf(root)).toEqual({ c: CONTENT });
});

test(
  "[SY-412] and so does a plan that is applied, with their directory",
  { timeout: 30_000 },
  async () => {
    const root = createTree({ "from/a": "x", "to/sub/big": CONTENT });
    await runCli(["sign", "--sidecar", "to/sub/big"], { cwd: root });
    await runCli(["plan", "--delete", "-o", "plan", "from/", "to"], { cwd: root });
    const sidecar = readFileSync(join(root, "to/sub/big.hssig"));
    writeFileSync(join(root, "to/sub/gone.hssig"), sidecar);
    expect((await runCli(["apply", "plan"], { cwd: root })).code).toBe(0);
    expect(treeOf(join(root, "to"))).toEqual({ a: "x" });
  },
);

test("mv of a directory to another store leaves none behind, and takes no trash away", async () => {
  const { url, storage } = await createStore({ "d/big": CONTENT, "e/big": CONTENT });
  for (const argv of [[], ["--sidecar"]]) await runCli(["sign", ...argv, `${url}/d/big`]);
  await storage.writeAll("e/.omnisync/trash/old.hssig", "x");
  const root = createTree();
  mkdirSync(join(root, "to"));
  expect((await runCli(["mv", `${url}/d`, "to"], { cwd: root })).code).toBe(0);
  expect(treeOf(root)).toEqual({ "to/d/big": CONTENT });
  expect(await storage.stat("d/big.hssig")).toBeUndefined();
  expect(await storage.stat("d/.omnisync/signatures/big.hssig")).toBeUndefined();
  await runCli(["mv", `${url}/e`, "to"], { cwd: root });
  expect(await storage.stat("e/.omnisync/trash/old.hssig")).toBeDefined();
});
