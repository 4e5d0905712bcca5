import {
  type OptionDescriptor,
  type SettingSources,
  type Settings,
  flagName,
  redactSettings,
  resolveSettings,
} from "@omnisync/storage";
import { describe, expect, test } from "vitest";

const endpoint: OptionDescriptor = {
  name: "endpoint",
  type: "string",
  default: "default.example",
  env: ["X_ENDPOINT", "ENDPOINT"],
  flag: true,
  help: "Where it is.",
};
const secretKey: OptionDescriptor = {
  name: "secretKey",
  type: "string",
  env: ["X_SECRET"],
  flag: false,
  help: "The key.",
  secret: true,
};

function option(
  type: OptionDescriptor["type"],
  more: Partial<OptionDescriptor> = {},
): OptionDescriptor {
  return { name: "value", type, flag: true, help: "A value.", ...more };
}

function resolve(sources: SettingSources, ...descriptors: readonly OptionDescriptor[]): Settings {
  return resolveSettings("x", descriptors, sources);
}

describe("where a setting comes from", () => {
  const sources = {
    explicit: { endpoint: "explicit" },
    flags: { endpoint: "flag" },
    env: { X_ENDPOINT: "first", ENDPOINT: "second" },
  };

  test.each<readonly [string, SettingSources, string]>([
    ["explicit wins", sources, "explicit"],
    ["then the flag", { ...sources, explicit: {} }, "flag"],
    ["then the first variable", { env: sources.env }, "first"],
    ["then the next variable", { env: { ENDPOINT: "second" } }, "second"],
    ["an empty variable is none", { env: { X_ENDPOINT: "", ENDPOINT: "second" } }, "second"],
    ["then the default", {}, "default.example"],
    [
      "undefined is not given",
      { explicit: { endpoint: undefined }, flags: { endpoint: undefined } },
      "default.example",
    ],
  ])("%s", (_, from, value) => {
    expect(resolve(from, endpoint)).toEqual({ endpoint: value });
  });

  test("the environment of the process is not looked at", () => {
    process.env["X_ENDPOINT"] = "from the process";
    try {
      expect(resolve({}, endpoint)).toEqual({ endpoint: "default.example" });
    } finally {
      delete process.env["X_ENDPOINT"];
    }
  });

  test("nothing given and no default: not there", () => {
    expect(resolve({}, secretKey)).toEqual({});
  });
});

describe("values", () => {
  test.each<readonly [OptionDescriptor, string | number | boolean, unknown]>([
    [option("string"), "x", "x"],
    [option("string"), 5, "5"],
    [option("boolean"), true, true],
    [option("boolean"), "YES", true],
    [option("boolean"), "1", true],
    [option("boolean"), "off", false],
    [option("integer"), "42", 42],
    [option("integer"), 0, 0],
    [option("size"), "5MiB", 5_242_880],
    [option("size"), 1000, 1000],
    [option("duration"), "1h30m", 5_400_000],
    [option("duration"), 250.5, 250.5],
    [option("choice", { choices: ["a", "b"] }), "b", "b"],
  ])("%# %o", (descriptor, given, value) => {
    expect(resolve({ explicit: { value: given } }, descriptor)).toEqual({ value });
  });

  test.each<readonly [OptionDescriptor, string | number | boolean]>([
    [option("boolean"), "maybe"],
    [option("boolean"), ""],
    [option("integer"), "-1"],
    [option("integer"), "1.5"],
    [option("integer"), 1.5],
    [option("integer"), "9007199254740993"],
    [option("integer"), ""],
    [option("size"), "5X"],
    [option("size"), -1],
    [option("size"), NaN],
    [option("duration"), "60"],
    [option("duration"), -1],
    [option("duration"), NaN],
    [option("duration"), Infinity],
    [option("choice", { choices: ["a", "b"] }), "c"],
    [option("choice"), "c"],
  ])("%# %o is refused, by name", (descriptor, given) => {
    expect(() => resolve({ explicit: { value: given } }, descriptor)).toThrow(
      expect.objectContaining({
        code: "invalid-argument",
        message: expect.stringMatching(/^value: /),
      }),
    );
  });

  test("a bad variable is named as such", () => {
    const retries = option("integer", { env: ["X_RETRIES"] });
    expect(() => resolve({ env: { X_RETRIES: "many" } }, retries)).toThrow(
      'X_RETRIES: "many" is not a whole number',
    );
  });

  test("a bad secret is not shown", () => {
    for (const type of ["integer", "size", "duration", "boolean", "choice"] as const) {
      const secret = option(type, { secret: true, env: ["X_SECRET"] });
      const attempt = (): Settings => resolve({ env: { X_SECRET: "hunter2" } }, secret);
      expect(attempt).toThrow(/^X_SECRET: /);
      expect(attempt).not.toThrow(/hunter2/);
    }
  });
});

test.each(["explicit", "flags"])("an unknown name in %s is refused", (source) => {
  expect(() => resolve({ [source]: { endpont: "x" } }, endpoint, secretKey)).toThrow(
    'the x driver has no option "endpont"; it knows: endpoint, secretKey',
  );
});

test("flags are named after driver and option", () => {
  expect(flagName("s3", { ...endpoint, name: "forcePathStyle" })).toBe("--s3-force-path-style");
});

test("secrets are replaced, the rest is shown", () => {
  const settings = { endpoint: "e", secretKey: "hunter2" };
  expect(redactSettings([endpoint, secretKey], settings)).toEqual({
    endpoint: "e",
    secretKey: "<redacted>",
  });
  expect(settings.secretKey).toBe("hunter2");
});
