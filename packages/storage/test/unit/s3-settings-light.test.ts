import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { expect, test } from "vitest";

const run = promisify(execFile);

test("importing the package loads neither the HTTP client, AWS's packages nor the driver", async () => {
  const index = new URL("../../src/index.ts", import.meta.url).href;
  const script = `
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
    await import(${JSON.stringify(index)});
    console.log(loaded.join("\\n"));`;
  const args = ["-C", "x-source", "--input-type=module", "-e", script];
  const { stdout } = await run(process.execPath, args);
  expect(stdout).toContain("drivers/s3/index.ts");
  expect(stdout).not.toMatch(
    /undici|@aws-sdk|@smithy|s3-driver|s3-settings|credential|provider-table/,
  );
});
