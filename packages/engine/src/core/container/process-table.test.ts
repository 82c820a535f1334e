import { expect, test } from "vitest";
import { checkPsArguments, processTable } from "./process-table.ts";

const output = `UID   PID  PPID CMD
root  1    0    /sbin/init  -x
root  12   1    sleep 5
`;

test("the lines of a container's processes are kept, the last column whole", () => {
  expect(processTable(output, new Set([1]))).toEqual({
    titles: ["UID", "PID", "PPID", "CMD"],
    processes: [["root", "1", "0", "/sbin/init -x"]],
  });
});

test("a table without PIDs is refused", () => {
  expect(() => processTable("COMMAND\nsleep\n", new Set())).toThrow("Couldn't find PID field in ps output");
});

test("arguments are split at white space, and may not call another column PID", () => {
  expect(checkPsArguments("")).toEqual(["-ef"]);
  expect(checkPsArguments("-o  pid,comm")).toEqual(["-o", "pid,comm"]);
  expect(checkPsArguments("-o pid=PID")).toEqual(["-o", "pid=PID"]);
  expect(() => checkPsArguments("-o ppid=PID")).toThrow('specifying "ppid=PID" is not allowed');
});
