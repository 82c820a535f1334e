import type { AuthorizationCall } from "@davit/protocol";

/** A request of the API as plugins are shown it. */
export interface ShownRequest {
  /** The name in the client's certificate; empty where there is none. */
  readonly user: string;
  /** How the user is known: `TLS`, or nothing. */
  readonly userAuthNMethod: string;
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Base64, as all that follows; empty if none is shown. */
  readonly body: string;
  /** PEM, the client's own first. */
  readonly peerCertificates: readonly string[];
}

/** The answer to it as plugins are shown it. */
export interface ShownResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Base64; empty if none is shown. */
  readonly body: string;
}

/** The body of a call: members in the Engine's order, empty ones left out as by Go. */
export function authorizationCall(request: ShownRequest, response?: ShownResponse): AuthorizationCall {
  const members: AuthorizationCall = {
    User: request.user,
    UserAuthNMethod: request.userAuthNMethod,
    RequestMethod: request.method,
    RequestUri: request.target,
    RequestBody: request.body,
    RequestHeaders: request.headers,
    RequestPeerCertificates: [...request.peerCertificates],
    ...(response === undefined
      ? {}
      : {
          ResponseStatusCode: response.status,
          ResponseBody: response.body,
          ResponseHeaders: response.headers,
        }),
  };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => !isEmpty(value)));
}

const isEmpty = (value: unknown): boolean =>
  value === "" || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
