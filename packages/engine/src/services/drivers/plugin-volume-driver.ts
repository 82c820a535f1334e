import { describeIssue, volumeDriverResponses } from "@davit/protocol";
import type * as z from "zod";
import { EngineError, isCanceled, messageOf, PluginRefusal } from "../../core/errors.ts";
import type { DriverCall } from "../../core/ports/driver-call.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { VolumeDriver } from "../../core/ports/volume-driver.ts";
import { describeEndpoint, type PluginEndpoint } from "../endpoints/plugin-endpoint.ts";
import { AskedOnce } from "./asked-once.ts";

const minuteMs = 60_000;

type Method = keyof typeof volumeDriverResponses;

export interface PluginVolumeDriverOptions {
  readonly endpoint: PluginEndpoint;
  readonly logger: Logger;
}

/** Volumes by a plugin. https://docs.docker.com/engine/extend/plugins_volume/ */
export class PluginVolumeDriver implements VolumeDriver {
  readonly name: string;
  readonly #options: PluginVolumeDriverOptions;
  readonly #scope = new AskedOnce<"local" | "global">("VolumeDriver.Capabilities", (call) =>
    this.#askScope(call),
  );

  constructor(options: PluginVolumeDriverOptions) {
    this.name = options.endpoint.name;
    this.#options = options;
  }

  /** Asked once per connection; a plugin that cannot say is local. */
  async capabilities(call: DriverCall = {}): Promise<{ scope: "local" | "global" }> {
    return { scope: await this.#scope.get(call) };
  }

  async create(
    name: string,
    options: Readonly<Record<string, string>>,
    call: DriverCall = {},
  ): Promise<void> {
    const Opts = Object.keys(options).length === 0 ? null : options;
    await this.#call(
      "VolumeDriver.Create",
      volumeDriverResponses["VolumeDriver.Create"],
      { Name: name, Opts },
      2 * minuteMs,
      call,
    );
  }

  async remove(name: string, call: DriverCall = {}): Promise<void> {
    await this.#call(
      "VolumeDriver.Remove",
      volumeDriverResponses["VolumeDriver.Remove"],
      { Name: name },
      minuteMs,
      call,
    );
  }

  async mount(name: string, mountId: string, call: DriverCall = {}): Promise<string> {
    const answer = await this.#call(
      "VolumeDriver.Mount",
      volumeDriverResponses["VolumeDriver.Mount"],
      { Name: name, ID: mountId },
      2 * minuteMs,
      call,
    );
    if (answer.Mountpoint === "") {
      throw new EngineError(
        "internal",
        `VolumeDriver.Mount: ${this.name} answered no mountpoint for ${name}`,
      );
    }
    const path = await this.#options.endpoint.toRealPath(answer.Mountpoint);
    if (path !== undefined) return path;
    throw new EngineError(
      "internal",
      `plugin ${this.name} answered the path ${JSON.stringify(answer.Mountpoint)}, where there is nothing`,
    );
  }

  async unmount(name: string, mountId: string, call: DriverCall = {}): Promise<void> {
    await this.#call(
      "VolumeDriver.Unmount",
      volumeDriverResponses["VolumeDriver.Unmount"],
      { Name: name, ID: mountId },
      minuteMs,
      call,
    );
  }

  /**
   * The protocol has no word for "no such volume": an answer that carries an error, as most plugins give, means it;
   * a plugin that does not answer does not.
   */
  async get(name: string, call: DriverCall = {}) {
    try {
      const { Volume } = await this.#call(
        "VolumeDriver.Get",
        volumeDriverResponses["VolumeDriver.Get"],
        { Name: name },
        minuteMs,
        call,
      );
      return Volume === undefined
        ? undefined
        : { ...Volume, Mountpoint: await this.#mountpoint(Volume.Mountpoint) };
    } catch (error) {
      if (error instanceof EngineError && error.kind === "internal") {
        this.#options.logger.debug(
          { driver: this.name, volume: name, err: error },
          "driver has no such volume",
        );
        return undefined;
      }
      throw error;
    }
  }

  async list(call: DriverCall = {}) {
    const { Volumes } = await this.#call(
      "VolumeDriver.List",
      volumeDriverResponses["VolumeDriver.List"],
      {},
      minuteMs,
      call,
    );
    return Volumes.map((volume) => this.#onHost(volume));
  }

  /** Files are looked at by it, so links in it are the plugin's; one that means what is not the plugin's is not told. */
  async #mountpoint(inside: string): Promise<string> {
    if (inside === "") return "";
    try {
      return (await this.#options.endpoint.toRealPath(inside)) ?? this.#options.endpoint.toHostPath(inside);
    } catch (error) {
      this.#options.logger.warn({ driver: this.name, reason: messageOf(error) }, "mountpoint cannot be used");
      return "";
    }
  }

  #onHost<Volume extends { readonly Mountpoint: string }>(volume: Volume): Volume {
    return volume.Mountpoint === ""
      ? volume
      : { ...volume, Mountpoint: this.#options.endpoint.toHostPath(volume.Mountpoint) };
  }

  async #askScope(call: DriverCall): Promise<"local" | "global"> {
    const { name } = this;
    const { logger } = this.#options;
    try {
      const { Capabilities } = await this.#call(
        "VolumeDriver.Capabilities",
        volumeDriverResponses["VolumeDriver.Capabilities"],
        {},
        minuteMs,
        call,
      );
      const scope = Capabilities?.Scope.toLowerCase() ?? "";
      if (scope !== "" && scope !== "local" && scope !== "global") {
        logger.warn({ driver: name, scope }, "volume driver has an unknown scope: taken as local");
      }
      return scope === "global" ? "global" : "local";
    } catch (error) {
      if (isCanceled(error) || (error instanceof EngineError && error.kind === "unavailable")) throw error;
      logger.debug(
        { driver: name, err: error },
        "volume driver does not tell its capabilities: taken as local",
      );
      return "local";
    }
  }

  async #call<Answer extends { readonly Err: string }>(
    method: Method,
    schema: z.ZodType<Answer>,
    body: object,
    timeoutMs: number,
    call: DriverCall,
  ): Promise<Answer> {
    const answer = await this.#options.endpoint.connection.call(method, body, { timeoutMs, ...call });
    const result = schema.safeParse(answer);
    if (!result.success) {
      const reason = `${method}: undecodable answer: ${describeIssue(result.error)}`;
      const whose = describeEndpoint(this.#options.endpoint);
      throw new EngineError("internal", `${whose}: ${reason}`, { cause: result.error });
    }
    if (result.data.Err !== "") throw new PluginRefusal(result.data.Err);
    return result.data;
  }
}
