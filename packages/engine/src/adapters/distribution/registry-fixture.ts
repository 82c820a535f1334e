import { mediaTypes, type RegistryAuth } from "@davit/protocol";
import type { RegistryAccess, RegistrySession } from "../../core/ports/registry.ts";
import { parseReference } from "../../core/reference.ts";
import { RegistryClient, type RegistryClientOptions } from "./registry-client.ts";

export const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: mediaTypes.dockerManifest,
  layers: [],
});

export const captain: RegistryAuth = {
  username: "captain",
  password: "secret",
  serveraddress: "",
  email: "",
  identitytoken: "",
  registrytoken: "",
  auth: "",
};

/** For tests: clients of scripted registries, all gone after `cleanUp`. */
export class RegistryFixture {
  readonly #cleanups: (() => Promise<void>)[] = [];

  onCleanUp(cleanUp: () => Promise<void>): void {
    this.#cleanups.push(cleanUp);
  }

  createClient(options: Partial<RegistryClientOptions> = {}): RegistryClient {
    const client = new RegistryClient({
      insecureRegistries: [],
      registryMirrors: [],
      userAgent: "docker/test",
      retryDelayMs: 1,
      ...options,
    });
    this.onCleanUp(async () => await client.close());
    return client;
  }

  /** The repository `a/b` at `host`. */
  openSession(
    host: string,
    access: Partial<RegistryAccess> = {},
    options: Partial<RegistryClientOptions> = {},
  ): RegistrySession {
    return this.createClient(options).open(parseReference(`${host}/a/b`), {
      actions: "pull",
      resource: "plugin",
      signal: new AbortController().signal,
      ...access,
    });
  }

  async cleanUp(): Promise<void> {
    for (const cleanUp of this.#cleanups.splice(0).reverse()) await cleanUp();
  }
}
