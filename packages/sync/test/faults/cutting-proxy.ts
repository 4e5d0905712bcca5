/** A way to a server that breaks where a test wants it to: after so many bytes, with a TCP reset. */
import { once } from "node:events";
import { type AddressInfo, type Socket, connect, createServer } from "node:net";

/** `up`: requests. `down`: answers. */
export type Direction = "up" | "down";

export interface Cut {
  readonly direction: Direction;
  /** Bytes that come through before it. */
  readonly after: number;
  /**
   * `once`: one connection is reset, when so many bytes went through all of them together. `each`: every
   * connection is, after so many of its own.
   */
  readonly of: "once" | "each";
}

export interface CuttingProxy {
  readonly port: number;
  /** Plans a cut, or none, and counts from 0 again. */
  plan(cut?: Cut): void;
  /** Bytes that went through since. */
  readonly passed: Readonly<Record<Direction, number>>;
  /** Connections that were cut since. */
  readonly cuts: number;
  close(): Promise<void>;
}

export async function startCuttingProxy(target: number): Promise<CuttingProxy> {
  const passed = { up: 0, down: 0 };
  let cuts = 0;
  let cut: Cut | undefined;
  const open = new Set<Socket>();

  /** How many bytes of a chunk may pass before the cut; `undefined`: all, and no cut. */
  const left = (direction: Direction, own: number, size: number): number | undefined => {
    if (cut?.direction !== direction || (cut.of === "once" && cuts > 0)) return undefined;
    const rest = cut.after - (cut.of === "once" ? passed[direction] : own);
    return size >= rest ? rest : undefined;
  };
  const pump = (direction: Direction, from: Socket, to: Socket): void => {
    let own = 0;
    from.on("data", (chunk: Buffer) => {
      const most = left(direction, own, chunk.byteLength);
      passed[direction] += chunk.byteLength;
      own += chunk.byteLength;
      if (most === undefined) return void to.write(chunk);
      cuts++;
      from.pause();
      to.write(chunk.subarray(0, most), () => {
        from.resetAndDestroy();
        to.resetAndDestroy();
      });
    });
    from.on("end", () => to.end());
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
  };

  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: target, host: "127.0.0.1", noDelay: true });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
    }
    pump("up", client, upstream);
    pump("down", upstream, client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    passed,
    get cuts() {
      return cuts;
    },
    plan(wanted) {
      cut = wanted;
      cuts = 0;
      passed.up = 0;
      passed.down = 0;
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
