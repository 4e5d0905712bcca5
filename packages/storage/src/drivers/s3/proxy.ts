/**
 * Which proxy a request takes, from the environment, as curl has it: `https_proxy` or `http_proxy` by
 * the scheme of the endpoint, then `all_proxy`; lower case before upper case; `no_proxy` lists hosts
 * that go direct. Two differences, both as Go and most tools have it: the own machine is always reached
 * directly, and the upper-case `HTTP_PROXY` counts, except inside a CGI program, where a
 * client's `Proxy:` header sets it (https://httpoxy.org).
 */
import { isIP } from "node:net";

import { StorageError } from "../../errors.ts";
import { isLoopback } from "./host.ts";
import type { Environment } from "./shared-config.ts";

/**
 * The proxy for `url`, or `undefined` to go direct. May hold a password: never to be shown.
 * @throws StorageError `invalid-argument` that names the variable, for a proxy that cannot be used.
 */
export function proxyFor(url: string, env: Environment): string | undefined {
  const { protocol, hostname, port } = new URL(url);
  const host = bare(hostname);
  if (isLoopback(host)) return undefined;
  const [variable, value] = pick(protocol, env) ?? [];
  if (variable === undefined || value === undefined) return undefined;
  const direct = env["no_proxy"] || env["NO_PROXY"] || "";
  const at = port === "" ? (protocol === "https:" ? "443" : "80") : port;
  return goesDirect(direct, host, at) ? undefined : checked(variable, value);
}

function pick(protocol: string, env: Environment): readonly [string, string] | undefined {
  const names =
    protocol === "https:"
      ? ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
      : ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
  for (const name of names) {
    if (name === "HTTP_PROXY" && env["REQUEST_METHOD"]) continue;
    const value = env[name];
    if (value) return [name, value];
  }
  return undefined;
}

/** `*`, or a list of hosts: each stands for itself and what lies under it, at its port if it has one. */
function goesDirect(list: string, host: string, port: string): boolean {
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === "") return false;
      if (entry === "*") return true;
      const [name, at] = splitPort(entry);
      if (at !== undefined && at !== port) return false;
      const suffix = name.replace(/^\*?\./, "");
      return host === suffix || (suffix !== "" && isIP(host) === 0 && host.endsWith(`.${suffix}`));
    });
}

function splitPort(entry: string): readonly [name: string, port: string | undefined] {
  if (isIP(entry) === 6) return [entry, undefined];
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(entry);
  return match === null ? [entry, undefined] : [bare(match[1] as string), match[2]];
}

function checked(variable: string, value: string): string {
  const text = value.includes("://") ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url.href.replace(/\/$/, "");
  throw new StorageError("invalid-argument", {
    message: `${variable} is not an HTTP proxy; write http://host:port, or put the endpoint's host into NO_PROXY`,
  });
}

/** Host without the brackets of IPv6, nor the root's dot. */
function bare(host: string): string {
  return host
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
}
