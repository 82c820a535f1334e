import { goList, humanDuration, type ImageSummary, imageSummarySchema } from "@davit/protocol";
import * as z from "zod";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { humanSize, shortId } from "../format/human.ts";
import { field, type ListView, printList } from "../format/list.ts";
import { goTime } from "../format/time.ts";
import { filterFlag, filtersQuery } from "../options/filters.ts";
import { listFormatFlag } from "../options/format-flags.ts";

/** Some daemons write null for none. */
const listedImageSchema = imageSummarySchema.extend({
  RepoTags: goList(z.string()),
  RepoDigests: goList(z.string()),
});

interface ImageRow {
  readonly image: ImageSummary;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

const none = "<none>";
const count = (value: number): string => (value === -1 ? "N/A" : String(value));

export const imageView = (options: {
  readonly noTrunc: boolean;
  readonly digests: boolean;
  readonly nowMs: number;
}): ListView<ImageRow> => ({
  table: `{{.Repository}}\t{{.Tag}}\t${options.digests ? "{{.Digest}}\t" : ""}{{.ID}}\t{{.CreatedSince}}\t{{.Size}}`,
  goType: "*formatter.imageContext",
  quiet: "{{.ID}}",
  fields: {
    ID: field("IMAGE ID", ({ image }) => (options.noTrunc ? image.Id : shortId(image.Id))),
    Repository: field("REPOSITORY", ({ repository }) => repository),
    Tag: field("TAG", ({ tag }) => tag),
    Digest: field("DIGEST", ({ digest }) => digest),
    CreatedSince: field("CREATED", ({ image }) =>
      image.Created <= 0 ? "N/A" : `${humanDuration(options.nowMs - image.Created * 1000)} ago`,
    ),
    CreatedAt: field("CREATED AT", ({ image }) => goTime(image.Created)),
    Size: field("SIZE", ({ image }) => humanSize(image.Size)),
    Containers: field("CONTAINERS", ({ image }) => count(image.Containers)),
    VirtualSize: field("SIZE", ({ image }) => humanSize(image.VirtualSize ?? image.Size, 4)),
    SharedSize: field("SHARED SIZE", ({ image }) =>
      image.SharedSize === -1 ? "N/A" : humanSize(image.SharedSize),
    ),
    UniqueSize: field("UNIQUE SIZE", ({ image }) =>
      image.SharedSize === -1 ? "N/A" : humanSize(image.Size - image.SharedSize),
    ),
  },
});

/** One row per tag; with digests one per tag and digest of the same repository. */
export function imageRows(images: readonly ImageSummary[], digests: boolean): ImageRow[] {
  return images.flatMap((image): ImageRow[] => {
    const tags = image.RepoTags.filter((name) => name !== `${none}:${none}`).map((name) => split(name, ":"));
    const known = image.RepoDigests.filter((name) => name !== `${none}@${none}`).map((name) =>
      split(name, "@"),
    );
    if (tags.length === 0) {
      const [first] = known;
      const digest = digests ? (first?.[1] ?? none) : none;
      return [{ image, repository: first?.[0] ?? none, tag: none, digest }];
    }
    return tags.flatMap(([repository, tag]) => {
      const own = known.filter(([name]) => name === repository).map(([, digest]) => digest);
      const shown = digests && own.length > 0 ? own : [own[0] ?? none];
      return shown.map((digest) => ({ image, repository, tag, digest }));
    });
  });
}

function split(name: string, separator: string): readonly [string, string] {
  const at = name.lastIndexOf(separator);
  return [name.slice(0, at), name.slice(at + 1)];
}

export const ls = defineVerb({
  name: "images",
  aliases: ["image ls", "image list"],
  usage: "[OPTIONS] [REPOSITORY[:TAG]]",
  summary: "List images",
  args: { min: 0, max: 1 },
  flags: {
    all: toggle("Show all images (default hides intermediate images)", { short: "a" }),
    digests: toggle("Show digests"),
    filter: filterFlag("Filter output based on conditions provided"),
    format: listFormatFlag(),
    noTrunc: toggle("Don't truncate output"),
    quiet: toggle("Only show image IDs", { short: "q" }),
  },
  async run(context, [reference], flags) {
    const filters =
      reference === undefined ? flags.filter : [...flags.filter, ["reference", reference] as const];
    const images = await context.client.json(z.array(listedImageSchema), {
      method: "GET",
      path: "/images/json",
      query: { all: flags.all || undefined, filters: filtersQuery(filters) },
      signal: context.signal,
    });
    const chosen = flags.format || (flags.quiet ? "" : ((await context.config()).imagesFormat ?? ""));
    const view = imageView({ noTrunc: flags.noTrunc, digests: flags.digests, nowMs: Date.now() });
    printList(context, view, imageRows(images, flags.digests), { format: chosen, quiet: flags.quiet });
  },
});
