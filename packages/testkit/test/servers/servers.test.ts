import { serverOrSkip } from "@omnisync/testkit/servers/inject";
import { expect, test } from "vitest";

for (const name of ["radosgw", "swift"] as const) {
  const server = serverOrSkip(name);
  if (server === undefined) continue;
  test(`${name} answers as S3 does to a wrong signature`, async () => {
    const soon = Math.floor(Date.now() / 1000) + 600;
    const credentials = `AWSAccessKeyId=nobody&Signature=wrong&Expires=${soon}`;
    const response = await fetch(`${server.endpoint}/some-bucket/some-key?${credentials}`);
    expect(response.status).toBe(403);
    expect(await response.text()).toMatch(/<Code>(InvalidAccessKeyId|SignatureDoesNotMatch)</);
  });
}

const sink = serverOrSkip("nginx-dav");
if (sink !== undefined) {
  test("nginx-dav keeps what is put, and lists nothing", async () => {
    const url = `${sink.endpoint}/bucket/folder/a%20b`;
    const put = await fetch(url, { method: "PUT", body: "content" });
    expect([put.status, put.headers.get("etag")]).toEqual([201, '"sink-1"']);
    expect(await (await fetch(url)).text()).toBe("content");
    const list = await fetch(`${sink.endpoint}/bucket?list-type=2&prefix=folder`);
    expect(await list.text()).toContain("<KeyCount>0</KeyCount>");
  });
}
