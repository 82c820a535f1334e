import { goList } from "@davit/protocol";
import * as z from "zod";
import { defineVerb } from "../command-line/verb.ts";
import { humanSize } from "../format/human.ts";
import { field, type ListView, printList } from "../format/list.ts";
import { listFormatFlag } from "../options/format-flags.ts";

const size = z.number().default(0);
const usageSchema = z.object({
  LayersSize: size,
  Images: goList(z.object({ Containers: z.number(), Size: size, SharedSize: z.number() })),
  Containers: goList(z.object({ State: z.string(), SizeRw: size })),
  Volumes: goList(z.object({ UsageData: z.object({ RefCount: z.number(), Size: z.number() }).nullish() })),
  BuildCache: goList(
    z.object({ Size: size, InUse: z.boolean().default(false), Shared: z.boolean().default(false) }),
  ),
});
type Usage = z.output<typeof usageSchema>;

interface Row {
  readonly type: string;
  readonly total: number;
  readonly active: number;
  readonly bytes: number;
  readonly reclaimable: number;
  readonly percent: boolean;
}

const rowView: ListView<Row> = {
  table: "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
  goType: "*formatter.diskUsageImagesContext",
  quiet: "{{.Type}}",
  fields: {
    Type: field("TYPE", ({ type }) => type),
    TotalCount: field("TOTAL", ({ total }) => String(total)),
    Active: field("ACTIVE", ({ active }) => String(active)),
    Size: field("SIZE", ({ bytes }) => humanSize(bytes, 4)),
    Reclaimable: field("RECLAIMABLE", ({ bytes, reclaimable, percent }) => {
      const share = percent && bytes > 0 ? ` (${Math.trunc((reclaimable * 100) / bytes)}%)` : "";
      return humanSize(reclaimable, 4) + share;
    }),
  },
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const running = new Set(["running", "paused", "restarting"]);

/** What is used, and what pruning would free. */
export function usageRows({ LayersSize, Images, Containers, Volumes, BuildCache }: Usage): Row[] {
  const usedImages = Images.filter((image) => image.Containers > 0);
  const exclusive = usedImages.filter(({ SharedSize }) => SharedSize !== -1);
  const stopped = Containers.filter(({ State }) => !running.has(State));
  const volumes = Volumes.map(({ UsageData }) => UsageData ?? { RefCount: -1, Size: -1 });
  const sizes = (of: readonly { readonly Size: number }[]): number =>
    sum(of.map((one) => Math.max(one.Size, 0)));
  const unused = volumes.filter(({ RefCount }) => RefCount === 0);
  return [
    {
      type: "Images",
      total: Images.length,
      active: usedImages.length,
      bytes: LayersSize,
      reclaimable: LayersSize - sum(exclusive.map(({ Size, SharedSize }) => Size - SharedSize)),
      percent: true,
    },
    {
      type: "Containers",
      total: Containers.length,
      active: Containers.length - stopped.length,
      bytes: sum(Containers.map(({ SizeRw }) => SizeRw)),
      reclaimable: sum(stopped.map(({ SizeRw }) => SizeRw)),
      percent: true,
    },
    {
      type: "Local Volumes",
      total: volumes.length,
      active: volumes.filter(({ RefCount }) => RefCount > 0).length,
      bytes: sizes(volumes),
      reclaimable: sizes(unused),
      percent: true,
    },
    {
      type: "Build Cache",
      total: BuildCache.length,
      active: BuildCache.filter(({ InUse }) => InUse).length,
      bytes: sizes(BuildCache.filter(({ Shared }) => !Shared)),
      reclaimable: sizes(BuildCache.filter(({ InUse, Shared }) => !InUse && !Shared)),
      percent: false,
    },
  ];
}

export const df = defineVerb({
  name: "system df",
  usage: "[OPTIONS]",
  summary: "Show disk usage",
  args: { min: 0, max: 0 },
  flags: { format: listFormatFlag() },
  async run(context, _args, { format }) {
    const usage = await context.client.json(usageSchema, {
      method: "GET",
      path: "/system/df",
      signal: context.signal,
    });
    printList(context, rowView, usageRows(usage), { format, quiet: false });
  },
});
