import { expect } from "vitest";
import { expectOnly, getText, put, refused } from "./content.ts";
import { ODD_NAMES } from "./odd-names.ts";
import type { Suite } from "./suite.ts";

export function addPresignTests(suite: Suite): void {
  if (!suite.capabilities.presign) return;

  suite.test("ST-190", "whoever has the URL reads", async ({ driver }) => {
    await put(driver, "dir/file", "content");
    const url = await driver.presign!("dir/file", { method: "GET", expiresIn: 60 });
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("content");
  });

  suite.test("ST-190", "whoever has the URL writes", async ({ driver }) => {
    const contentType = "text/x-signed";
    const url = await driver.presign!("dir/file", { method: "PUT", expiresIn: 60, contentType });
    const headers = { "content-type": contentType };
    const response = await fetch(url, { method: "PUT", body: "from afar", headers });
    expect(response.ok, String(response.status)).toBe(true);
    await response.body?.cancel();
    await expectOnly(driver, "dir/file", "from afar");
    if (suite.capabilities.contentType)
      expect((await driver.stat("dir/file"))?.contentType).toBe(contentType);
  });

  suite.test("ST-12 ST-190", "odd names", async ({ driver }) => {
    await Promise.all(
      ODD_NAMES.map(async (name) => {
        const path = `${name}/${name}`;
        const put = await driver.presign!(path, { method: "PUT", expiresIn: 60 });
        const sent = await fetch(put, { method: "PUT", body: name });
        expect(sent.ok, `${JSON.stringify(name)} ${sent.status}`).toBe(true);
        await sent.body?.cancel();
        expect(await getText(driver, path), JSON.stringify(name)).toBe(name);
        const url = await driver.presign!(path, { method: "GET", expiresIn: 60 });
        const got = Buffer.from(await (await fetch(url)).arrayBuffer());
        expect(got.toString(), JSON.stringify(name)).toBe(name);
      }),
    );
  });

  suite.test("ST-191", "changed, or used for something else", async ({ driver }) => {
    await put(driver, "file", "content");
    await put(driver, "fila", "other");
    const url = await driver.presign!("file", { method: "GET", expiresIn: 60 });
    const attempts = [
      fetch(url.replace("/file?", "/fila?")),
      fetch(url, { method: "PUT", body: "overwritten" }),
      fetch(url, { method: "DELETE" }),
    ];
    for (const response of await Promise.all(attempts)) {
      expect(response.status).toBeGreaterThanOrEqual(400);
      await response.body?.cancel();
    }
    expect(await getText(driver, "file")).toBe("content");
    expect(await getText(driver, "fila")).toBe("other");
  });

  suite.test("ST-192", "times that are none", async ({ driver }) => {
    for (const expiresIn of [0, -1, 1.5, 604_801, NaN])
      await refused(driver.presign!("file", { method: "GET", expiresIn }), "invalid-argument");
    for (const expiresIn of [1, 604_800])
      expect(await driver.presign!("file", { method: "GET", expiresIn })).toMatch(/^https?:/);
  });
}
