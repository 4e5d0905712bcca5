/** Connections of our own, against servers that do exactly what they are told. */
import { execFile } from "node:child_process";
import { type AddressInfo, type Socket, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import type { HttpAnswer, HttpRequest } from "../../src/drivers/s3/http-connection.ts";
import { HttpPool } from "../../src/drivers/s3/http-pool.ts";

const EMPTY = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

interface Call {
  readonly socket: Socket;
  /** Which connection it came by, from 0. */
  readonly by: number;
  readonly path: string;
  readonly data: Buffer;
}

interface Settings {
  readonly idleTimeout?: number;
  readonly connectTimeout?: number;
  readonly scheme?: string;
}

/** A server that calls `answer` for the head of each request, and a pool on it. */
async function poolOn(
  answer: (call: Call) => void | Promise<void>,
  { scheme = "http", ...settings }: Settings = {},
): Promise<{
  readonly pool: HttpPool;
  readonly sockets: readonly Socket[];
  readonly port: number;
}> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    const by = sockets.push(socket) - 1;
    socket.on("error", () => {});
    socket.on("data", (data) => {
      const path = /^[A-Z]+ (\S+) HTTP\/1\.1\r\n/.exec(data.toString("latin1"))?.[1];
      if (path !== undefined) void answer({ socket, by, path, data });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const rest = { caBundle: undefined, proxy: undefined };
  const limits = { connections: 2, idleTimeout: 10_000, connectTimeout: 10_000 };
  const pool = new HttpPool(`${scheme}://127.0.0.1:${port}`, { ...rest, ...limits, ...settings });
  onTestFinished(() => {
    pool.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { pool, sockets, port };
}

function get(path: string, more: Partial<HttpRequest> = {}): HttpRequest {
  const rest = { body: undefined, signal: undefined, answerTimeout: undefined };
  return { method: "GET", path, headers: ["host", "h"], ...rest, ...more };
}

const statuses = (answers: readonly HttpAnswer[]): readonly number[] =>
  answers.map(({ status }) => status);

const pause = (ms = 20): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test("as many connections as there are requests at once, and each is used again", async () => {
  const { pool, sockets } = await poolOn(({ socket }) => {
    setTimeout(() => socket.write(EMPTY), 5);
  });
  for (let i = 0; i < 5; i++) {
    await Promise.all(["/a", "/b", "/c"].map((path) => pool.exchange(get(path))));
  }
  expect(sockets).toHaveLength(3);
});

test("head and body arrive as they are, by one write", async () => {
  const received: string[] = [];
  const { pool } = await poolOn(({ socket, data }) => {
    received.push(data.toString("latin1"));
    socket.write(EMPTY);
  });
  const headers = ["host", "h", "x-a", "\xe9"];
  await pool.exchange(get("/a", { method: "PUT", headers, body: Buffer.from([0, 255]) }));
  await pool.exchange(get("/b", { method: "PUT" }));
  expect(received).toEqual([
    "PUT /a HTTP/1.1\r\nhost: h\r\nx-a: \xe9\r\n\r\n\0\xff",
    "PUT /b HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n",
  ]);
});

test.for([
  ["a name", get("/", { headers: ["x:y", "1"] })],
  ["the end of a line", get("/", { headers: ["x", "1\r\ny: 2"] })],
  ["a NUL", get("/", { headers: ["x", "\0"] })],
  ["more than Latin-1", get("/", { headers: ["x", "\u0100"] })],
  ["a blank in the path", get("/a b")],
] as const)("%s that no head can hold is refused, and costs no connection", async ([, request]) => {
  const { pool, sockets } = await poolOn(({ socket }) => void socket.write(EMPTY));
  await expect(pool.exchange(request)).rejects.toMatchObject({ code: "ERR_INVALID_CHAR" });
  expect(sockets).toHaveLength(0);
});

test("a connection that the server closed while it was idle is not used again", async () => {
  const { pool, sockets } = await poolOn(({ socket, by }) => {
    if (by === 0) socket.end(EMPTY);
    else socket.write(EMPTY);
  });
  await pool.exchange(get("/a"));
  await pause();
  expect(await pool.exchange(get("/b"))).toMatchObject({ status: 200 });
  expect(sockets).toHaveLength(2);
});

test("a server that closes a connection as it is used again: an error that may be tried again", async () => {
  const { pool } = await poolOn(({ socket, path }) => {
    if (path === "/a") socket.write(EMPTY);
    else socket.destroy();
  });
  await pool.exchange(get("/a"));
  await expect(pool.exchange(get("/b"))).rejects.toMatchObject({ code: "ECONNRESET" });
});

test.for([
  ["it says so", "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"],
  [
    "it is kept too shortly",
    "HTTP/1.1 200 OK\r\nkeep-alive: timeout=1\r\ncontent-length: 0\r\n\r\n",
  ],
  ["it is HTTP/1.0", "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n"],
  ["something follows the answer", `${EMPTY}?`],
] as const)("a connection is not used again where %s", async ([, answer]) => {
  const { pool, sockets } = await poolOn(({ socket }) => void socket.write(answer));
  await pool.exchange(get("/a")).catch(() => {});
  await pool.exchange(get("/b")).catch(() => {});
  expect(sockets).toHaveLength(2);
});

test("what a server sends to an idle connection is no answer to the next request", async () => {
  const { pool, sockets } = await poolOn(({ socket, by }) => {
    socket.write(EMPTY);
    if (by === 0) setTimeout(() => socket.write("HTTP/1.1 418 No\r\n\r\n"), 5);
  });
  expect(statuses([await pool.exchange(get("/a"))])).toEqual([200]);
  await pause();
  expect(statuses([await pool.exchange(get("/b"))])).toEqual([200]);
  expect(sockets).toHaveLength(2);
});

test("what comes before a request was sent is no answer to it, and the request stays here", async () => {
  const paths: string[] = [];
  const { pool, sockets } = await poolOn(({ socket, path }) => {
    paths.push(path);
    socket.write(EMPTY);
  });
  await pool.exchange(get("/a"));
  // From here the event loop reads before it comes to what is to be written.
  await new Promise(setImmediate);
  sockets[0]?.write("HTTP/1.1 418 No\r\ncontent-length: 0\r\n\r\n");
  await expect(pool.exchange(get("/b"))).rejects.toMatchObject({ code: "ECONNRESET" });
  await pool.exchange(get("/c"));
  expect(paths).toEqual(["/a", "/c"]);
});

test("an abort before a request was sent: it stays here", async () => {
  const paths: string[] = [];
  const { pool } = await poolOn(({ socket, path }) => {
    paths.push(path);
    socket.write(EMPTY);
  });
  await pool.exchange(get("/a"));
  const leaving = new AbortController();
  const sent = pool.exchange(get("/b", { signal: leaving.signal }));
  leaving.abort();
  await expect(sent).rejects.toMatchObject({ name: "AbortError" });
  await pool.exchange(get("/c"));
  expect(paths).toEqual(["/a", "/c"]);
});

test("an answer that comes before all was sent counts; the connection does not", async () => {
  const { pool, sockets } = await poolOn(({ socket }) => {
    socket.pause();
    socket.write("HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n");
  });
  // More than the system takes over at once.
  const body = Buffer.alloc(16 * 1024 * 1024);
  const put = get("/a", { method: "PUT", headers: ["content-length", String(body.length)], body });
  expect(await pool.exchange(put)).toMatchObject({ status: 403 });
  await pool.exchange(get("/b"));
  expect(sockets).toHaveLength(2);
});

test("an abort rejects at once and hurts nobody else", async () => {
  const { pool, sockets } = await poolOn(({ socket, path }) => {
    if (path !== "/stuck") setTimeout(() => socket.write(EMPTY), 50);
  });
  const leaving = new AbortController();
  const stuck = pool.exchange(get("/stuck", { signal: leaving.signal }));
  const other = pool.exchange(get("/other", { signal: leaving.signal }));
  const last = pool.exchange(get("/last"));
  await pause();
  leaving.abort();
  for (const each of [stuck, other]) {
    await expect(each).rejects.toMatchObject({ name: "AbortError" });
  }
  expect(await last).toMatchObject({ status: 200 });
  expect(sockets).toHaveLength(3);
  await expect(pool.exchange(get("/late", { signal: AbortSignal.abort() }))).rejects.toMatchObject({
    name: "AbortError",
  });
});

test("an abort while the connection is made", async () => {
  const { pool } = await poolOn(() => {}, { scheme: "https" });
  const sent = pool.exchange(get("/", { signal: AbortSignal.timeout(30) }));
  await expect(sent).rejects.toMatchObject({ name: "AbortError" });
});

test("a connection that is not made in time, an answer that does not begin, one that stops", async () => {
  const half = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf";
  const { pool } = await poolOn(
    ({ socket, path }) => void (path === "/half" && socket.write(half)),
    { idleTimeout: 50 },
  );
  const sent = (path: string): Promise<unknown> => pool.exchange(get(path));
  await expect(sent("/none")).rejects.toMatchObject({ code: "UND_ERR_HEADERS_TIMEOUT" });
  await expect(sent("/half")).rejects.toMatchObject({ code: "UND_ERR_BODY_TIMEOUT" });
  const tls = await poolOn(() => {}, { scheme: "https", connectTimeout: 50 });
  await expect(tls.pool.exchange(get("/"))).rejects.toMatchObject({
    code: "UND_ERR_CONNECT_TIMEOUT",
  });
});

test("a request that may take longer does; a slow answer is not late while it comes", async () => {
  const { pool } = await poolOn(
    async ({ socket }) => {
      await pause(200);
      for (const piece of ["HTTP/1.1 200 OK\r\n\r\n", "a", "b", "c"]) {
        socket.write(piece);
        await pause(60);
      }
      socket.end();
    },
    { idleTimeout: 100 },
  );
  const answer = await pool.exchange(get("/", { answerTimeout: 2000 }));
  expect(String(answer.body)).toBe("abc");
});

test("a close ends all, and nothing begins after it", async () => {
  const { pool } = await poolOn(() => {});
  const sent = [pool.exchange(get("/a")), pool.exchange(get("/b"))];
  await pause();
  pool.close();
  const late = pool.exchange(get("/c"));
  for (const each of [...sent, late]) {
    await expect(each).rejects.toMatchObject({ code: "UND_ERR_DESTROYED" });
  }
});

test("nobody listens: every request is told so", async () => {
  const { pool, port } = await poolOn(() => {});
  pool.close();
  const options = { connections: 1, idleTimeout: 1000, connectTimeout: 1000 };
  const rest = { caBundle: undefined, proxy: undefined };
  const gone = new HttpPool(`http://127.0.0.2:${port}`, { ...options, ...rest });
  const sent = ["/a", "/b", "/c"].map((path) => gone.exchange(get(path)));
  for (const each of sent) await expect(each).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("a request keeps the process alive, an idle connection does not", async () => {
  const { port } = await poolOn(({ socket }) => void setTimeout(() => socket.write(EMPTY), 100));
  const file = fileURLToPath(new URL("../../src/drivers/s3/http-pool.ts", import.meta.url));
  const code = `
    const { HttpPool } = await import(${JSON.stringify(file)});
    const options = { connections: 1, idleTimeout: 60000, connectTimeout: 60000 };
    const pool = new HttpPool("http://127.0.0.1:${port}", options);
    const request = { method: "GET", path: "/", headers: [] };
    void pool.exchange(request).then(({ status }) => {
      console.log(status);
      process.on("exit", () => console.log(performance.now() - ended < 1000));
      const ended = performance.now();
    });`;
  const argv = ["-C", "x-source", "--input-type=module", "-e", code];
  const { stdout } = await promisify(execFile)(process.execPath, argv);
  expect(stdout).toBe("200\ntrue\n");
});
