import * as z from "zod";

// The stored shape of networks and of what containers have of them. A change that cannot read what earlier versions wrote needs a migration.

const strings = z.array(z.string());
const stringMap = z.record(z.string(), z.string());

/** JSON has no undefined: what is absent is read as such. */
const orUndefined = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess(
    (value) => value ?? null,
    schema.nullable().transform((value) => value ?? undefined),
  );

export const publishedPortSchema = z.object({
  hostPort: z.number(),
  containerPort: z.number(),
  protocol: z.enum(["tcp", "udp", "sctp"]),
  hostAddress: z.string().exactOptional(),
});

const pool = z.object({
  poolId: z.string(),
  ipv6: z.boolean(),
  addressSpace: z.string(),
  pool: z.string(),
  subPool: z.string(),
  gateway: z.string(),
  auxAddresses: stringMap,
  leases: strings,
});

const ipamConfig = z.object({
  subnet: z.string(),
  ipRange: z.string(),
  gateway: z.string(),
  auxAddresses: stringMap,
});

export const networkRecordSchema = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: z.string(),
  driver: z.string(),
  scope: z.enum(["local", "global"]),
  enableIPv4: z.boolean(),
  enableIPv6: z.boolean(),
  internal: z.boolean(),
  attachable: z.boolean(),
  ipam: z.object({ driver: z.string(), options: stringMap, config: z.array(ipamConfig) }),
  options: stringMap,
  labels: stringMap,
  pools: z.array(pool),
  pending: orUndefined(z.enum(["create", "remove"])),
});

export const endpointRecordSchema = z.object({
  endpointId: z.string(),
  networkId: z.string(),
  containerId: z.string(),
  sandboxKey: z.string(),
  asked: z.object({ create: z.boolean(), join: z.boolean(), external: z.boolean() }),
  leases: z.array(z.object({ poolId: z.string(), address: z.string() })),
  addresses: z.object({
    address: z.string().optional(),
    addressIPv6: z.string().optional(),
    macAddress: z.string().optional(),
  }),
  interfaceName: z.string(),
  movedFrom: z.string(),
  gateway: z.string(),
  gatewayIPv6: z.string(),
  gatewayPriority: z.number(),
  ports: z.array(publishedPortSchema),
});

/** What a container asks of one of its networks. */
export const containerNetworkSchema = z.object({
  name: z.string(),
  networkId: z.string(),
  aliases: strings,
  ipv4Address: z.string(),
  ipv6Address: z.string(),
  linkLocalIps: strings,
  macAddress: z.string(),
  driverOpts: stringMap,
  gatewayPriority: z.number(),
  links: strings,
  hasIpamConfig: z.boolean(),
});
