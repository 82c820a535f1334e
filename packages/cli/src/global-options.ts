import { optionalToggle, text, toggle } from "./command-line/flag.ts";
import { parseCommandLine } from "./command-line/parse.ts";
import type { FlagValues, Grammar } from "./command-line/verb.ts";

const flags = {
  config: text("Location of client config files (default $DOCKER_CONFIG or ~/.docker)"),
  context: text("Name of the docker context to use (overrides DOCKER_HOST and the chosen context)", {
    short: "c",
  }),
  debug: toggle("Enable debug mode (no effect)", { short: "D", hidden: true }),
  host: text("Daemon socket to connect to (unix:///path or tcp://host:port)", { short: "H" }),
  logLevel: text("Set the logging level (no effect)", { short: "l", hidden: true }),
  tls: toggle("Use TLS; implied by --tlsverify"),
  tlscacert: text("Trust certs signed only by this CA (default ~/.docker/ca.pem)"),
  tlscert: text("Path to TLS certificate file (default ~/.docker/cert.pem)"),
  tlskey: text("Path to TLS key file (default ~/.docker/key.pem)"),
  tlsverify: optionalToggle("Use TLS and verify the remote"),
  version: toggle("Print version information and quit", { short: "v" }),
};

export type GlobalFlags = FlagValues<typeof flags>;

/** `davit [OPTIONS] COMMAND [ARG...]`; what follows the command belongs to it. */
export const globalGrammar: Grammar<typeof flags> = {
  name: "",
  usage: "[OPTIONS] COMMAND [ARG...]",
  summary: "A managed plugin engine for containers",
  args: { min: 0 },
  flags,
  optionsEndAtFirstArgument: true,
};

export const parseGlobalOptions = (argv: readonly string[]) => parseCommandLine(globalGrammar, argv);
