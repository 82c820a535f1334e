import { digestSchema, hostConfigSchema, pluginConfigSchema, pluginSettingsSchema } from "@davit/protocol";
import * as z from "zod";
import { containerNetworkSchema, publishedPortSchema } from "./network-schemas.ts";

// The stored shape of every record. A change that cannot read what earlier versions wrote needs a migration.

const strings = z.array(z.string());
const stringMap = z.record(z.string(), z.string());

const layer = z.object({
  digest: digestSchema,
  mediaType: z.string(),
  sizeBytes: z.number(),
  diffId: digestSchema,
});

export const pluginRecordSchema = z.object({
  id: z.string(),
  name: z.string(),
  reference: z.string(),
  enabled: z.boolean(),
  timeoutSeconds: z.number(),
  config: pluginConfigSchema,
  settings: pluginSettingsSchema,
  manifestDigest: digestSchema,
  configDigest: digestSchema,
  layers: z.array(layer),
  rootfsKey: z.string(),
  offeredAs: z.string().exactOptional(),
});

export const adoptionRecordSchema = z.object({ id: z.string(), originals: strings });

/** JSON has no undefined: what is absent is read as such. */
const orUndefined = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess(
    (value) => value ?? null,
    schema.nullable().transform((value) => value ?? undefined),
  );

export const volumeRecordSchema = z.object({
  name: z.string(),
  driver: z.string(),
  options: stringMap,
  labels: stringMap,
  createdAt: z.string(),
  pending: orUndefined(z.enum(["create", "remove"])),
});

export const volumeUseSchema = z.object({
  volume: z.string(),
  containerId: z.string(),
  destination: z.string(),
  mountId: orUndefined(z.string()),
});

const containerMount = z.object({
  type: z.enum(["bind", "volume", "tmpfs"]),
  volume: z.string().optional(),
  source: z.string().optional(),
  destination: z.string(),
  driver: z.string().optional(),
  readOnly: z.boolean(),
  propagation: z.string(),
  mode: z.string(),
  options: strings.optional(),
  anonymous: z.boolean().optional(),
  noCopy: z.boolean().optional(),
  subpath: z.string().optional(),
  nonRecursive: z.boolean().optional(),
});

const healthcheck = z.object({
  test: strings,
  intervalNs: z.number(),
  timeoutNs: z.number(),
  startPeriodNs: z.number(),
  startIntervalNs: z.number(),
  retries: z.number(),
});

const containerConfig = z.object({
  image: z.string(),
  hostname: z.string(),
  domainname: z.string(),
  user: z.string(),
  env: strings,
  entrypoint: strings,
  cmd: strings,
  workingDir: z.string(),
  labels: stringMap,
  tty: z.boolean(),
  openStdin: z.boolean(),
  stdinOnce: z.boolean(),
  attachStdin: z.boolean(),
  attachStdout: z.boolean(),
  attachStderr: z.boolean(),
  stopSignal: z.string(),
  stopTimeoutSeconds: z.number(),
  exposedPorts: strings,
  volumes: strings,
  healthcheck: healthcheck.optional(),
});

const security = z.object({
  privileged: z.boolean(),
  readOnlyRootfs: z.boolean(),
  capAdd: strings,
  capDrop: strings,
  noNewPrivileges: z.boolean(),
});

const address = z.object({
  address: z.string(),
  prefixLength: z.number(),
  gateway: z.string(),
  macAddress: z.string(),
});

export const containerRecordSchema = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: z.string(),
  imageId: digestSchema,
  layers: z.array(digestSchema),
  config: containerConfig,
  hostConfig: hostConfigSchema,
  networkMode: z.enum(["none", "host", "bridge", "network", "container"]),
  networks: z.array(containerNetworkSchema).optional(),
  sandboxId: z.string().optional(),
  links: z.array(z.object({ alias: z.string(), containerId: z.string() })).optional(),
  security,
  shmSizeBytes: z.number(),
  autoRemove: z.boolean(),
  mounts: z.array(containerMount),
  status: z.enum(["created", "running", "paused", "restarting", "exited", "dead"]),
  address: address.optional(),
  ports: z.array(publishedPortSchema).optional(),
  restartCount: z.number().default(0),
  manuallyStopped: z.boolean().default(false),
  pid: z.number(),
  exitCode: z.number(),
  error: z.string(),
  oomKilled: z.boolean(),
  startedAt: z.string(),
  finishedAt: z.string(),
});

export const imageRecordSchema = z.object({
  id: digestSchema,
  createdAt: z.string(),
  layers: z.array(digestSchema),
  layerBlobs: z.array(layer.omit({ diffId: true })).default([]),
  manifestDigest: digestSchema.optional(),
  sizeBytes: z.number(),
  blobs: z.array(digestSchema),
  tags: strings,
  repoDigests: strings,
});
