/** Starts every server once per run; all test files of the project `servers` share them. */
import type { TestProject } from "vitest/node";
import type { InjectedServer } from "./injected-server.ts";
import { providePrograms } from "./programs.ts";
import { type ProvidedServer, provideServers } from "./provide.ts";
import { SERVER_NAMES } from "./test-server.ts";

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  project.provide("missingPrograms", await providePrograms());
  const provided = await provideServers(SERVER_NAMES);
  const states = Object.values(provided);
  for (const state of states) {
    if (state.kind !== "running") console.error(`Tests of a server cannot run: ${state.reason}`);
  }
  project.provide("servers", {
    radosgw: describe(provided.radosgw),
    swift: describe(provided.swift),
    "nginx-dav": describe(provided["nginx-dav"]),
  });
  return async () => {
    const running = states.filter((state) => state.kind === "running");
    await Promise.all(running.map((state) => state.server.stop()));
  };
}

function describe(provided: ProvidedServer): InjectedServer {
  if (provided.kind !== "running") return provided;
  const { stop: _, ...access } = provided.server;
  return { kind: "running", access };
}
