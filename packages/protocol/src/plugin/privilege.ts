import * as z from "zod";
import { goList, goObject } from "../json.ts";

const privilege = goObject({
  Name: z.string().default(""),
  Description: z.string().default(""),
  Value: goList(z.string()),
});

/** The body of a pull or an upgrade; `null` means that none are granted. */
export const privilegesSchema = goList(privilege);

/** One thing that a plugin needs from its host, as shown at the prompt. */
export type Privilege = z.output<typeof privilege>;
