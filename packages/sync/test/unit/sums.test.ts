import { type Sum, formatSum, parseSums } from "@omnisync/sync";
import { describe, expect, it } from "vitest";

const MD5 = "d41d8cd98f00b204e9800998ecf8427e";
const LONG = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

async function parse(...args: Parameters<typeof parseSums>): Promise<readonly Sum[]> {
  const sums: Sum[] = [];
  for await (const sum of parseSums(...args)) sums.push(sum);
  return sums;
}

describe("checksum files", () => {
  it("[SY-347] reads what md5sum, sha256sum and BSD write", async () => {
    expect(
      await parse([
        "# a comment",
        `${MD5}  a b.txt`,
        `${LONG.toUpperCase()} *./dir/c`,
        "",
        `\\${MD5}  line\\nbreak\\\\`,
        `BLAKE3 (x) = ${LONG}\r`,
        `MD5 (a (1).txt) = ${MD5}`,
      ]),
    ).toEqual([
      { path: "a b.txt", hash: MD5, name: "md5" },
      { path: "dir/c", hash: LONG, name: "sha256" },
      { path: "line\nbreak\\", hash: MD5, name: "md5" },
      { path: "x", hash: LONG, name: "blake3" },
      { path: "a (1).txt", hash: MD5, name: "md5" },
    ]);
    expect(await parse([`${LONG}  x`], "blake3")).toEqual([
      { path: "x", hash: LONG, name: "blake3" },
    ]);
  });

  it("[SY-347] what is written is read back, whatever the name", async () => {
    for (const path of ["a", "a  b", "back\\slash", "line\nbreak\r", "*star", "ü", "a) = b"]) {
      const sum: Sum = { path, hash: MD5, name: "md5" };
      expect(await parse([formatSum(sum)])).toEqual([sum]);
      expect(await parse([formatSum(sum, true)])).toEqual([sum]);
    }
  });

  it("[SY-347] refuses a line that is none, and says which", async () => {
    const good = `${MD5}  a`;
    for (const line of ["nonsense", MD5, `${MD5}aa  a`, `${MD5}  /etc/passwd`, `${MD5}  ../a`]) {
      await expect(parse([good, line])).rejects.toMatchObject({
        code: "invalid-argument",
        message: expect.stringContaining("line 2") as string,
      });
    }
    await expect(parse([good], "sha1")).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(parse([`MD5 (a) = ${MD5}`], "sha1")).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });
});
