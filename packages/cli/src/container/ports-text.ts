import * as z from "zod";

const portSchema = z.object({
  IP: z.string().optional(),
  PrivatePort: z.number(),
  PublicPort: z.number().optional(),
  Type: z.string(),
});

/** `0.0.0.0:8080->80/tcp, 443/tcp`. */
export function portsText(ports: readonly unknown[]): string {
  return ports
    .map((port) => portSchema.parse(port))
    .sort((a, b) => a.PrivatePort - b.PrivatePort || a.Type.localeCompare(b.Type))
    .map(({ IP = "", PrivatePort, PublicPort, Type }) => {
      if (PublicPort === undefined || PublicPort === 0) return `${PrivatePort}/${Type}`;
      const host = IP.includes(":") ? `[${IP}]` : IP;
      return `${host}:${PublicPort}->${PrivatePort}/${Type}`;
    })
    .join(", ");
}
