/** The programs that are compared, and how each is told to do the same thing. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "./measure.ts";

export interface S3Access {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const ROOT: string = join(import.meta.dirname, "..");

/** omnisync as it is installed: bundled, on the Node that the project pins. */
export function omnisync(args: readonly string[], access?: S3Access, cache?: string): Command {
  return {
    program: join(ROOT, "node_modules/.bin/omnisync"),
    args,
    env: {
      PATH: `${join(ROOT, "node_modules/.bin")}:${process.env["PATH"]}`,
      ...credentials(access),
      ...(cache === undefined ? {} : { XDG_CACHE_HOME: cache, XDG_STATE_HOME: cache }),
    },
  };
}

/** rclone, configured by its command line alone. */
export function rclone(args: readonly string[]): Command {
  return { program: "rclone", args: ["--config", "", ...args] };
}

/** A bucket path for rclone. */
export function rclonePath(access: S3Access, path: string, provider = "Ceph"): string {
  const { endpoint, accessKeyId, secretAccessKey } = access;
  const settings = `provider=${provider},access_key_id=${accessKeyId},secret_access_key=${secretAccessKey},endpoint='${endpoint}',no_check_bucket=true,list_version=2`;
  return `:s3,${settings}:${path}`;
}

export function rsync(args: readonly string[]): Command {
  return { program: "rsync", args };
}

export function awsCli(args: readonly string[], access: S3Access): Command {
  const env = {
    ...credentials(access),
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_EC2_METADATA_DISABLED: "true",
  };
  return { program: "/usr/bin/aws", args: ["--endpoint-url", access.endpoint, ...args], env };
}

/** s3cmd takes its settings from a file only. */
export function s3cmd(args: readonly string[], access: S3Access, scratch: string): Command {
  const config = join(scratch, "s3cfg");
  const host = new URL(access.endpoint).host;
  const lines = [
    "[default]",
    `access_key=${access.accessKeyId}`,
    `secret_key=${access.secretAccessKey}`,
    `host_base=${host}`,
    `host_bucket=${host}`,
    "use_https=False",
    "signature_v2=False",
  ];
  if (!existsSync(config)) writeFileSync(config, `${lines.join("\n")}\n`, { mode: 0o600 });
  return { program: "s3cmd", args: ["-c", config, ...args] };
}

function credentials(access: S3Access | undefined): Record<string, string> {
  if (access === undefined) return {};
  return {
    AWS_ACCESS_KEY_ID: access.accessKeyId,
    AWS_SECRET_ACCESS_KEY: access.secretAccessKey,
    AWS_ENDPOINT_URL_S3: access.endpoint,
    AWS_REGION: "us-east-1",
  };
}
