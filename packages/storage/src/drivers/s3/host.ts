/** What a host name is, as far as addressing a bucket and choosing a proxy need it. */
import { isIP } from "node:net";

/** The own machine: `localhost`, names under it, 127.0.0.0/8 and ::1. Takes IPv6 with or without brackets. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (isIP(name) === 4) return name.startsWith("127.");
  return name === "::1" || name === "localhost" || name.endsWith(".localhost");
}

/** An address, or a name without a dot (`minio` in a container network): no name can stand before it. */
export function isAddressOrBareName(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, "");
  return isIP(name) !== 0 || isLoopback(name) || !name.includes(".");
}
