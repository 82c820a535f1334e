import { EngineError, messageOf } from "../errors.ts";
import { sharedContainer } from "./modes.ts";
import type { ContainerLink, ContainerRecord, NetworkMode } from "./record.ts";

/** A container that another one is linked to, and what the other calls it. */
export interface LinkedContainer {
  readonly alias: string;
  readonly container: ContainerRecord;
}

const invalid = (message: string): EngineError => new EngineError("invalid", message);

/** `name:alias`, `name`; and as inspect shows it, `/name:/parent/alias`. */
export function parseLink(text: string): { readonly name: string; readonly alias: string } {
  if (text === "") throw invalid("empty string specified for links");
  const [name = "", alias = name, ...rest] = text.split(":");
  if (rest.length > 0) throw invalid(`bad format for links: ${text}`);
  if (!name.startsWith("/") || !text.includes(":")) return { name, alias };
  return { name: name.slice(1), alias: alias.slice(alias.lastIndexOf("/") + 1) };
}

/** The links that a container is made with; with a network that has none of the default bridge they are left alone. */
export function planLinks(
  texts: readonly string[],
  networkMode: NetworkMode,
  find: (typed: string) => ContainerRecord,
): readonly ContainerLink[] {
  if (networkMode === "host" && texts.length > 0) throw hostConflict();
  if (networkMode !== "bridge" && networkMode !== "none") return [];
  const links: ContainerLink[] = [];
  for (const text of texts) {
    const { name, alias } = parseLink(text);
    const containerId = endOfShares(name, find).id;
    // An alias that is taken, or none, says nothing, as in the Engine.
    if (alias !== "" && !links.some((other) => other.alias === alias)) links.push({ alias, containerId });
  }
  return links;
}

const hostConflict = (): EngineError =>
  invalid(
    "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
  );

/** The container itself, or the one whose network it shares. */
function endOfShares(name: string, find: (typed: string) => ContainerRecord): ContainerRecord {
  const wanted = (typed: string): ContainerRecord => {
    try {
      return find(typed);
    } catch (error) {
      throw invalid(`could not get container for ${typed}: ${messageOf(error)}`);
    }
  };
  let found = wanted(name);
  while (found.networkMode === "container") {
    found = wanted(sharedContainer(found.hostConfig.NetworkMode) ?? "");
  }
  if (found.networkMode === "host") throw hostConflict();
  return found;
}

/** Those that there are still. */
export function linkedContainers(
  { links = [] }: ContainerRecord,
  all: readonly ContainerRecord[],
): readonly LinkedContainer[] {
  return links.flatMap(({ alias, containerId }) => {
    const container = all.find(({ id }) => id === containerId);
    return container === undefined ? [] : [{ alias, container }];
  });
}

/** Every name of a container, in order: its own and those that others link to it by. */
export function allNames(record: ContainerRecord, all: readonly ContainerRecord[]): readonly string[] {
  const links = all.flatMap((parent) =>
    (parent.links ?? [])
      .filter(({ containerId }) => containerId === record.id)
      .map(({ alias }) => `/${parent.name}/${alias}`),
  );
  return [`/${record.name}`, ...links].toSorted();
}

/** What `/parent/alias` means; undefined if it is nobody's. */
export function findLink(
  typed: string,
  all: readonly ContainerRecord[],
): { readonly parent: ContainerRecord; readonly link: ContainerLink } | undefined {
  const name = typed.startsWith("/") ? typed.slice(1) : typed;
  const slash = name.indexOf("/");
  if (slash === -1) return undefined;
  const parent = all.find((record) => record.name === name.slice(0, slash));
  const link = parent?.links?.find(({ alias }) => alias === name.slice(slash + 1));
  return parent === undefined || link === undefined ? undefined : { parent, link };
}

/** The container that `/parent/alias` leads to. */
export function linkTarget(typed: string, all: readonly ContainerRecord[]): ContainerRecord | undefined {
  const found = findLink(typed, all);
  return all.find(({ id }) => id === found?.link.containerId);
}

/** `HostConfig.Links` as inspect shows it. */
export const linksView = (record: ContainerRecord, all: readonly ContainerRecord[]): readonly string[] =>
  linkedContainers(record, all).map(({ alias, container }) => `/${container.name}:/${record.name}/${alias}`);

/** The names that a linked container has in `/etc/hosts`, as one entry. */
export const hostsNames = ({ alias, container }: LinkedContainer): string =>
  [alias, container.config.hostname, ...(alias === container.name ? [] : [container.name])].join(" ");

/** The file with a linked container's new address, where there is a line that begins with its alias. */
export const withAddress = (hosts: string, alias: string, address: string): string =>
  mapHosts(hosts, alias, (names) => `${address}\t${names}`);

export const withoutLink = (hosts: string, linked: LinkedContainer): string =>
  mapHosts(hosts, linked.alias, (names) => (names === hostsNames(linked) ? undefined : names));

function mapHosts(hosts: string, alias: string, change: (names: string) => string | undefined): string {
  return hosts
    .split("\n")
    .flatMap((line) => {
      const [, names = ""] = /^\S+\t(.*)$/.exec(line) ?? [];
      return names.split(" ")[0] === alias ? (change(names) ?? []) : line;
    })
    .join("\n");
}
