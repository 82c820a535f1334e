import * as z from "zod";
import { goList, goObject, goStringMap } from "../json.ts";

// https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Network

const text = z.string().default("");
const flag = z.boolean().default(false);
const absent = <Schema extends z.ZodType>(schema: Schema) => z.preprocess((value) => value ?? {}, schema);

/** What a container asks of one of its networks. */
export const endpointSettingsSchema = goObject({
  IPAMConfig: goObject({
    IPv4Address: text,
    IPv6Address: text,
    LinkLocalIPs: goList(z.string()),
  }).optional(),
  Links: goList(z.string()),
  Aliases: goList(z.string()),
  MacAddress: text,
  DriverOpts: goStringMap,
  GwPriority: z.number().int().default(0),
});
export type EndpointSettings = z.output<typeof endpointSettingsSchema>;

const ipamConfigSchema = goObject({
  Subnet: text,
  IPRange: text,
  Gateway: text,
  AuxiliaryAddresses: goStringMap,
});

/** The body of `POST /networks/create`. */
export const networkCreateBodySchema = goObject({
  Name: text,
  Driver: text,
  Scope: text,
  CheckDuplicate: flag,
  Internal: flag,
  Attachable: flag,
  Ingress: flag,
  ConfigOnly: flag,
  ConfigFrom: goObject({ Network: text }).optional(),
  EnableIPv4: z.boolean().optional(),
  EnableIPv6: flag,
  IPAM: absent(
    goObject({
      Driver: text,
      Options: z.record(z.string(), z.string()).optional(),
      Config: goList(ipamConfigSchema),
    }),
  ),
  Options: goStringMap,
  Labels: goStringMap,
});
export type NetworkCreateBody = z.output<typeof networkCreateBodySchema>;

export const networkConnectBodySchema = goObject({
  Container: text,
  EndpointConfig: absent(endpointSettingsSchema),
});

export const networkDisconnectBodySchema = goObject({ Container: text, Force: flag });

const stringMap = z.record(z.string(), z.string());

export const networkSchema = z.object({
  Name: z.string(),
  Id: z.string(),
  Created: z.string(),
  Scope: z.string(),
  Driver: z.string(),
  EnableIPv4: z.boolean().optional(),
  EnableIPv6: z.boolean(),
  IPAM: z.object({
    Driver: z.string(),
    Options: stringMap.nullable(),
    Config: z.array(z.looseObject({})),
  }),
  Internal: z.boolean(),
  Attachable: z.boolean(),
  Ingress: z.boolean(),
  ConfigFrom: z.object({ Network: z.string() }),
  ConfigOnly: z.boolean(),
  /** By the containers' IDs. */
  Containers: z.record(
    z.string(),
    z.object({
      Name: z.string(),
      EndpointID: z.string(),
      MacAddress: z.string(),
      IPv4Address: z.string(),
      IPv6Address: z.string(),
    }),
  ),
  Options: stringMap,
  Labels: stringMap,
});
/** What `GET /networks/{id}` answers. */
export type Network = z.output<typeof networkSchema>;

export const networkCreateResponseSchema = z.object({ Id: z.string(), Warning: z.string() });
export type NetworkCreateResponse = z.output<typeof networkCreateResponseSchema>;

export const networkPruneResponseSchema = z.object({ NetworksDeleted: z.array(z.string()).nullable() });
export type NetworkPruneResponse = z.output<typeof networkPruneResponseSchema>;
