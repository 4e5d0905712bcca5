import { expect, test } from "vitest";
import { takesXattr } from "../../src/xattr-names.ts";

test.each([
  ["user.color", true, true],
  ["user.rsync.%stat", false, false],
  ["trusted.a", false, true],
  ["security.capability", false, true],
  ["system.posix_acl_access", false, false],
  ["com.apple.quarantine", false, true],
])("[ST-283] %s: for users %s, for the super-user %s", (name, user, superUser) => {
  expect(takesXattr("user", name)).toBe(user);
  expect(takesXattr("not-system", name)).toBe(superUser);
  expect(takesXattr("all", name)).toBe(true);
});
