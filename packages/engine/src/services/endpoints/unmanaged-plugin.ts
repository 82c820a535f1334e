import { activationSchema, describeIssue } from "@davit/protocol";
import { EngineError, isCanceled, PluginRefusal, PluginUnreachable, wrapError } from "../../core/errors.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { CallOptions, PluginConnection } from "../../core/ports/plugin-connection.ts";
import type { PluginDefinition } from "../../core/ports/plugin-discovery.ts";
import { describeEndpoint, type PluginCapability } from "./plugin-endpoint.ts";

/** As `Plugin.Activate` names them, compared to the letter. */
const interfaces = {
  volumedriver: "VolumeDriver",
  networkdriver: "NetworkDriver",
  ipamdriver: "IpamDriver",
  authz: "authz",
  logdriver: "LogDriver",
  metricscollector: "MetricsCollector",
} as const satisfies Record<PluginCapability, string>;

/** An engine that asks what a plugin is cannot go on before it knows. */
const activationMs = 60_000;

/** A plugin as one definition tells of it: another definition, or another socket, is another of these. */
export class UnmanagedPlugin {
  readonly definition: PluginDefinition;
  /** Fulfilled with the names of its interfaces. */
  readonly activated: Promise<ReadonlySet<string>>;
  readonly openedAt = performance.now();
  readonly #connection: PluginConnection;
  #interfaces: ReadonlySet<string> = new Set();
  #calls = 0;
  #hasStreams = false;
  #isRetired = false;

  constructor(definition: PluginDefinition, connection: PluginConnection) {
    this.definition = definition;
    this.#connection = connection;
    this.activated = this.#activate();
    // Whoever waits for it is told; by then everybody may have gone.
    this.activated.catch(() => undefined);
  }

  /** Whether it is known to serve something. */
  serves(capability: PluginCapability): boolean {
    return this.#interfaces.has(interfaces[capability]);
  }

  /** Fails, in dockerd's words, for one that does not serve it. */
  require(capability: PluginCapability): void {
    if (this.serves(capability)) return;
    const { name, path } = this.definition;
    throw new EngineError(
      "internal",
      `Plugin does not implement the requested driver: plugin="${name}", requested implementation="${interfaces[capability]}" (${path})`,
    );
  }

  async call(method: string, body: object | undefined, options: CallOptions): Promise<unknown> {
    this.#calls += 1;
    try {
      return await this.#connection.call(method, body, options);
    } catch (error) {
      throw this.#explain(error);
    } finally {
      this.#calls -= 1;
      this.#closeIfDone();
    }
  }

  async stream(method: string, body: object | undefined, options: CallOptions): Promise<ByteStream> {
    this.#hasStreams = true;
    try {
      return await this.#connection.stream(method, body, options);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Whether another has taken its place. */
  get isRetired(): boolean {
    return this.#isRetired;
  }

  /** Another takes its place: calls under way go on, and streams to their end. */
  retire(): void {
    this.#isRetired = true;
    this.#closeIfDone();
  }

  close(): void {
    this.#connection.close();
  }

  #closeIfDone(): void {
    if (this.#isRetired && this.#calls === 0 && !this.#hasStreams) this.close();
  }

  async #activate(): Promise<ReadonlySet<string>> {
    const answer = await this.call("Plugin.Activate", undefined, { timeoutMs: activationMs });
    const parsed = activationSchema.safeParse(answer);
    if (!parsed.success) {
      const reason = `Plugin.Activate: undecodable answer: ${describeIssue(parsed.error)}`;
      throw this.#explain(new EngineError("internal", reason, { cause: parsed.error }));
    }
    this.#interfaces = new Set(parsed.data.Implements);
    return this.#interfaces;
  }

  /** Says whose failure it is; what the plugin itself said stays as it is. */
  #explain(error: unknown): unknown {
    if (error instanceof PluginRefusal || isCanceled(error)) return error;
    const { name, path } = this.definition;
    const explained = wrapError(describeEndpoint({ name, definedBy: path }), error);
    return error instanceof PluginUnreachable
      ? new PluginUnreachable(explained.message, { cause: error })
      : explained;
  }
}
