import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "./free-ports.ts";
import { listens } from "./http-ready.ts";
import { ServerHome, inHome } from "./server-home.ts";

export interface ForwardProxy {
  /** Without credentials: `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** The requests that went through it until now, as `CONNECT host:port` or `GET http://host:port/path`. */
  requests(): readonly string[];
  stop(): Promise<void>;
}

export interface ForwardProxyOptions {
  /** Whom it lets through. Default: everybody. */
  readonly login?: { readonly user: string; readonly password: string } | undefined;
}

/** A forward proxy, as companies have them: CONNECT for TLS, whole URLs for plain HTTP. */
export async function startTinyproxy(options: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  const home = new ServerHome("tinyproxy");
  return inHome(home, async () => {
    const port = await freePorts(1);
    writeFileSync(join(home.directory, "tinyproxy.conf"), tinyproxyConf(port, options));
    home.start("tinyproxy", "tinyproxy", ["-d", "-c", "tinyproxy.conf"]);
    await home.ready("tinyproxy", () => listens(port));
    return {
      url: `http://127.0.0.1:${port}`,
      requests: () =>
        loggedRequests(readFileSync(join(home.directory, "log/tinyproxy.log"), "utf8")),
      stop: () => home.stop(),
    };
  });
}

function tinyproxyConf(port: number, { login }: ForwardProxyOptions): string {
  const auth = login === undefined ? "" : `BasicAuth ${login.user} ${login.password}\n`;
  return `Port ${port}\nListen 127.0.0.1\nMaxClients 200\nTimeout 60\nLogLevel Info\n${auth}`;
}

/** `CONNECT   Nov 20 16:00:00.123 [1]: Request (file descriptor 5): GET http://… HTTP/1.1` */
function loggedRequests(log: string): readonly string[] {
  return [...log.matchAll(/Request \(file descriptor \d+\): (\S+ \S+) HTTP/g)].map(
    ([, request]) => request as string,
  );
}
