import * as z from "zod";
import { objectPath } from "../client/object-path.ts";
import { text, toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { Failure } from "../failure.ts";
import { Attachment } from "./attach-stream.ts";
import { awaitExit } from "./awaited-exit.ts";
import { forwardSignals, forwardSize } from "./forward-signals.ts";
import { containerStreamsSchema } from "./streams-schema.ts";

const attachableSchema = containerStreamsSchema.extend({
  State: z.looseObject({ Running: z.boolean(), Paused: z.boolean(), Restarting: z.boolean() }),
});

export const attach = defineVerb({
  name: "attach",
  aliases: ["container attach"],
  usage: "[OPTIONS] CONTAINER",
  summary: "Attach local standard input, output, and error streams to a running container",
  args: { min: 1, max: 1 },
  flags: {
    detachKeys: text("Override the key sequence for detaching a container"),
    noStdin: toggle("Do not attach STDIN"),
    sigProxy: toggle("Proxy all received signals to the process", { initial: true }),
  },
  async run(context, [name = ""], { detachKeys, noStdin, sigProxy }) {
    const { Id, Config, State } = await context.client.json(attachableSchema, {
      method: "GET",
      path: `${objectPath("container", name)}/json`,
      signal: context.signal,
    });
    if (!State.Running) throw new Failure("You cannot attach to a stopped container, start it first");
    if (State.Paused) throw new Failure("You cannot attach to a paused container, unpause it first");
    if (State.Restarting) {
      throw new Failure("You cannot attach to a restarting container, wait until it is running");
    }
    const stdin = !noStdin && Config.OpenStdin;
    if (stdin && Config.Tty && context.stdin.isTTY !== true) {
      throw new Failure("the input device is not a TTY");
    }
    const exit = await awaitExit(context, Id, "not-running");
    const options = { stdin, stdout: true, stderr: true, tty: Config.Tty, detachKeys };
    const attachment = await Attachment.open(context, Id, options);
    const releases: (() => void)[] = [];
    if (Config.Tty) releases.push(forwardSize(context, objectPath("container", Id)));
    else if (sigProxy) releases.push(forwardSignals(context, Id));
    try {
      if ((await attachment.run()) === "detached") throw new Failure("read escape sequence");
      return await exit.code;
    } finally {
      for (const release of releases) release();
    }
  },
});
