import { type PluginAnswer, PluginReply, pluginError, volumeAnswers } from "@davit/testkit";

/** A driver of volumes that refuses, in each of the ways there are, what it is told to. */
export function refusingVolumes(root: string): Readonly<Record<string, PluginAnswer>> {
  const answers = volumeAnswers(root);
  const refusals: Readonly<Record<string, unknown>> = {
    err: { Err: "will not" },
    status: pluginError("will not"),
    text: new PluginReply(418, "teapot\n"),
    garbage: "<html>",
  };
  return {
    ...answers,
    "VolumeDriver.Create": (body, call) => {
      const refused = /"refuse":"(\w+)"/.exec(call.rawBody)?.[1];
      return refused === undefined ? answers["VolumeDriver.Create"]?.(body, call) : refusals[refused];
    },
  };
}
