/** A proxy that counts requests by method and changes nothing, not even the Host header that was signed. */
import { Agent, type IncomingMessage, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

export interface CountingProxy {
  readonly endpoint: string;
  /** Requests by method since the last `take`. */
  take(): Readonly<Record<string, number>>;
  close(): void;
}

export async function countingProxy(target: string): Promise<CountingProxy> {
  let counts: Record<string, number> = {};
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const server = createServer((incoming, answer) => {
    counts[incoming.method!] = (counts[incoming.method!] ?? 0) + 1;
    const { method, url, headers } = incoming;
    const forward = (reply: IncomingMessage): void => {
      answer.writeHead(reply.statusCode!, reply.headers);
      reply.pipe(answer);
    };
    incoming.pipe(request({ hostname, port, method, path: url, headers, agent }, forward));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
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
