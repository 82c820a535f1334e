import { expect, test } from "vitest";
import { resolveUser } from "./user.ts";

const passwd = "root:x:0:0:root:/root:/bin/sh\n# comment\n\nalice:x:1000:100:A:/home/alice:/bin/sh\nbroken\n";
const group = "root:x:0:\nusers:x:100:\nwheel:x:10:bob,alice\nvideo:x:44:alice\n";
const resolve = (text: string) => resolveUser(text, passwd, group);

test.each([
  ["", 0, 0, [0]],
  ["root", 0, 0, [0]],
  ["alice", 1000, 100, [100, 10, 44]],
  ["1000", 1000, 100, [100, 10, 44]],
  ["1001", 1001, 0, [0]],
  ["alice:wheel", 1000, 10, [10]],
  ["alice:0", 1000, 0, [0]],
  ["7:9", 7, 9, [9]],
  [":44", 0, 44, [44]],
])("%j is uid %d, gid %d, groups %j", (text, uid, gid, additionalGids) => {
  expect(resolve(text)).toEqual({ uid, gid, additionalGids });
});

test.each([
  ["bob", "unable to find user bob: no matching entries in passwd file"],
  ["alice:staff", "unable to find group staff: no matching entries in group file"],
  ["4294967296", "uids and gids must be in range 0-2147483647"],
])("%j is refused: %s", (text, message) => {
  expect(() => resolve(text)).toThrow(message);
});

test("without passwd and group files numbers are enough", () => {
  expect(resolveUser("5:6", "", "")).toEqual({ uid: 5, gid: 6, additionalGids: [6] });
  expect(resolveUser("", "", "")).toEqual({ uid: 0, gid: 0, additionalGids: [0] });
});
