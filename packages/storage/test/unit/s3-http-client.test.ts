/** Connections of our own for what is short, undici for the rest: both behave alike. */
import { type RequestListener, createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { HttpClient } from "../../src/drivers/s3/http-client.ts";
import type { HttpRequest } from "../../src/drivers/s3/http-connection.ts";

async function clientOf(
  answer: RequestListener,
  idleTimeout = 10_000,
): Promise<{ readonly client: HttpClient; readonly sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer(answer).on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const options = {
    connections: 4,
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

test("a header that no header can be is refused by the first client too", async () => {
  const { client } = await clientOf(echo);
  const sent = client.exchange(request({ headers: ["host", "h", "x-a", "a\nb"] }));
  await expect(sent).rejects.toMatchObject({ code: "ERR_INVALID_CHAR" });
});
