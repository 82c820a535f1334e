import { authorizationRequests as requests } from "@davit/protocol";
import type * as z from "zod";
import { type DriverInterface, RequestError, rpcMethod } from "../rpc/rpc-method.ts";
import type { AuthorizationDecision, AuthorizationRequest, Authorizer } from "./authorizer.ts";

type WireRequest = z.output<(typeof requests)["AuthZPlugin.AuthZReq"]>;

/** A request's body of 4 MiB and an answer's of 16 in base64, and what comes with them. */
const bodyLimitBytes = 32 * 1024 * 1024;

/** The wire side of an authorizer. https://docs.docker.com/engine/extend/plugins_authorization/ */
export function authorizationInterface(authorizer: Authorizer): DriverInterface {
  const query = { query: true };
  return {
    name: "authz",
    bodyLimitBytes,
    methods: {
      "AuthZPlugin.AuthZReq": rpcMethod(
        requests["AuthZPlugin.AuthZReq"],
        async (wire, call) => answerOf(await authorizer.authorizeRequest(requestOf(wire), call)),
        query,
      ),
      "AuthZPlugin.AuthZRes": rpcMethod(
        requests["AuthZPlugin.AuthZRes"],
        async (wire, call) => {
          if (authorizer.authorizeResponse === undefined) return answerOf({ allow: true });
          const response = {
            request: requestOf(wire),
            status: wire.ResponseStatusCode,
            headers: wire.ResponseHeaders,
            body: jsonOf(wire.ResponseBody),
          };
          return answerOf(await authorizer.authorizeResponse(response, call));
        },
        query,
      ),
    },
  };
}

function requestOf(wire: WireRequest): AuthorizationRequest {
  const question = wire.RequestUri.indexOf("?");
  const target = question === -1 ? wire.RequestUri : wire.RequestUri.slice(0, question);
  const [, version, path = ""] = /^(?:\/v([0-9.]+)(?=\/))?(.*)$/s.exec(decodedPath(target)) ?? [];
  return {
    user: wire.User === "" ? undefined : wire.User,
    certificates: wire.RequestPeerCertificates.map((text) => Buffer.from(text, "base64").toString("utf8")),
    method: wire.RequestMethod,
    path,
    version,
    // With the question mark, so that one that follows is no more dropped than by the engine.
    query: new URLSearchParams(question === -1 ? "" : wire.RequestUri.slice(question)),
    headers: wire.RequestHeaders,
    body: jsonOf(wire.RequestBody),
  };
}

function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    throw new RequestError(`path ${path}: ${String(error)}`, { cause: error });
  }
}

/** A body that cannot be read is not judged. */
function jsonOf(base64: string): unknown {
  if (base64 === "") return undefined;
  const text = Buffer.from(base64, "base64").toString("utf8");
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RequestError(`the body is no JSON: ${String(error)}`, { cause: error });
  }
}

const answerOf = (decision: AuthorizationDecision): object =>
  decision.allow ? { Allow: true } : { Allow: false, Msg: decision.reason };
