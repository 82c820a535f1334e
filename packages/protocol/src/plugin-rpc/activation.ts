import * as z from "zod";
import { goList, goObject } from "../json.ts";

// https://docs.docker.com/engine/extend/plugin_api/#handshake-api

/** The answer to `Plugin.Activate`. */
export const activationSchema = goObject({ Implements: goList(z.string()) });
