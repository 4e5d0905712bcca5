import { FileDriver, MemoryDriver } from "@omnisync/storage";
import { sync } from "@omnisync/sync";
import { mkdtempSync, rmSync, mkdirSync, writeFileSync } from "node:fs";
const until = Date.now() + 100_000; let n = 0;
while (Date.now() < until) {
  const [a, b] = [mkdtempSync("/tmp/dirs-st-"), mkdtempSync("/tmp/dirs-st-")];
  mkdirSync(a + "/d"); for (const f of ["d/x", "y"]) writeFileSync(a + "/" + f, "x");
  const [from, to] = [a, b].map((root) => new FileDriver({ root }));
  const store = { driver: new MemoryDriver(), path: "" };
  await sync({ driver: from, path: "" }, store); await sync(store, { driver: to, path: "" });
  await Promise.all([from.close(), to.close()]);
  for (const root of [a, b]) rmSync(root, { recursive: true }); n++;
}
console.log(n);
