import { execFile } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { startScriptedServer } from "@davit/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Dispatchers } from "./dispatchers.ts";
import { readLimited } from "./registry-response.ts";
import { Transport } from "./transport.ts";

const run = promisify(execFile);

/** Loopback is never verified by the real policy, and these tests are about verification. */
const verifyEverything = { includes: async () => false };

describe("Dispatchers", () => {
  let dir: string;
  let server: Server;
  let host: string;
  const closing: Transport[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(`${tmpdir()}/certs-`);
    const subject = ["-subj", "/CN=davit test", "-addext", "subjectAltName=IP:127.0.0.1"];
    const files = ["-keyout", `${dir}/tls.key`, "-out", `${dir}/tls.crt`];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
    await run("openssl", ["req", "-x509", ...kind, ...files, ...subject]);
    const [key, cert] = await Promise.all([readFile(`${dir}/tls.key`), readFile(`${dir}/tls.crt`)]);
    server = createServer(
      { key, cert, ca: cert, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        const { socket } = request;
        response.end(socket instanceof TLSSocket && socket.authorized ? "client known" : "client unknown");
      },
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    host = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  });
  afterEach(async () => {
    for (const transport of closing.splice(0)) await transport.close();
  });
  afterAll(async () => {
    server.close();
    server.closeAllConnections();
    await rm(dir, { recursive: true });
  });

  function createTransport(
    certsDir?: string,
    insecureHosts = verifyEverything,
    proxies = { http: "", https: "", none: "" },
  ): Transport {
    const dispatchers = new Dispatchers({ insecureHosts, certsDir, connectTimeoutMs: 5_000, proxies });
    const options = { userAgent: "docker/test", headersTimeoutMs: 5_000, retryDelayMs: 1 };
    const transport = new Transport({ dispatchers, ...options });
    closing.push(transport);
    return transport;
  }

  async function ask(transport: Transport, url = `https://${host}/v2/`): Promise<string> {
    const { signal } = new AbortController();
    const response = await transport.send({ method: "GET", url: new URL(url), signal });
    return Buffer.from(await readLimited(response, 1024)).toString();
  }

  it("refuses a certificate of an unknown authority", async () => {
    await expect(ask(createTransport())).rejects.toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining(`Get "https://${host}/v2/": tls: failed to verify certificate: `),
    });
  });

  it("does not verify an insecure registry", async () => {
    expect(await ask(createTransport(undefined, { includes: async () => true }))).toBe("client unknown");
  });

  it("takes the host's authority and client certificate as soon as they are there", async () => {
    const certsDir = `${dir}/certs.d`;
    const transport = createTransport(certsDir);
    await expect(ask(transport)).rejects.toThrow("failed to verify certificate");
    await mkdir(`${certsDir}/${host}`, { recursive: true });
    await copyFile(`${dir}/tls.crt`, `${certsDir}/${host}/ca.crt`);
    expect(await ask(transport)).toBe("client unknown");
    await copyFile(`${dir}/tls.crt`, `${certsDir}/${host}/client.cert`);
    await expect(ask(transport)).rejects.toMatchObject({
      kind: "invalid",
      message: `missing key client.key for client certificate ${certsDir}/${host}/client.cert`,
    });
    await copyFile(`${dir}/tls.key`, `${certsDir}/${host}/client.key`);
    expect(await ask(transport)).toBe("client known");
  });

  it("goes through the proxy, but not to loopback, nor to what is exempt", async () => {
    const proxy = await startScriptedServer((_, response) => response.end("proxied"));
    const direct = await startScriptedServer((_, response) => response.end("direct"));
    try {
      const proxies = { http: proxy.url, https: "", none: "other.test" };
      const transport = createTransport(undefined, verifyEverything, proxies);
      expect(await ask(transport, "http://registry.test/v2/")).toBe("proxied");
      expect(proxy.requests[0]?.url).toBe("http://registry.test/v2/");
      expect(await ask(transport, `${direct.url}/v2/`)).toBe("direct");
    } finally {
      await proxy.stop();
      await direct.stop();
    }
  });
});
