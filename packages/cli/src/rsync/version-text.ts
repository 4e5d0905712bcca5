/** `--version` and `-VV`: what scripts ask to find out what they may use. */
import { versionText } from "../version.ts";
import { RSYNC_VERSION } from "./rsync-error.ts";

const PROTOCOL = 32;

/** What rsync calls its capabilities, and whether we have them. */
const CAPABILITIES = {
  file_bits: 64,
  inum_bits: 64,
  timestamp_bits: 64,
  long_int_bits: 64,
  socketpairs: false,
  symlinks: true,
  symtimes: true,
  hardlinks: true,
  hardlink_specials: false,
  hardlink_symlinks: false,
  IPv6: true,
  atimes: false,
  batchfiles: false,
  inplace: true,
  append: true,
  ACLs: true,
  xattrs: true,
  secluded_args: false,
  iconv: false,
  prealloc: true,
  stop_at: true,
  crtimes: false,
} as const;

const CHECKSUMS = ["blake3", "sha256", "md5"] as const;

/** The lines of `--version`. */
export function rsyncVersionLines(): readonly string[] {
  const shown = Object.entries(CAPABILITIES).map(([name, value]) => capabilityText(name, value));
  return [
    `rsync  version ${RSYNC_VERSION}  protocol version ${PROTOCOL}`,
    `omnisync ${versionText(["version", "--short"])}: takes the command line of rsync, speaks no rsync protocol`,
    "Capabilities:",
    ...wrap(shown),
    "Checksum list:",
    `    ${CHECKSUMS.join(" ")}`,
    "Compress list:",
    "    none",
  ];
}

/** The JSON of `-VV`. */
export function rsyncVersionJson(): string {
  const facts = {
    program: "rsync",
    version: RSYNC_VERSION,
    protocol: `${PROTOCOL}.0`,
    implementation: `omnisync ${versionText(["version", "--short"])}`,
    capabilities: CAPABILITIES,
    optimizations: { SIMD_roll: false, asm_roll: false, openssl_crypto: true, asm_MD5: false },
    checksum_list: CHECKSUMS,
    compress_list: ["none"],
    daemon_auth_list: [],
    license: "MIT",
  };
  return JSON.stringify(facts, undefined, 2);
}

function capabilityText(name: string, value: number | boolean): string {
  const words = name.replaceAll("_", " ").replace(/^(file|inum|timestamp|long int) bits$/, "$1");
  if (typeof value === "number") return `${value}-bit ${words}s`;
  return value ? words : `no ${words}`;
}

function wrap(words: readonly string[]): readonly string[] {
  const lines: string[] = [];
  let line = "   ";
  for (const [i, word] of words.entries()) {
    const piece = ` ${word}${i < words.length - 1 ? "," : ""}`;
    if (line.length + piece.length > 79) {
      lines.push(line);
      line = "   ";
    }
    line += piece;
  }
  return [...lines, line];
}
