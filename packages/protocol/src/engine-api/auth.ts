import * as z from "zod";
import { goObject } from "../json.ts";

const text = z.string().default("");

export const registryAuthSchema = goObject({
  username: text,
  password: text,
  email: text,
  serveraddress: text,
  identitytoken: text,
  registrytoken: text,
  auth: text,
});

/** What a client sends in `X-Registry-Auth` (base64url JSON) or to `POST /auth`. */
export type RegistryAuth = z.output<typeof registryAuthSchema>;
