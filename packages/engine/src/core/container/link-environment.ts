import type { LinkedContainer } from "./links.ts";
import { exposedPort } from "./published-ports.ts";
import type { ContainerRecord } from "./record.ts";

type Port = ReturnType<typeof exposedPort>;

/** Set by images for themselves, and of no use to others. */
const ownVariables: ReadonlySet<string> = new Set(["HOME", "PATH"]);

/** The variables that tell a container about one that it is linked to. */
export function linkEnvironment(
  parent: Pick<ContainerRecord, "name">,
  { alias, container }: LinkedContainer,
  address: string,
): readonly string[] {
  const prefix = (alias.split("/").at(-1) ?? "").toUpperCase().replaceAll("-", "_");
  const ports = container.config.exposedPorts.map(exposedPort).toSorted(lowestFirst);
  const url = ({ protocol, containerPort }: Port): string => `${protocol}://${address}:${containerPort}`;
  const key = ({ protocol, containerPort }: Port): string =>
    `${prefix}_PORT_${containerPort}_${protocol.toUpperCase()}`;
  const [first] = ports;
  return [
    ...(first === undefined ? [] : [`${prefix}_PORT=${url(first)}`]),
    ...ranges(ports).flatMap(({ start, end }) => [
      `${key(start)}_START=${url(start)}`,
      `${key(start)}_ADDR=${address}`,
      `${key(start)}_PROTO=${start.protocol}`,
      `${key(start)}_PORT_START=${start.containerPort}`,
      `${key({ ...end, containerPort: start.containerPort })}_END=${url(end)}`,
      `${key({ ...end, containerPort: start.containerPort })}_PORT_END=${end.containerPort}`,
    ]),
    ...ports.flatMap((port) => [
      `${key(port)}=${url(port)}`,
      `${key(port)}_ADDR=${address}`,
      `${key(port)}_PORT=${port.containerPort}`,
      `${key(port)}_PROTO=${port.protocol}`,
    ]),
    `${prefix}_NAME=/${parent.name}/${alias}`,
    ...container.config.env.flatMap((variable) => {
      const equals = variable.indexOf("=");
      return equals === -1 || ownVariables.has(variable.slice(0, equals)) ? [] : `${prefix}_ENV_${variable}`;
    }),
  ];
}

const lowestFirst = (a: Port, b: Port): number =>
  a.containerPort - b.containerPort || Number(b.protocol === "tcp") - Number(a.protocol === "tcp");

/** Three or more ports in a row are also told as one range. */
function ranges(ports: readonly Port[]): readonly { readonly start: Port; readonly end: Port }[] {
  const rows: Port[][] = [];
  for (const port of ports) {
    const row = rows.at(-1);
    const [start] = row ?? [];
    // As the Engine counts: a port of two protocols makes room for a gap.
    if (row !== undefined && start !== undefined && port.containerPort <= start.containerPort + row.length) {
      row.push(port);
    } else rows.push([port]);
  }
  return rows.flatMap((row) => {
    const [start] = row;
    const end = row.at(-1);
    return row.length < 3 || start === undefined || end === undefined ? [] : [{ start, end }];
  });
}
