import type { RegistryFacts } from "./engine-facts.ts";

/** The part of `/info` that is about registries. */
export function registryInfo({ insecure, mirrors }: RegistryFacts) {
  const isRange = (entry: string): boolean => /\/\d+$/.test(entry);
  const index = (name: string, secure: boolean) => ({
    Name: name,
    Mirrors: name === "docker.io" ? [...mirrors] : [],
    Secure: secure,
    Official: name === "docker.io",
  });
  const indexes = [
    index("docker.io", true),
    ...insecure.filter((e) => !isRange(e)).map((e) => index(e, false)),
  ];
  return {
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: {
      AllowNondistributableArtifactsCIDRs: [],
      AllowNondistributableArtifactsHostnames: [],
      // The host itself is always trusted.
      InsecureRegistryCIDRs: [...new Set(["::1/128", "127.0.0.0/8", ...insecure.filter(isRange)])],
      IndexConfigs: Object.fromEntries(indexes.map((entry) => [entry.Name, entry])),
      Mirrors: [...mirrors],
    },
  };
}
