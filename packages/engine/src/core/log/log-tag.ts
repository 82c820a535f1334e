import { EngineError } from "../errors.ts";
import { shortId } from "../identifiers.ts";

/** What a log driver is told of a container. https://docs.docker.com/engine/logging/log_tags/ */
export interface LogSubject {
  readonly id: string;
  /** Without a leading slash. */
  readonly name: string;
  readonly imageId: string;
  readonly imageName: string;
  /** Entrypoint and arguments. */
  readonly command: readonly string[];
  readonly createdAt: string;
  readonly env: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly config: Readonly<Record<string, string>>;
  readonly hostname: string;
}

/** The engine's name in what drivers are told: tags and plugins know it. */
export const daemonName = "docker";

const fields: Readonly<Record<string, (subject: LogSubject) => string>> = {
  ID: ({ id }) => shortId(id),
  FullID: ({ id }) => id,
  Name: ({ name }) => name,
  ImageID: ({ imageId }) => shortId(imageId.replace(/^sha256:/, "")),
  ImageFullID: ({ imageId }) => imageId,
  ImageName: ({ imageName }) => imageName,
  DaemonName: () => daemonName,
  Command: ({ command }) => command.join(" "),
  Hostname: ({ hostname }) => hostname,
  ContainerID: ({ id }) => id,
  ContainerName: ({ name }) => `/${name}`,
  ContainerImageID: ({ imageId }) => imageId,
  ContainerImageName: ({ imageName }) => imageName,
  ContainerEntrypoint: ({ command }) => command[0] ?? "",
};

const action = /\{\{-?\s*\.(\w+)\s*-?\}\}/g;

/** Refuses a tag that is no template of the fields that there are. */
export function checkTag(tag: string): void {
  const rest = tag.replaceAll(action, (_all, name: string) => {
    if (fields[name] !== undefined) return "";
    throw new EngineError(
      "invalid",
      `template: log-tag:1:2: executing "log-tag" at <.${name}>: can't evaluate field ${name} in type *logger.Info`,
    );
  });
  if (!rest.includes("{{")) return;
  throw new EngineError(
    "invalid",
    rest.includes("}}")
      ? `template: log-tag:1: only fields of the container can be named: ${tag}`
      : "template: log-tag:1: unclosed action",
  );
}

/** A tag with its fields filled in. */
export const renderTag = (tag: string, subject: LogSubject): string =>
  tag.replaceAll(action, (_all, name: string) => fields[name]?.(subject) ?? "");
