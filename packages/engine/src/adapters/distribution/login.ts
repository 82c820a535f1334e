import { EngineError } from "../../core/errors.ts";
import { Authorizer } from "./authorizer.ts";
import { parseChallenges } from "./challenge.ts";
import { statusError } from "./registry-errors.ts";
import { discardBody } from "./registry-response.ts";
import type { Credentials } from "./token-server.ts";
import type { Transport } from "./transport.ts";

/** Checks credentials by asking for `/v2/` itself; answers the identity token that came with the check, or `""`. */
export async function loginAt(
  base: URL,
  options: {
    readonly transport: Transport;
    readonly credentials: Credentials | undefined;
    readonly signal: AbortSignal;
  },
): Promise<string> {
  const { transport, credentials, signal } = options;
  const authorizer = new Authorizer({
    transport,
    endpoint: base,
    credentials,
    scopes: [],
    offline: true,
    signal,
  });
  const ask = async () => {
    const authorization = authorizer.header;
    return await transport.send({
      method: "GET",
      url: base,
      ...(authorization === undefined ? {} : { originHeaders: { authorization } }),
      signal,
    });
  };
  let response = await ask();
  if (response.status === 401 && response.url.origin === base.origin) {
    const challenges = parseChallenges(response.headers["www-authenticate"]);
    await discardBody(response);
    const again = await authorizer
      .answer(challenges, undefined, { repeated: false, signal })
      .catch((error: unknown) => {
        if (error instanceof EngineError && error.kind === "unauthorized") throw refused(error);
        throw error;
      });
    if (again) response = await ask();
  }
  if (response.status === 401) {
    await discardBody(response);
    throw refused(undefined);
  }
  if (response.status !== 200) throw await statusError("GET", response);
  await discardBody(response);
  return authorizer.identityToken;
}

const refused = (cause: unknown): EngineError =>
  new EngineError("unauthorized", "unauthorized: incorrect username or password", { cause });
