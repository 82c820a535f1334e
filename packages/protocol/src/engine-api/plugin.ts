import * as z from "zod";
import { goList } from "../json.ts";
import { pluginConfigSchema, pluginSettingsSchema } from "../plugin/config.ts";

export const pluginSchema = z.object({
  Id: z.string(),
  Name: z.string(),
  Enabled: z.boolean(),
  PluginReference: z.string().default(""),
  Config: pluginConfigSchema,
  Settings: pluginSettingsSchema,
  /** Davit's own: the name under which other engines on the host find it. */
  OfferedAs: z.string().optional(),
});

/** What `GET /plugins/{name}/json` answers. */
export type Plugin = z.output<typeof pluginSchema>;

/** The body of `POST /plugins/{name}/set`: `NAME[.FIELD]=VALUE` each. */
export const pluginSetBodySchema = goList(z.string());
