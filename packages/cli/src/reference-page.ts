import { longName } from "./command-line/long-name.ts";
import type { Grammar } from "./command-line/verb.ts";

const introduction = `# The davit command line

\`davit [OPTIONS] COMMAND [ARG...]\` speaks the Engine API to davitd (or any engine), with docker's grammar and
output. The tables below are made from the commands themselves.

| the daemon's address | from |
| --- | --- |
| \`-H\`, \`--host\` | the command line, before the command |
| \`-c\`, \`--context\` | the command line: a context of the docker CLI |
| \`DAVIT_HOST\`, then \`DOCKER_HOST\` | the environment |
| \`DOCKER_CONTEXT\` | the environment: a context of the docker CLI |
| \`currentContext\` | the configuration file, as \`docker context use\` writes it |
| \`unix:///run/davit/davit.sock\` | otherwise |

\`unix:///path\`, \`tcp://host:port\`, \`http://\` and \`https://\` are understood. TCP is secured with \`--tls\` or \`--tlsverify\`
(\`DOCKER_TLS_VERIFY\`) and \`ca.pem\`, \`cert.pem\`, \`key.pem\` in \`DOCKER_CERT_PATH\` or \`~/.docker\`, or named by \`--tlscacert\`,
\`--tlscert\` and \`--tlskey\`. The API version is negotiated with the daemon;
\`DAVIT_API_VERSION\` or \`DOCKER_API_VERSION\` pins it. Registry credentials, credential helpers (\`credsStore\`,
\`credHelpers\`), default list formats (\`psFormat\`, \`imagesFormat\`, \`pluginsFormat\`, \`volumesFormat\`, \`networksFormat\`,
\`statsFormat\`), \`detachKeys\` and \`HttpHeaders\` are read from \`config.json\` in \`--config\`, \`$DOCKER_CONFIG\` or \`~/.docker\`.

\`davit completion bash|zsh|fish\` prints a completion script; names of plugins, volumes, containers and images come from the daemon.

| exit code | means |
| --- | --- |
| 0 | done |
| 1 | refused, by the daemon (\`Error response from daemon: ...\`) or by the command itself |
| 64 | a \`--format\` template that does not parse |
| 125 | an unknown flag or a bad value; \`run\`: the container could not be created or started |
| 126, 127 | \`run\`: the container's command cannot be executed, or is not there |
| 130, 143 | interrupted by Ctrl-C or SIGTERM |
| any other | \`run\` and \`start -a\`: the container's own |

Switches take \`--flag=false\` too. \`--format\` takes \`json\`, a Go template and, in lists, \`table\` or \`table TEMPLATE\`.
Templates know fields, variables, pipelines, \`if\`, \`with\`, \`range\`, comments, trimming and the functions \`json\`, \`index\`,
\`len\`, \`join\`, \`split\`, \`upper\`, \`lower\`, \`title\`, \`pad\`, \`truncate\`, \`print\`, \`printf\`, \`println\`, \`and\`, \`or\`, \`not\`, \`eq\`,
\`ne\`, \`lt\`, \`le\`, \`gt\`, \`ge\`.

What the engine does not do has no command here: building and committing images, checkpoints, search, signed images, swarms and their volumes, \`--platform\`
of \`image inspect\`, \`load\`, \`rm\` and \`save\`, and flags of \`run\` for Windows, GPUs, \`--kernel-memory\`, \`--link-local-ip\` and \`--use-api-socket\`. Contexts are
read here and made by the docker CLI. \`images --tree\` and \`system df --verbose\` are not drawn; the API answers what they show.
`;

/** The page of all commands and flags, from their grammars. */
export function referencePage(grammars: readonly Grammar[]): string {
  return [introduction, ...grammars.map(section)].join("\n");
}

function section(grammar: Grammar): string {
  const aliases = (grammar.aliases ?? []).map((alias) => `\`davit ${alias}\``).join(", ");
  const rows = Object.entries(grammar.flags)
    .filter(([, flag]) => !flag.hidden)
    .map(([key, { short, type, help, initial }]) => {
      const name = `${short === undefined ? "" : `\`-${short}\`, `}\`--${longName(key)}${type === undefined ? "" : ` ${type}`}\``;
      return `| ${name} | ${(help + (initial ? " (default true)" : "")).replaceAll("|", "\\|")} |\n`;
    })
    .sort((a, b) => (flagName(a) < flagName(b) ? -1 : 1));
  return [
    `## davit ${grammar.name}\n\n\`davit ${grammar.name} ${grammar.usage}\``,
    aliases === "" ? "" : ` (also ${aliases})`,
    `\n\n${grammar.summary}${grammar.summary.endsWith(".") ? "" : "."}\n`,
    rows.length === 0 ? "" : `\n| flag | |\n| --- | --- |\n${rows.join("")}`,
  ].join("");
}

const flagName = (row: string): string => /`--([\w-]+)/.exec(row)?.[1] ?? "";
