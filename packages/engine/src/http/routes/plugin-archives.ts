import { describeIssue, type Privilege, privilegesSchema } from "@davit/protocol";
import { EngineError } from "../../core/errors.ts";
import type { PluginArchiver } from "../../services/plugins/plugin-archiver.ts";
import { requireExact } from "../exact-json.ts";
import { reply } from "../reply.ts";
import type { ApiRequest, Route } from "../route.ts";

const privilegesHeader = "x-davit-privileges";

/** Plugins as files; not in the Engine's API, but in `docs/api.md`. */
export const pluginArchiveRoutes = (archiver: Pick<PluginArchiver, "save" | "load">): readonly Route[] => [
  {
    method: "GET",
    path: "/plugins/{name:.*}/export",
    handle: async ({ param }) => {
      const { name, archive } = await archiver.save(param("name"));
      return reply.bytes(archive, { "Content-Type": "application/x-tar", "Docker-Plugin-Name": name });
    },
  },
  {
    method: "POST",
    path: "/plugins/load",
    handle: async ({ query, headers, body, signal }) => {
      const granted = grantedPrivileges(headers);
      const outcome = await archiver.load({
        archive: body.bytes(),
        name: query.text("name"),
        granted,
        signal,
      });
      if (outcome.kind === "needs-privileges") {
        const message = `plugin ${outcome.name} requires privileges that were not granted`;
        return reply.json({ message, Privileges: outcome.privileges }, 403);
      }
      const { id, name, manifestDigest } = outcome.record;
      return reply.json({ Id: id, Name: name, Digest: manifestDigest });
    },
  },
];

function grantedPrivileges(headers: ApiRequest["headers"]): readonly Privilege[] | undefined {
  const text = headers[privilegesHeader];
  if (typeof text !== "string") return undefined;
  const json = decoded(text);
  const value = parseJson(json);
  requireExact(json, value, privilegesSchema);
  const parsed = privilegesSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new EngineError("invalid", `X-Davit-Privileges header: ${describeIssue(parsed.error)}`);
}

const malformed = (cause?: unknown): EngineError =>
  new EngineError("invalid", "X-Davit-Privileges header: not JSON in base64url", { cause });

/** To the letter: Node's decoder takes two headers that have become one for one text, and other readers see one of them. */
function decoded(base64: string): string {
  if (!/^[\w+/-]*={0,2}$/.test(base64)) throw malformed();
  return Buffer.from(base64, "base64url").toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed(error);
  }
}
