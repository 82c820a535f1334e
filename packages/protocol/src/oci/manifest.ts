import * as z from "zod";
import { digestSchema } from "./digest.ts";

// https://github.com/opencontainers/image-spec/blob/main/manifest.md

export const descriptorSchema = z.object({
  mediaType: z.string(),
  digest: digestSchema,
  size: z.number().int().nonnegative(),
  platform: z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() }).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** A blob by media type, digest and size in bytes. */
export type Descriptor = z.output<typeof descriptorSchema>;

export const manifestSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  config: descriptorSchema,
  layers: z.preprocess((value) => value ?? [], z.array(descriptorSchema)),
});
export type Manifest = z.output<typeof manifestSchema>;

export const indexSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  manifests: z.array(descriptorSchema),
});
export type Index = z.output<typeof indexSchema>;
