import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { HttpConnection } from "../../src/drivers/s3/http-connection.ts";

const SIZE = 24 * 1024 * 1024 + 7;
const content = Buffer.alloc(SIZE, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));

let server: Server | undefined;
let connection: HttpConnection | undefined;

afterEach(async () => {
  await connection?.close();
  server?.closeAllConnections();
  server?.close();
});

async function connect(answer: (response: ServerResponse) => void): Promise<HttpConnection> {
  server = createServer((_request, response) => answer(response));
  await new Promise<void>((done) => server!.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const options = {
    connections: 4,
    idleTimeout: 5000,
    connectTimeout: 5000,
    caBundle: undefined,
    proxy: undefined,
  };
  connection = new HttpConnection(`http://127.0.0.1:${port}`, options);
  return connection;
}

function request(signal?: AbortSignal): Parameters<HttpConnection["open"]>[0] {
  return {
    method: "GET",
    path: "/",
    headers: [],
    body: undefined,
    signal,
    answerTimeout: undefined,
  };
}

test.each([
  ["of known length", true],
  ["in HTTP's own chunks", false],
])("several slow readers each get the bytes of a long body %s", async (_name, known) => {
  const http = await connect((response) => {
    if (known) response.setHeader("content-length", SIZE);
    response.end(content);
  });
  const readAll = async (): Promise<Buffer> => {
    const { body } = await http.open(request());
    const copies: Buffer[] = [];
    for await (const chunk of body) {
      await sleep(1);
      copies.push(Buffer.from(chunk));
    }
    return Buffer.concat(copies);
  };
  for (let round = 0; round < 2; round++) {
    for (const got of await Promise.all([readAll(), readAll(), readAll()])) {
      expect(got.equals(content)).toBe(true);
    }
  }
});

test("a few bytes come without waiting for more", async () => {
  const http = await connect((response) => {
    response.setHeader("content-length", 10);
    response.write("12345");
  });
  const { body } = await http.open(request());
  expect((await body.next()).value).toEqual(Buffer.from("12345"));
  body.destroy();
});

test("what came before a break is given, then the error", async () => {
  const http = await connect((response) => {
    response.setHeader("content-length", 10);
    response.write("12345", () => setTimeout(() => response.destroy(), 50));
  });
  const { body } = await http.open(request());
  expect((await body.next()).value).toEqual(Buffer.from("12345"));
  await expect(body.next()).rejects.toMatchObject({ code: "UND_ERR_SOCKET" });
});

test("an abort ends the wait for a body that gives nothing", async () => {
  const http = await connect((response) => {
    response.setHeader("content-length", 10);
    response.flushHeaders();
  });
  const abort = new AbortController();
  const { body } = await http.open(request(abort.signal));
  setTimeout(() => abort.abort(), 20);
  await expect(body.next()).rejects.toMatchObject({ name: "AbortError" });
});
