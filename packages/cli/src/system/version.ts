import { type Version, versionSchema } from "@davit/protocol";
import { newestApiVersion } from "../client/api-version.ts";
import { defineVerb } from "../command-line/verb.ts";
import { type Context, printLine } from "../context.ts";
import { renderObject } from "../format/inspect.ts";
import { ansiTime } from "../format/time.ts";
import { inspectFormatFlag } from "../options/format-flags.ts";
import { programVersion } from "../program-version.ts";

export const version = defineVerb({
  name: "version",
  usage: "[OPTIONS]",
  summary: "Show the Davit version information",
  args: { min: 0, max: 0 },
  flags: { format: inspectFormatFlag() },
  async run(context, _args, { format }) {
    const { server, failure } = await readServer(context).then(
      (answer) => ({ server: answer, failure: undefined }),
      (error: unknown) => ({ server: undefined, failure: error }),
    );
    const apiVersion =
      server === undefined ? newestApiVersion : await context.client.apiVersion(context.signal);
    const client = {
      Platform: { Name: "Davit" },
      Version: programVersion,
      ApiVersion: apiVersion,
      DefaultAPIVersion: newestApiVersion,
      NodeVersion: process.version,
      Os: process.platform,
      Arch: goArchitecture(process.arch),
    };
    if (format !== "")
      printLine(context.out, renderObject(format, { Client: client, Server: asGoPrints(server) }));
    else context.out.write(clientText(client) + (server === undefined ? "" : serverText(server)));
    // The client's own part is printed whether or not there is a daemon.
    if (failure !== undefined) return Promise.reject(failure);
    return undefined;
  },
});

/** Maps sorted, empty parts left out. */
function asGoPrints(server: Version | undefined): unknown {
  if (server === undefined) return null;
  const { Components, BuildTime, ...rest } = server;
  const components = (Components ?? []).map(({ Details, ...component }) => {
    const details = Object.entries(Details ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    return details.length === 0 ? component : { ...component, Details: Object.fromEntries(details) };
  });
  const { Platform, ...facts } = rest;
  return { Platform, Components: components, ...facts, ...(BuildTime === "" ? {} : { BuildTime }) };
}

const readServer = (context: Context): Promise<Version> =>
  context.client.json(versionSchema, { method: "GET", path: "/version", signal: context.signal });

const goArchitecture = (arch: string): string => (arch === "x64" ? "amd64" : arch);

const lines = (indent: number, rows: readonly (readonly [string, string])[], width = 19): string =>
  rows.map(([name, value]) => `${" ".repeat(indent)}${`${name}:`.padEnd(width)}${value}\n`).join("");

function clientText(client: {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly DefaultAPIVersion: string;
  readonly NodeVersion: string;
  readonly Os: string;
  readonly Arch: string;
}): string {
  const downgraded =
    client.ApiVersion === client.DefaultAPIVersion ? "" : ` (downgraded from ${client.DefaultAPIVersion})`;
  return `Client:\n${lines(1, [
    ["Version", client.Version],
    ["API version", client.ApiVersion + downgraded],
    ["Node version", client.NodeVersion],
    ["OS/Arch", `${client.Os}/${client.Arch}`],
  ])}`;
}

const detailNames: Readonly<Record<string, string>> = {
  ApiVersion: "API version",
  GoVersion: "Go version",
  GitCommit: "Git commit",
  BuildTime: "Built",
};

function serverText(server: Version): string {
  const components = server.Components ?? [];
  const parts = components.map(({ Name, Version: own, Details }) => {
    const rows: (readonly [string, string])[] = [["Version", own]];
    const details = Details ?? {};
    const { MinAPIVersion, Os, Arch, KernelVersion: _kernel, ...rest } = details;
    for (const key of Object.keys(detailNames)) {
      const value = rest[key];
      if (value === undefined || value === "") continue;
      const minimum =
        key === "ApiVersion" && MinAPIVersion !== undefined ? ` (minimum version ${MinAPIVersion})` : "";
      rows.push([detailNames[key] ?? key, `${key === "BuildTime" ? ansiTime(value) : value}${minimum}`]);
    }
    if (Os !== undefined && Arch !== undefined) rows.push(["OS/Arch", `${Os}/${Arch}`]);
    for (const [key, value] of Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (!Object.hasOwn(detailNames, key)) rows.push([key, value]);
    }
    return ` ${Name}:\n${lines(2, rows, 18)}`;
  });
  const name = server.Platform?.Name ?? "";
  return `\nServer:${name === "" ? "" : ` ${name}`}\n${parts.join("")}`;
}
