import * as z from "zod";
import { goObject } from "../json.ts";

// https://docs.docker.com/engine/extend/plugin_api/#json-specification

/** `NAME.json` in a directory of plugin specifications. `Name` says nothing: the file's own name does. */
export const pluginDefinitionSchema = goObject({
  Name: z.string().default(""),
  Addr: z.string().default(""),
  TLSConfig: goObject({
    InsecureSkipVerify: z.boolean().default(false),
    CAFile: z.string().default(""),
    CertFile: z.string().default(""),
    KeyFile: z.string().default(""),
    Passphrase: z.string().default(""),
    ExclusiveRootPools: z.boolean().default(false),
    /** As Go numbers versions of TLS: 771 is 1.2, 772 is 1.3. */
    MinVersion: z.number().int().default(0),
  }).optional(),
});
