/** rsync's exit codes, with the words that go with them in its last line. */
import { UsageError } from "../usage-error.ts";

/** From rsync's errcode.h and log.c. */
export const RSYNC_CODES = {
  syntax: [1, "syntax or usage error"],
  "file-select": [3, "errors selecting input/output files, dirs"],
  unsupported: [4, "requested action not supported"],
  socket: [10, "error in socket IO"],
  "file-io": [11, "error in file IO"],
  "message-io": [13, "errors with program diagnostics"],
  signal: [20, "received SIGINT, SIGTERM, or SIGHUP"],
  partial: [23, "some files/attrs were not transferred (see previous errors)"],
  vanished: [24, "some files vanished before they could be transferred"],
  "max-delete": [25, "the --max-delete limit stopped deletions"],
  timeout: [30, "timeout in data send/receive"],
  "connect-timeout": [35, "timeout waiting for daemon connection"],
} as const;

export type RsyncCode = keyof typeof RSYNC_CODES;

/** What ends a run of rsync's command line before anything was done. */
export class RsyncError extends UsageError {
  override readonly name: string = "RsyncError";
  readonly code: RsyncCode;

  constructor(code: RsyncCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** `rsync error: … (code 23) at omnisync [sender=3.5.0]`. */
export function rsyncErrorLine(code: RsyncCode): string {
  const [number, words] = RSYNC_CODES[code];
  const kind = code === "vanished" ? "warning" : "error";
  return `rsync ${kind}: ${words} (code ${number}) at omnisync [sender=${RSYNC_VERSION}]`;
}

/** The rsync whose command line this is. */
export const RSYNC_VERSION = "3.5.0";
