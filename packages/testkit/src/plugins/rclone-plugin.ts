import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { findPeer } from "../peers.ts";
import { writePluginDir } from "./plugin-dir.ts";
import { copyInto, copyProgram } from "./rootfs.ts";

/** The real `rclone serve docker` as a managed plugin; its remote is a directory of the host. https://rclone.org/docker/ */
export const writeRclonePlugin = (dir: string, backend: string): Promise<string> =>
  writePluginDir(
    dir,
    {
      Description: "Rclone volume plugin",
      Documentation: "https://rclone.org/docker/",
      Interface: { Types: ["docker.volumedriver/1.0"], Socket: "rclone.sock" },
      Entrypoint: ["/usr/bin/rclone", "serve", "docker"],
      Args: { Name: "args", Settable: ["value"], Value: ["--base-dir=/mnt", "--allow-other"] },
      Env: [
        { Name: "RCLONE_VERBOSE", Settable: ["value"], Value: "1" },
        { Name: "RCLONE_CONFIG", Value: "/root/rclone.conf" },
        { Name: "RCLONE_CACHE_DIR", Value: "/root/cache" },
        { Name: "RCLONE_VFS_WRITE_BACK", Value: "0s" },
      ],
      WorkDir: "/root",
      Network: { Type: "host" },
      PropagatedMount: "/mnt",
      Linux: { Capabilities: ["CAP_SYS_ADMIN"], Devices: [{ Name: "fuse", Path: "/dev/fuse" }] },
      Mounts: [
        {
          Name: "backend",
          Description: "the directory that holds the files",
          Settable: ["source"],
          Source: backend,
          Destination: "/backend",
          Type: "bind",
          Options: ["rbind"],
        },
      ],
    },
    async (rootfs) => {
      for (const folder of ["mnt", "root/cache", "backend", "tmp"]) {
        await mkdir(join(rootfs, folder), { recursive: true });
      }
      await copyProgram(rootfs, findPeer("rclone"), "/usr/bin/rclone");
      // Debian's rclone still calls it by its name of FUSE 2.
      await copyProgram(rootfs, findPeer("fusermount3"), "/usr/bin/fusermount");
      await copyInto(rootfs, "/etc/ssl/certs/ca-certificates.crt");
    },
  );
