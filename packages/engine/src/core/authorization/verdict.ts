import { authorizationResponses, describeIssue } from "@davit/protocol";
import { EngineError } from "../errors.ts";

export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

/**
 * What an answer of a plugin means. One that cannot be read is no verdict, and neither is one that allows and tells of a
 * failure at once; whoever asked must refuse then.
 */
export function verdictOf(answer: unknown): Verdict {
  if (answer === undefined) throw new EngineError("internal", "undecodable answer: it is empty");
  // As Go reads `null`: a verdict in which nothing is said.
  const parsed = authorizationResponses["AuthZPlugin.AuthZReq"].safeParse(answer ?? {});
  if (!parsed.success) {
    throw new EngineError("internal", `undecodable answer: ${describeIssue(parsed.error)}`, {
      cause: parsed.error,
    });
  }
  const { Allow, Msg, Err } = parsed.data;
  if (Allow && Err !== "") throw new EngineError("internal", Err);
  return Allow ? { allowed: true } : { allowed: false, reason: Msg === "" ? Err : Msg };
}
