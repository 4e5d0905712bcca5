/** Opens connections to one host. */
import { type OnReadOpts, type Socket, connect as connectPlainly, isIP } from "node:net";
import { connect as connectSecurely } from "node:tls";
import { certificates } from "./http-limits.ts";

/** Begins a connection, which can be written to after `readyEvent`. */
export interface Dialer {
  readonly readyEvent: "connect" | "secureConnect";
  dial(onread: OnReadOpts): Socket;
}

export function makeDialer(origin: string, caBundle: string | undefined): Dialer {
  const { protocol, hostname, port } = new URL(origin);
  const isSecure = protocol === "https:";
  const common = {
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port) || (isSecure ? 443 : 80),
  };
  if (!isSecure) {
    return {
      readyEvent: "connect",
      dial: (onread) => connectPlainly({ ...common, onread }),
    };
  }
  const tls = {
    ...certificates(caBundle),
    ALPNProtocols: ["http/1.1"],
    // An address is no name that a server could be asked for.
    ...(isIP(common.host) === 0 ? { servername: common.host } : {}),
  };
  let session: Buffer | undefined;
  return {
    readyEvent: "secureConnect",
    dial(onread) {
      const options = { ...common, ...tls, onread, ...(session === undefined ? {} : { session }) };
      const socket = connectSecurely(options);
      return socket.on("session", (fresh) => (session = fresh));
    },
  };
}
