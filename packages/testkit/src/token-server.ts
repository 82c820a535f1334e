import { createSign, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { mustRun } from "./command.ts";
import { type ScriptedRequest, type ScriptedServer, startScriptedServer } from "./scripted-server.ts";
import type { TempDir } from "./temp-dir.ts";

export interface TokenServer {
  readonly server: ScriptedServer;
  /** What docker-registry's configuration says under `auth`. */
  readonly auth: Readonly<Record<string, unknown>>;
}

const issuer = "testkit";
const service = "registry";

/**
 * Gives tokens to one user for whatever is asked, and nothing to anybody else.
 * https://distribution.github.io/distribution/spec/auth/token/
 */
export async function startTokenServer(
  dir: TempDir,
  user: { readonly name: string; readonly password: string },
): Promise<TokenServer> {
  const [key, certificate] = [dir.join("token.key"), dir.join("token.crt")];
  const subject = ["-subj", "/CN=testkit", "-days", "2"];
  const files = ["-keyout", key, "-out", certificate];
  await mustRun("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", ...subject, ...files]);
  const [privateKey, { raw }] = [
    await readFile(key, "utf8"),
    new X509Certificate(await readFile(certificate)),
  ];
  const server = await startScriptedServer((request, response) => {
    const { name, password, scopes } = credentialsOf(request);
    if (name !== user.name || password !== user.password) {
      response.writeHead(401).end('{"errors":[{"code":"UNAUTHORIZED","message":"wrong password"}]}');
      return;
    }
    const token = sign({ privateKey, certificate: raw }, name, scopes.flatMap(accessOf));
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ token, access_token: token, expires_in: 300 }));
  });
  const auth = { token: { realm: `${server.url}/token`, service, issuer, rootcertbundle: certificate } };
  return { server, auth };
}

function credentialsOf({ method, url, body, headers }: ScriptedRequest) {
  if (method === "POST") {
    const form = new URLSearchParams(body);
    const scopes = (form.get("scope") ?? "").split(" ");
    return { name: form.get("username"), password: form.get("password"), scopes };
  }
  const basic = Buffer.from((headers.authorization ?? "").replace("Basic ", ""), "base64").toString();
  const [name, password] = basic.split(":");
  return { name, password, scopes: new URL(url, "http://x").searchParams.getAll("scope") };
}

/** `repository:acme/v:pull,push`, or with a class `repository(plugin):…`. */
function accessOf(scope: string) {
  const [, type, name, actions = ""] = /^(\w+)(?:\(\w+\))?:([^:]+):(.*)$/.exec(scope) ?? [];
  return name === undefined ? [] : [{ type, name, actions: actions.split(",") }];
}

function sign(
  signer: { readonly privateKey: string; readonly certificate: Buffer },
  subject: string,
  access: readonly object[],
): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const header = { alg: "RS256", typ: "JWT", x5c: [signer.certificate.toString("base64")] };
  const times = { iat: now, nbf: now - 10, exp: now + 300 };
  const claims = { iss: issuer, aud: service, sub: subject, jti: String(now), ...times, access };
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(signer.privateKey, "base64url")}`;
}
