import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  CertificateAuthority,
  ipamDriverAnswers,
  networkDriverAnswers,
  type PluginAnswer,
  type PluginServer,
  type PluginServerOptions,
  startPluginServer,
  writeRelayPlugin,
} from "@davit/testkit";
import type { Davitd } from "./use-davitd.ts";

/** A network and IPAM driver in this process that really connects, and its name at the engine. */
export interface ServedDriver {
  readonly server: PluginServer;
  readonly name: string;
}

/** Serves drivers that the engine finds in one of the forms that there are. They go when `cleanup` does. */
export class NetworkPluginServers {
  readonly #davitd: Davitd;
  readonly #cleanup: AsyncDisposableStack;

  constructor(davitd: Davitd, cleanup: AsyncDisposableStack) {
    this.#davitd = davitd;
    this.#cleanup = cleanup;
  }

  /** By a socket where the engine looks for plugins. */
  async bySocket(name: string, over: Readonly<Record<string, PluginAnswer>> = {}): Promise<ServedDriver> {
    const socket = join(this.#davitd.engine.pluginSocketDir, `${name}.sock`);
    return { name, server: await this.#serve({ socket }, over) };
  }

  /** By a file that names an address, with TLS both ways. */
  async byJson(name: string): Promise<ServedDriver> {
    const { engine, dir } = this.#davitd;
    const authority = await CertificateAuthority.create(dir.path, "ca");
    const own = await authority.issue("server", { altName: "DNS:localhost" });
    const client = await authority.issue("client", { altName: "DNS:engine" });
    const clientCa = await readFile(authority.path, "utf8");
    const server = await this.#serve({ port: 0, tls: { cert: own.cert, key: own.key, clientCa } });
    this.#cleanup.use(await engine.network.letIn(Number(new URL(server.address).port)));
    const TLSConfig = { CAFile: authority.path, CertFile: client.certPath, KeyFile: client.keyPath };
    const file = join(engine.pluginSpecDir, `${name}.json`);
    await writeFile(file, JSON.stringify({ Name: "any", Addr: server.address, TLSConfig }));
    return { name, server };
  }

  /** As a plugin that the engine manages. */
  async managed(name: string): Promise<ServedDriver> {
    const { engine, dir } = this.#davitd;
    const socket = `${name.replaceAll("/", "-")}.sock`;
    const server = await this.#serve({ socket: dir.join(socket) });
    const plugin = await writeRelayPlugin(dir.join(`${socket}-plugin`), {
      types: ["docker.networkdriver/1.0", "docker.ipamdriver/1.0"],
      hostDir: dir.path,
      socket,
    });
    await engine.ok(["plugin", "create", name, plugin]);
    await engine.ok(["plugin", "enable", name]);
    return { name: `${name}:latest`, server };
  }

  async #serve(
    listen: PluginServerOptions["listen"],
    over: Readonly<Record<string, PluginAnswer>> = {},
  ): Promise<PluginServer> {
    const answers = {
      ...networkDriverAnswers(this.#davitd.engine.network),
      ...ipamDriverAnswers(),
      ...over,
    };
    const types = ["NetworkDriver", "IpamDriver"];
    return this.#cleanup.use(await startPluginServer({ implements: types, answers, listen }));
  }
}

/** How often the server was called by each of these methods. */
export const countsOf = (server: PluginServer, methods: readonly string[]): readonly number[] =>
  methods.map((method) => server.methods.filter((each) => each.endsWith(`.${method}`)).length);
