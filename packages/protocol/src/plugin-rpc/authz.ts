import * as z from "zod";
import { goList, goObject, goStringMap } from "../json.ts";

// https://docs.docker.com/engine/extend/plugins_authorization/ (names of members are those of the wire, not of that page)

const text = z.string().default("");

/** Where nothing is said, nothing is allowed. */
const verdict = goObject({ Allow: z.boolean().default(false), Msg: text, Err: text });
export type AuthorizationVerdict = z.output<typeof verdict>;

export const authorizationResponses = {
  "AuthZPlugin.AuthZReq": verdict,
  "AuthZPlugin.AuthZRes": verdict,
} as const;

const requestShape = {
  User: text,
  UserAuthNMethod: text,
  RequestMethod: text,
  RequestUri: text,
  /** Base64, as every body. */
  RequestBody: text,
  RequestHeaders: goStringMap,
  /** PEM in base64, the client's own first. */
  RequestPeerCertificates: goList(z.string()),
};

export const authorizationRequests = {
  "AuthZPlugin.AuthZReq": goObject(requestShape),
  "AuthZPlugin.AuthZRes": goObject({
    ...requestShape,
    ResponseStatusCode: z.number().int().default(0),
    ResponseBody: text,
    ResponseHeaders: goStringMap,
  }),
} as const;

/** What a plugin is asked: members that would be empty are left out. */
export type AuthorizationCall = Partial<z.output<(typeof authorizationRequests)["AuthZPlugin.AuthZRes"]>>;
