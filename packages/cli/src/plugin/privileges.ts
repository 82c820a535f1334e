import { type Privilege, privilegesSchema } from "@davit/protocol";
import { registryAuthHeader } from "../auth/credentials.ts";
import type { Context } from "../context.ts";
import { DaemonFailure } from "../failure.ts";
import { confirm } from "../terminal/confirm.ts";

/** What the prompt shows. */
export function describePrivileges(remote: string, privileges: readonly Privilege[]): string {
  const lines = privileges.map(({ Name, Value }) => ` - ${Name}: [${Value.join(" ")}]`);
  return [
    `Plugin "${remote}" is requesting the following privileges:`,
    ...lines,
    "Do you grant the above permissions?",
  ].join("\n");
}

/** The privileges that the plugin asks for, granted by the user (or `--grant-all-permissions`); undefined if not. */
export async function grantPrivileges(
  context: Context,
  remote: string,
  grantAll: boolean,
): Promise<readonly Privilege[] | undefined> {
  const privileges = await fetchPrivileges(context, remote);
  if (grantAll || privileges.length === 0) return privileges;
  return (await confirm(context, describePrivileges(remote, privileges))) ? privileges : undefined;
}

async function fetchPrivileges(context: Context, remote: string): Promise<readonly Privilege[]> {
  const ask = async () =>
    context.client.json(privilegesSchema, {
      method: "GET",
      path: "/plugins/privileges",
      query: { remote },
      headers: await registryAuthHeader(context, remote),
      signal: context.signal,
    });
  try {
    return await ask();
  } catch (error) {
    const canAsk = context.stdin.isTTY === true && context.out.isTTY === true;
    if (!(error instanceof DaemonFailure) || !wantsLogin(error) || !canAsk) throw error;
    const { loginForReference } = await import("../registry/log-in.ts");
    await loginForReference(context, remote);
    return ask();
  }
}

/** davitd answers 403, because at 401 the docker CLI asks even where nobody is there to answer. */
const wantsLogin = ({ status, reason }: DaemonFailure): boolean =>
  status === 401 || (status === 403 && reason.includes("authorization failed"));
