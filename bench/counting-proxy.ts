/**
 * A proxy that counts requests by method, and bytes of bodies, and changes nothing, not even the Host
 * header that was signed. Either end may be killed.
 */
import { Agent, type IncomingMessage, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

export interface CountingProxy {
  readonly endpoint: string;
  /** Bytes of bodies so far: of requests, of answers. */
  readonly sent: number;
  readonly received: number;
  /** Requests by method since the last `take`. */
  take(): Readonly<Record<string, number>>;
  close(): void;
}

export async function countingProxy(target: string): Promise<CountingProxy> {
  let counts: Record<string, number> = {};
  const bytes = { sent: 0, received: 0 };
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const server = createServer((incoming, answer) => {
    counts[incoming.method!] = (counts[incoming.method!] ?? 0) + 1;
    const { method, url, headers } = incoming;
    const forward = (reply: IncomingMessage): void => {
      reply.on("data", (chunk: Buffer) => (bytes.received += chunk.length));
      answer.writeHead(reply.statusCode!, reply.headers);
      reply.pipe(answer);
    };
    const outgoing = request({ hostname, port, method, path: url, headers, agent }, forward);
    incoming.on("data", (chunk: Buffer) => (bytes.sent += chunk.length));
    incoming.on("error", () => outgoing.destroy());
    answer.on("close", () => answer.writableEnded || outgoing.destroy());
    outgoing.on("error", () => answer.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get sent() {
      return bytes.sent;
    },
    get received() {
      return bytes.received;
    },
    take() {
      const taken = counts;
      counts = {};
      return taken;
    },
    close() {
      server.close();
      server.closeAllConnections();
      agent.destroy();
    },
  };
}
