import type { MissingPrograms } from "./programs.ts";
import type { ServerAccess, ServerName } from "./test-server.ts";

/** What a test file learns of a server. Plain data: it goes to other processes. */
export type InjectedServer =
  | { readonly kind: "running"; readonly access: ServerAccess }
  | { readonly kind: "missing" | "broken"; readonly reason: string };

declare module "vitest" {
  export interface ProvidedContext {
    servers: Readonly<Record<ServerName, InjectedServer>>;
    missingPrograms: MissingPrograms;
  }
}
