import { describe, expect, it } from "vitest";
import { endpointsFor, mirrorEndpoint } from "./endpoints.ts";
import { InsecureHosts } from "./insecure-hosts.ts";

const policy = {
  insecureHosts: new InsecureHosts(["plain.test:5000"], async () => []),
  registryMirrors: ["https://mirror.test/cache/", "http://near.test:5000"],
};

const urls = async (domain: string, actions: "pull" | "push"): Promise<string[]> =>
  (await endpointsFor(domain, actions, policy)).map(({ base }) => base.href);

describe("endpointsFor", () => {
  it("asks the mirrors of docker.io first on pull", async () => {
    expect(await urls("docker.io", "pull")).toEqual([
      "https://mirror.test/cache/v2/",
      "http://near.test:5000/v2/",
      "https://registry-1.docker.io/v2/",
    ]);
  });

  it("pushes past the mirrors", async () => {
    expect(await urls("docker.io", "push")).toEqual(["https://registry-1.docker.io/v2/"]);
  });

  it("has no way around TLS for other hosts", async () => {
    expect(await urls("registry.test", "pull")).toEqual(["https://registry.test/v2/"]);
  });

  it.each(["127.0.0.1:5000", "localhost:5000", "[::1]:5000", "plain.test:5000"])(
    "falls back to http for %s",
    async (domain) => {
      expect(await urls(domain, "push")).toEqual([`https://${domain}/v2/`, `http://${domain}/v2/`]);
    },
  );
});

describe("mirrorEndpoint", () => {
  it("is https unless told otherwise", () => {
    expect(mirrorEndpoint("mirror.test:5000", "docker.io").base.href).toBe("https://mirror.test:5000/v2/");
  });

  it.each(["ftp://mirror.test", "https://mirror.test/?a=b", "https://user:secret@mirror.test", "https://"])(
    "refuses %s",
    (mirror) => {
      expect(() => mirrorEndpoint(mirror, "docker.io")).toThrow(/^registry /);
    },
  );
});
