import { TestHost } from "./runtime-fixture.ts";

// An engine that starts one process and then does nothing but be killed: node engine-fixture.ts DIR ID

const [dir = "", id = ""] = process.argv.slice(2);
const { runtime, ...host } = new TestHost(dir);
const request = new TestHost(dir).request(
  ["/bin/sh", "-c", "echo before; read line < /run/go; echo after; exit 5"],
  { id },
);
await runtime.create(request);
await runtime.start("plugins.moby", id);
process.stdout.write(`started ${host.dir}\n`);
setInterval(() => undefined, 1_000_000);
