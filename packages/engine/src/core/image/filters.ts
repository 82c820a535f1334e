import type { ImageConfig } from "@davit/protocol";
import { type Filters, hasLabel } from "../container/filters.ts";
import { parseLogTime } from "../container/log-time.ts";
import { EngineError } from "../errors.ts";
import type { ImageRecord } from "./record.ts";
import { repositoryPart } from "./repository-part.ts";
import { resolveImage } from "./resolve.ts";

export interface ImageWithConfig {
  readonly record: ImageRecord;
  readonly config: ImageConfig;
}

/** The images that a list shows, newest first, each with the names that the filters leave it. */
export function selectImages(all: readonly ImageWithConfig[], filters: Filters): readonly ImageWithConfig[] {
  const records = all.map(({ record }) => record);
  const tests = [...filters].map(([key, values]) => filterTest(key, values, records));
  const patterns = filters.get("reference")?.map(globPattern);
  return all
    .filter((image) => tests.every((accepts) => accepts(image)))
    .flatMap((image) => (patterns === undefined ? [image] : withNamesLike(image, patterns)))
    .sort((a, b) => Date.parse(b.record.createdAt) - Date.parse(a.record.createdAt));
}

function filterTest(
  key: string,
  values: readonly string[],
  all: readonly ImageRecord[],
): (image: ImageWithConfig) => boolean {
  switch (key) {
    case "reference":
      return () => true;
    case "dangling": {
      const wanted = booleanOf(values);
      return ({ record }) => (record.tags.length === 0) === wanted;
    }
    case "label":
      return ({ config }) => values.every((value) => hasLabel(config.config?.Labels ?? {}, value));
    case "before": {
      const times = values.map((value) => Date.parse(resolveImage(value, all).image.createdAt));
      return ({ record }) => times.every((time) => Date.parse(record.createdAt) < time);
    }
    case "since": {
      const times = values.map((value) => Date.parse(resolveImage(value, all).image.createdAt));
      return ({ record }) => times.every((time) => Date.parse(record.createdAt) > time);
    }
    case "until": {
      const times = values.map(
        (value) => parseLogTime("until", value)?.getTime() ?? Number.POSITIVE_INFINITY,
      );
      return ({ record }) => times.every((time) => Date.parse(record.createdAt) < time);
    }
    default:
      throw new EngineError("invalid", `invalid filter '${key}'`);
  }
}

function booleanOf(values: readonly string[]): boolean {
  const words = new Set(values.map((value) => value.toLowerCase()));
  const isTrue = words.has("true") || words.has("1");
  const isFalse = words.has("false") || words.has("0");
  if (isTrue === isFalse) throw new EngineError("invalid", `invalid filter 'dangling=[${values.join(" ")}]'`);
  return isTrue;
}

function withNamesLike({ record, config }: ImageWithConfig, patterns: readonly RegExp[]): ImageWithConfig[] {
  const fits = (name: string): boolean =>
    patterns.some((pattern) => pattern.test(name) || pattern.test(repositoryPart(name)));
  const tags = record.tags.filter(fits);
  const repoDigests = record.repoDigests.filter(fits);
  return tags.length + repoDigests.length === 0 ? [] : [{ record: { ...record, tags, repoDigests }, config }];
}

/** Go's path.Match: `*` and `?` stop at slashes, `[a-z]` is a class. */
function globPattern(glob: string): RegExp {
  const source = glob.replaceAll(/\[[^\]]+\]|[\s\S]/g, (part) => {
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    return part.length > 1 ? part : part.replace(/[.+^${}()|[\]\\]/, "\\$&");
  });
  return new RegExp(`^${source}$`);
}
