/** Connections of our own for what is short, undici for the rest: both behave alike. */
import { type RequestListener, createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { HttpClient } from "../../src/drivers/s3/http-client.ts";
import type { HttpRequest } from "../../src/drivers/s3/http-connection.ts";

async function clientOf(
  answer: RequestListener,
  idleTimeout = 10_000,
  connections = 4,
): Promise<{ readonly client: HttpClient; readonly sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer(answer).on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const options = {
    connections,
    idleTimeout,
    connectTimeout: 10_000,
    caBundle: undefined,
    proxy: undefined,
  };
  const client = new HttpClient(`http://127.0.0.1:${port}`, options);
  onTestFinished(async () => {
    await client.close();
    server.close();
  });
  return { client, sockets };
}

function request(more: Partial<HttpRequest> = {}): HttpRequest {
  const headers = ["host", "store.example.org", "x-amz-meta-a", "b"];
  const rest = { body: undefined, signal: undefined, answerTimeout: undefined };
  return { method: "GET", path: "/bucket?list-type=2", headers, ...rest, ...more };
}

const echo: RequestListener = (incoming, response) => {
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
  incoming.on("end", () => {
    const { method, url, headers } = incoming;
    const told = { method, url, host: headers.host, meta: headers["x-amz-meta-a"] };
    const length = headers["content-length"];
    const body = Buffer.concat(chunks).toString();
    response.setHeader("x-amz-meta-name", Buffer.from("Übung").toString("latin1"));
    response.setHeader("x-twice", ["1", "2"]);
    const answer = JSON.stringify({ ...told, length, body });
    // A HEAD that tells no length makes Node's client close the connection.
    response.setHeader("content-length", Buffer.byteLength(answer)).end(answer);
  });
};

test("requests one after the other, then many at once: the same answers", async () => {
  const { client, sockets } = await clientOf(echo);
  const requests = [
    request(),
    request({ method: "HEAD" }),
    request({
      method: "PUT",
      headers: ["host", "h", "content-length", "4"],
      body: Buffer.from("body"),
    }),
    request({ method: "POST" }),
  ];
  const alone: Awaited<ReturnType<typeof client.exchange>>[] = [];
  for (const each of requests) alone.push(await client.exchange(each));
  expect(sockets.size).toBe(1);
  const together = await Promise.all(requests.map((each) => client.exchange(each)));
  expect(sockets.size).toBeGreaterThan(1);
  const seen = (answers: typeof alone): unknown =>
    answers.map(({ status, headers, body }) => {
      const { "x-amz-meta-name": name, "x-twice": twice } = headers;
      return { status, name, twice, body: body.toString() };
    });
  expect(seen(alone)).toEqual(seen(together));
  expect(alone[0]).toMatchObject({ status: 200, headers: { "x-twice": ["1", "2"] } });
  expect(JSON.parse(String(alone[2]?.body))).toMatchObject({ body: "body", length: "4" });
  expect(JSON.parse(String(alone[3]?.body))).toMatchObject({ method: "POST", length: "0" });
});

test("a server that says nothing, or breaks off, is an error of the first client too", async () => {
  const { client } = await clientOf((incoming, response) => {
    if (incoming.url === "/silent") return;
    response.writeHead(200, { "content-length": "10" });
    response.write("half", () => incoming.url === "/broken" && response.destroy());
  }, 100);
  const failing = (path: string): Promise<unknown> => client.exchange(request({ path }));
  await expect(failing("/silent")).rejects.toMatchObject({ code: "UND_ERR_HEADERS_TIMEOUT" });
  await expect(failing("/stuck")).rejects.toMatchObject({ code: "UND_ERR_BODY_TIMEOUT" });
  await expect(failing("/broken")).rejects.toMatchObject({ code: "ECONNRESET" });
});

test("an abort and a close end what is under way", async () => {
  const { client } = await clientOf(() => {});
  await expect(client.exchange(request({ signal: AbortSignal.abort() }))).rejects.toThrow(
    "aborted",
  );
  await expect(client.exchange(request({ signal: AbortSignal.timeout(50) }))).rejects.toThrow(
    "aborted",
  );
  const sent = client.exchange(request());
  setTimeout(() => void client.close(), 50);
  await expect(sent).rejects.toMatchObject({ code: "UND_ERR_DESTROYED" });
  const late = client.exchange(request());
  await expect(late).rejects.toMatchObject({ code: "UND_ERR_DESTROYED" });
});

test("no more requests at once than connections, whichever way they go; first come, first served", async () => {
  let now = 0;
  let most = 0;
  const order: (string | undefined)[] = [];
  const { client } = await clientOf(
    (incoming, response) => {
      order.push(incoming.url);
      most = Math.max(most, ++now);
      incoming.resume();
      setTimeout(() => {
        now--;
        response.end("answer");
      }, 5);
    },
    10_000,
    2,
  );
  const large = Buffer.alloc(300 * 1024);
  const headers = ["content-length", String(large.length)];
  const streamed = async (path: string): Promise<unknown> =>
    Array.fromAsync((await client.open(request({ path }))).body);
  await streamed("/first");
  const sent: Promise<unknown>[] = [];
  for (let i = 0; i < 5; i++) {
    sent.push(client.exchange(request({ path: `/${i}/short` })));
    sent.push(
      client.exchange(request({ method: "PUT", path: `/${i}/large`, headers, body: large })),
    );
    sent.push(streamed(`/${i}/streamed`));
  }
  await Promise.all(sent);
  expect(most).toBe(2);
  expect(order.filter((path) => path?.endsWith("/short"))).toEqual(
    [0, 1, 2, 3, 4].map((i) => `/${i}/short`),
  );
});

test("who waits for a connection can leave; a stream that is left gives its connection back", async () => {
  const { client } = await clientOf(
    (incoming, response) => {
      if (incoming.url === "/endless") response.write("x".repeat(1024));
      else response.end();
    },
    10_000,
    1,
  );
  const stream = await client.open(request({ path: "/endless" }));
  const waiting = client.exchange(request({ signal: AbortSignal.timeout(30) }));
  await expect(waiting).rejects.toMatchObject({ code: "aborted" });
  const next = client.exchange(request());
  stream.body.destroy();
  expect(await next).toMatchObject({ status: 200 });
  const failing = client.open(request({ signal: AbortSignal.abort() }));
  await expect(failing).rejects.toThrow("aborted");
  expect(await client.exchange(request())).toMatchObject({ status: 200 });
});

test("a header that no header can be is refused by the first client too", async () => {
  const { client } = await clientOf(echo);
  const sent = client.exchange(request({ headers: ["host", "h", "x-a", "a\nb"] }));
  await expect(sent).rejects.toMatchObject({ code: "ERR_INVALID_CHAR" });
});
