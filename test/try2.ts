import { startDavitd, busyboxRootfs, runCommand } from "@davit/testkit";
await using e = await startDavitd("-D");
await e.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
for (const a of [["-i"], []]) {
console.log(await runCommand("timeout", ["4", "docker", "run", "--rm", ...a, "--network", "none", "busybox", "sh", "-c", "cat; echo oops >&2; exit 7"], { env: e.environment(), input: "typed" }));
}
console.log((await runCommand("sh", ["-c", "ps axf | grep -E 'socat|conmon|runc' | grep -v grep"])).stdout);
console.log(e.log.join("\n"));
