/**
 * One signature or one delta, in a process of its own, so that it is measured like any other program:
 * `sign FILE SIGNATURE THREADS`, `match SIGNATURE FILE`, which prints how many bytes are new, `hash FILE`.
 */
import { createReadStream, statSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { decodeSignature, deltaOfFile, encodeSignature, signFile } from "@omnisync/delta";

const [command, ...args] = process.argv.slice(2);
if (command === "sign") await sign(args[0]!, args[1]!, args[2] === "2" ? 2 : 1);
else if (command === "hash") await hash(args[0]!);
else await match(args[0]!, args[1]!);

async function sign(file: string, target: string, threads: 1 | 2): Promise<void> {
  const signature = await signFile(file, { threads });
  writeFileSync(target, Buffer.concat([...encodeSignature(signature)]));
}

/** As before an upload: the signature of the new content is made too. */
async function match(source: string, file: string): Promise<void> {
  const old = await decodeSignature(createReadStream(source));
  const { ops } = await deltaOfFile(file, old);
  console.log([...ops].reduce((sum, op) => (op.kind === "insert" ? sum + op.length : sum), 0));
}

/** In a thread, as `hashsum` does. */
async function hash(file: string): Promise<void> {
  const { FileDriver } = await import("@omnisync/storage");
  const driver = new FileDriver({ root: dirname(file) });
  const length = statSync(file).size;
  const block = { offset: 0, length, hashes: ["blake3"], hashOnly: true } as const;
  console.log((await driver.readBlock(basename(file), block)).hashes.blake3);
  await driver.close();
}
