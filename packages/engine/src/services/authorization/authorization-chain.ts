import { abortable } from "../../core/abortable.ts";
import {
  authorizationCall,
  type ShownRequest,
  type ShownResponse,
} from "../../core/authorization/question.ts";
import { type Verdict, verdictOf } from "../../core/authorization/verdict.ts";
import { EngineError, messageOf, wrapError } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { PluginEndpoints } from "../endpoints/plugin-endpoint.ts";

export interface AuthorizationChainOptions {
  readonly endpoints: PluginEndpoints;
  readonly logger: Logger;
  /** As they are now: SIGHUP changes them. */
  readonly settings: () => {
    /** Plugins as they are configured, in the order in which they are asked. */
    readonly names: readonly string[];
    /** How long one answer of one plugin may take. */
    readonly timeoutMs: number;
  };
}

type Method = "AuthZPlugin.AuthZReq" | "AuthZPlugin.AuthZRes";

/** One request on its way through the chain as it was when the request came. */
export interface Authorization {
  /** Forbidden if a plugin says no, internal if one cannot be asked. To be called before the response is asked about. */
  allowRequest(request: ShownRequest): Promise<void>;
  allowResponse(response: ShownResponse): Promise<void>;
}

/**
 * The plugins that must allow each request of the API, and each answer. Whatever keeps one of them from answering refuses: a
 * plugin that is missing, disabled, starting, silent, broken.
 */
export class AuthorizationChain {
  readonly #options: AuthorizationChainOptions;
  readonly #opened = Promise.withResolvers<void>();

  constructor(options: AuthorizationChainOptions) {
    this.#options = options;
  }

  /** For one request; undefined where nobody has to be asked. */
  begin(signal: AbortSignal): Authorization | undefined {
    const { names, timeoutMs } = this.#options.settings();
    if (names.length === 0) return undefined;
    const chain = [...new Set(names.map((name) => this.#options.endpoints.canonicalName(name)))];
    let asked: ShownRequest | undefined;
    return {
      allowRequest: async (request) => {
        asked = request;
        await this.#askAll(chain, "AuthZPlugin.AuthZReq", { request, timeoutMs, signal });
      },
      allowResponse: async (response) => {
        if (asked === undefined) throw new Error("a response is authorised before its request");
        await this.#askAll(chain, "AuthZPlugin.AuthZRes", { request: asked, response, timeoutMs, signal });
      },
    };
  }

  /** From now on plugins are asked; until then requests wait, for as long as one answer may take. Logs which cannot be asked. */
  async open(): Promise<void> {
    this.#opened.resolve();
    const check = (name: string): Promise<void> =>
      this.#requireServing(name).catch((error: unknown) => {
        this.#options.logger.error(
          { plugin: name, reason: messageOf(error) },
          "authorization plugin cannot be asked: every request is denied until it can, or until authorization-plugins is changed and SIGHUP sent",
        );
      });
    await Promise.all(this.#options.settings().names.map(check));
  }

  /** Fails if a plugin that is not in the chain yet could not be asked. */
  async requireUsable(names: readonly string[]): Promise<void> {
    const present = new Set(this.#options.settings().names);
    const check = (name: string): Promise<void> =>
      this.#requireServing(name).catch((error: unknown) => {
        throw wrapError(`setting authorization-plugins: plugin ${name} cannot be asked`, error);
      });
    await Promise.all(names.filter((name) => !present.has(name)).map(check));
  }

  async #requireServing(name: string): Promise<void> {
    await this.#options.endpoints.get(name, "authz", AbortSignal.timeout(this.#options.settings().timeoutMs));
  }

  async #askAll(chain: readonly string[], method: Method, question: Question): Promise<void> {
    const body = authorizationCall(question.request, question.response);
    for (const plugin of chain) await this.#ask(plugin, method, body, question);
  }

  async #ask(typed: string, method: Method, body: object, question: Question): Promise<void> {
    const { request, timeoutMs, signal } = question;
    const { endpoints, logger } = this.#options;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeoutMs);
    const either = AbortSignal.any([signal, late.signal]);
    let name = typed;
    let verdict: Verdict;
    try {
      await abortable(this.#opened.promise, either, "waiting for plugins");
      const endpoint = await abortable(endpoints.get(typed, "authz", either), either, "looking it up");
      name = endpoint.name;
      verdict = verdictOf(await endpoint.connection.call(method, body, { signal: either, atOnce: true }));
    } catch (error) {
      if (signal.aborted)
        throw new EngineError("canceled", `${method}: the client is gone`, { cause: error });
      const reason = late.signal.aborted ? `no answer within ${timeoutMs / 1000} s` : messageOf(error);
      throw new EngineError("internal", `plugin ${name} failed with error: ${reason}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
    if (verdict.allowed) return;
    const { user, method: verb, target } = request;
    logger.info(
      { plugin: name, user, request: `${verb} ${target.replace(/\?.*/s, "")}`, phase: method },
      "authorization plugin denied a request",
    );
    throw new EngineError("forbidden", `authorization denied by plugin ${name}: ${verdict.reason}`);
  }
}

interface Question {
  readonly request: ShownRequest;
  readonly response?: ShownResponse;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}
