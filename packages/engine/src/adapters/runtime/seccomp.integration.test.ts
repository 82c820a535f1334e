import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TestHost } from "./runtime-fixture.ts";

// What the default filter lets real programs do: this machine's, in a read-only view of its own root file system.

let host: TestHost;
let rootfs: string;
const tmpfs = { destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["rw"] };

beforeAll(async () => {
  host = await TestHost.make();
  rootfs = `${host.dir}/view`;
  mkdirSync(rootfs);
  execFileSync("mount", ["--bind", "/", rootfs]);
  execFileSync("mount", ["--make-private", rootfs]);
});
afterAll(async () => {
  execFileSync("umount", [rootfs]);
  await host.remove();
});

const node = process.execPath;
const nodeScript = `
  const { Worker } = require("node:worker_threads");
  const { execFileSync } = require("node:child_process");
  const fs = require("node:fs");
  const net = require("node:net");
  const watcher = fs.watch("/mnt", (_e, name) => {
    watcher.close();
    const server = net.createServer((c) => c.end("x")).listen("/mnt/s", () => {
      net.connect("/mnt/s").on("data", () => {
        new Worker("0", { eval: true }).on("exit", () => {
          console.log(name, String(execFileSync("echo", ["child"])).trim());
          process.exit();
        });
      });
    });
  });
  fs.writeFileSync("/mnt/f", "x");`;

test.each([
  ["Node: workers, children, sockets, inotify", [node, "-e", nodeScript], "f child"],
  [
    "Python: threads and processes",
    [
      "python3",
      "-c",
      "import threading,subprocess,os\nt=threading.Thread(target=lambda:print(subprocess.check_output(['echo','hi']).decode().strip()));t.start();t.join()",
    ],
    "hi",
  ],
  ["Perl: fork and pipe", ["perl", "-e", "print `echo perl`"], "perl"],
  ["Go", ["runc", "--version"], expect.stringContaining("runc version")],
  ["a shell with a pipeline", ["bash", "-c", "seq 3 | sort -r | head -1"], "3"],
  [
    "chroot, chown and mknod",
    ["bash", "-c", "cd /mnt && touch a && chown 5:6 a && mknod n c 1 3 && chroot / echo ok"],
    "ok",
  ],
])("%s", async (_name, args, output) => {
  expect(await host.run(args, { rootfs, mounts: [tmpfs] })).toEqual({ code: 0, output });
});

test.each([
  ["a user namespace", ["unshare", "-U", "true"]],
  ["a mount", ["mount", "-t", "tmpfs", "x", "/mnt"]],
  [
    "a key ring",
    ["python3", "-c", "import ctypes,sys;sys.exit(ctypes.CDLL(None,use_errno=True).syscall(250,0,-3,0)<0)"],
  ],
])("%s is refused without a capability for it", async (_name, args) => {
  expect((await host.run(args, { rootfs })).code).not.toBe(0);
});

test("with CAP_SYS_ADMIN a mount and a new mount namespace are allowed", async () => {
  const script = "mount -t tmpfs x /mnt && unshare -m true && umount /mnt && echo ok";
  const capabilities = ["CAP_SYS_ADMIN"];
  expect(await host.run(["bash", "-c", script], { rootfs, capabilities })).toEqual({ code: 0, output: "ok" });
});

const fuseScript = `
import ctypes, os
fd = os.open("/dev/fuse", os.O_RDWR)
options = b"fd=%d,rootmode=40000,user_id=0,group_id=0" % fd
if ctypes.CDLL(None, use_errno=True).mount(b"test", b"/mnt", b"fuse", 0, options) != 0:
    raise OSError(ctypes.get_errno(), "mount")
print("opcode", int.from_bytes(os.read(fd, 65536)[4:8], "little"))`;

test.skipIf(!existsSync("/dev/fuse"))("a FUSE file system is mounted and asked to start", async () => {
  const fuse = {
    path: "/dev/fuse",
    type: "c",
    major: 10,
    minor: 229,
    fileMode: 0o600,
    uid: 0,
    gid: 0,
  } as const;
  const result = await host.run(["python3", "-c", fuseScript], {
    rootfs,
    capabilities: ["CAP_SYS_ADMIN"],
    devices: [fuse],
  });
  expect(result).toEqual({ code: 0, output: "opcode 26" });
});
