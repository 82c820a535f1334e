import * as z from "zod";
import { positionSchema } from "./position-schema.ts";

const texts = z.record(z.string(), z.string());

const delivery = z.object({
  /** The FIFO as the plugin was told, and on the host; empty before there is one. */
  file: z.string(),
  path: z.string(),
  position: positionSchema,
  /** Where the run's output ends; absent while it runs. */
  endOffset: z.number().optional(),
  /** What the plugin is told of the container, as it was when the run began. */
  info: z.object({
    Config: texts,
    ContainerID: z.string(),
    ContainerName: z.string(),
    ContainerEntrypoint: z.string(),
    ContainerArgs: z.array(z.string()),
    ContainerImageID: z.string(),
    ContainerImageName: z.string(),
    ContainerCreated: z.string(),
    ContainerEnv: z.array(z.string()).nullable(),
    ContainerLabels: texts,
    LogPath: z.string(),
    DaemonName: z.string(),
  }),
});

/** One run's output on its way to a plugin. */
export type DeliveryState = z.output<typeof delivery>;

/** What is on its way when an engine ends, for the next one. */
export const deliveryStatesSchema = z.array(delivery);
