import { describeIssue, volumeDriverResponses } from "@davit/protocol";
import type * as z from "zod";
import { EngineError, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { Translation } from "../../core/ports/plugin-doors.ts";
import type { PluginEndpoint } from "../endpoints/plugin-endpoint.ts";

type Paths = Pick<PluginEndpoint, "name" | "toHostPath" | "toRealPath">;

/**
 * How answers of a volume driver are told to another engine: its paths are those inside the plugin, and another engine would take them
 * for the host's. They lead where they would lead in containers of this engine, and to nothing that is not the plugin's.
 */
export function hostPathTranslation(method: string, paths: Paths, logger: Logger): Translation | undefined {
  const mountpoint = async (inside: string): Promise<string> => {
    if (inside === "") return "";
    try {
      return (await paths.toRealPath(inside)) ?? paths.toHostPath(inside);
    } catch (error) {
      logger.warn(
        { plugin: paths.name, reason: messageOf(error) },
        "mountpoint is not told to another engine",
      );
      return "";
    }
  };
  switch (method) {
    case "VolumeDriver.Mount":
      return translation(method, volumeDriverResponses[method], async (answer) => {
        if (answer.Err !== "" || answer.Mountpoint === "") return answer;
        const path = await paths.toRealPath(answer.Mountpoint);
        if (path !== undefined) return { ...answer, Mountpoint: path };
        throw new EngineError(
          "internal",
          `plugin ${paths.name} answered the path ${JSON.stringify(answer.Mountpoint)}, where there is nothing`,
        );
      });
    case "VolumeDriver.Path":
      return translation(method, volumeDriverResponses[method], async (answer) => ({
        ...answer,
        Mountpoint: await mountpoint(answer.Mountpoint),
      }));
    case "VolumeDriver.Get":
      return translation(method, volumeDriverResponses[method], async ({ Volume, Err }) => ({
        Volume: Volume === undefined ? null : { ...Volume, Mountpoint: await mountpoint(Volume.Mountpoint) },
        Err,
      }));
    case "VolumeDriver.List":
      return translation(method, volumeDriverResponses[method], async ({ Volumes, Err }) => ({
        Volumes: await Promise.all(
          Volumes.map(async (volume) => ({ ...volume, Mountpoint: await mountpoint(volume.Mountpoint) })),
        ),
        Err,
      }));
    default:
      return undefined;
  }
}

function translation<Answer>(
  method: string,
  schema: z.ZodType<Answer>,
  translate: (answer: Answer) => Promise<object>,
): Translation {
  return (answer) => {
    const parsed = schema.safeParse(answer);
    if (parsed.success) return translate(parsed.data);
    const reason = `${method}: undecodable answer: ${describeIssue(parsed.error)}`;
    return Promise.reject(new EngineError("internal", reason, { cause: parsed.error }));
  };
}
