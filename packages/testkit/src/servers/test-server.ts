export const SERVER_NAMES: readonly ["radosgw", "swift", "nginx-dav"] = [
  "radosgw",
  "swift",
  "nginx-dav",
];
export type ServerName = (typeof SERVER_NAMES)[number];

/** How to reach a running server. Plain data, so that it can be handed to other processes. */
export interface ServerAccess {
  readonly name: ServerName;
  /** Such as `http://127.0.0.1:21000`. */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

/** A server that this process started. It ends with `stop`, or with this process, however that dies. */
export interface TestServer extends ServerAccess {
  /** Ends its processes and removes its folder. May be called twice. */
  stop(): Promise<void>;
}
