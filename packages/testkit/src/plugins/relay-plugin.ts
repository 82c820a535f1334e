import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { findPeer } from "../peers.ts";
import { type AuthoredConfig, writePluginDir } from "./plugin-dir.ts";
import { copyProgram } from "./rootfs.ts";

export interface RelayOptions {
  /** Interface types, e.g. `docker.volumedriver/1.0`. */
  readonly types: readonly string[];
  /** The host's directory with the server's socket; the plugin sees it as `/host`. */
  readonly hostDir: string;
  /** The socket's name there. */
  readonly socket: string;
  /** Whatever else its configuration says, or says otherwise. */
  readonly config?: AuthoredConfig | undefined;
}

/**
 * Lays out a managed plugin that hands every connection to a plugin server on the host, so that one server can be met as a
 * managed plugin and as one that the engine does not manage.
 */
export const writeRelayPlugin = (
  dir: string,
  { types, hostDir, socket, config }: RelayOptions,
): Promise<string> =>
  writePluginDir(
    dir,
    {
      Description: "Relays to a server on the host",
      Documentation: "https://example.org/relay-plugin",
      Interface: { Types: types, Socket: "p.sock" },
      Entrypoint: [
        "/usr/bin/socat",
        "UNIX-LISTEN:/run/docker/plugins/p.sock,fork",
        `UNIX-CONNECT:/host/${socket}`,
      ],
      WorkDir: "/",
      Network: { Type: "" },
      Mounts: [
        {
          Name: "host",
          Description: "where the server listens",
          Settable: null,
          Source: hostDir,
          Destination: "/host",
          Type: "bind",
          Options: ["rbind"],
        },
      ],
      ...config,
    },
    async (rootfs) => {
      await mkdir(join(rootfs, "host"));
      await copyProgram(rootfs, findPeer("socat"), "/usr/bin/socat");
    },
  );
