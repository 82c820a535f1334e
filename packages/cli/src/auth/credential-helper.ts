import { spawn } from "node:child_process";
import { goObject } from "@davit/protocol";
import * as z from "zod";
import { readText } from "../client/read-body.ts";
import { errnoOf, Failure, messageOf } from "../failure.ts";

const credentialsSchema = goObject({
  ServerURL: z.string().default(""),
  Username: z.string().default(""),
  Secret: z.string().default(""),
});

export interface HelperCredentials {
  readonly username: string;
  readonly secret: string;
}

/** A helper tells an identity token apart from a password by this user name. */
export const tokenUser = "<token>";

/** Talks to `docker-credential-<name>`. https://github.com/docker/docker-credential-helpers */
export class CredentialHelper {
  readonly #program: string;
  readonly #env: Readonly<Record<string, string | undefined>>;

  constructor(name: string, env: Readonly<Record<string, string | undefined>>) {
    this.#program = `docker-credential-${name}`;
    this.#env = env;
  }

  /** Undefined if it knows none for this server. */
  async get(server: string, signal: AbortSignal): Promise<HelperCredentials | undefined> {
    const { code, output } = await this.#call("get", server, signal);
    if (code !== 0) {
      if (/credentials not found/i.test(output)) return undefined;
      throw this.#failure("get", output);
    }
    try {
      const { Username, Secret } = credentialsSchema.parse(JSON.parse(output));
      return { username: Username, secret: Secret };
    } catch (error) {
      throw this.#failure("get", messageOf(error));
    }
  }

  async store(server: string, credentials: HelperCredentials, signal: AbortSignal): Promise<void> {
    const input = { ServerURL: server, Username: credentials.username, Secret: credentials.secret };
    const { code, output } = await this.#call("store", JSON.stringify(input), signal);
    if (code !== 0) throw this.#failure("store", output);
  }

  async erase(server: string, signal: AbortSignal): Promise<void> {
    const { code, output } = await this.#call("erase", server, signal);
    if (code !== 0 && !/credentials not found/i.test(output)) throw this.#failure("erase", output);
  }

  #failure(action: string, reason: string): Failure {
    return new Failure(`error doing "${action}" with credentials: ${this.#program}: ${reason.trim()}`);
  }

  async #call(action: string, input: string, signal: AbortSignal): Promise<{ code: number; output: string }> {
    const child = spawn(this.#program, [action], {
      env: { ...this.#env },
      stdio: ["pipe", "pipe", "inherit"],
      signal,
    });
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    child.on("error", (error) => {
      const reason = errnoOf(error) === "ENOENT" ? "executable file not found in $PATH" : messageOf(error);
      reject(signal.aborted ? signal.reason : this.#failure(action, reason));
    });
    child.on("close", (code) => resolve(code ?? 1));
    // A helper that exits without reading says by its exit code what is wrong.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    const [code, output] = await Promise.all([promise, readText(child.stdout)]);
    return { code, output };
  }
}
