import type { ImageConfig } from "@davit/protocol";
import { EngineError } from "../errors.ts";

type Config = NonNullable<ImageConfig["config"]>;

/** Applies Dockerfile instructions (`CMD`, `ENV`, ...) to an image's configuration, as `import --change` does. */
export const applyChanges = (config: Config, changes: readonly string[]): Config =>
  changes.flatMap((change) => change.split("\n")).reduce(applyChange, config);

function applyChange(config: Config, change: string): Config {
  const line = change.trim();
  if (line === "" || line.startsWith("#")) return config;
  const [word = ""] = line.split(/\s/, 1);
  const rest = line.slice(word.length).trim();
  const instruction = word.toUpperCase();
  if (rest === "") throw new EngineError("invalid", `${instruction} requires at least one argument`);
  switch (instruction) {
    case "CMD":
      return { ...config, Cmd: commandLine(rest) };
    case "ENTRYPOINT":
      return { ...config, Entrypoint: commandLine(rest) };
    case "ENV":
      return { ...config, Env: withVariables(config.Env ?? [], pairs(instruction, rest)) };
    case "LABEL":
      return { ...config, Labels: { ...config.Labels, ...Object.fromEntries(pairs(instruction, rest)) } };
    case "WORKDIR":
      return { ...config, WorkingDir: rest.startsWith("/") ? rest : `${config.WorkingDir ?? ""}/${rest}` };
    case "USER":
      return { ...config, User: rest };
    case "EXPOSE":
      return { ...config, ExposedPorts: { ...config.ExposedPorts, ...setOf(rest.split(/\s+/).map(port)) } };
    case "VOLUME":
      return { ...config, Volumes: { ...config.Volumes, ...setOf(list(rest) ?? rest.split(/\s+/)) } };
    case "STOPSIGNAL":
      return { ...config, StopSignal: rest };
    default:
      throw new EngineError("invalid", `${word.toLowerCase()} is not a valid change command`);
  }
}

const setOf = (keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, {}]));

/** The exec form, a JSON list, or the shell form. */
const commandLine = (text: string): string[] => list(text) ?? ["/bin/sh", "-c", text];

function list(text: string): string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  } catch {
    // A shell command may start with a bracket: `[ -f x ] && y`.
  }
  return undefined;
}

function port(text: string): string {
  const match = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/i.exec(text);
  if (match === null || Number(match[1]) > 65_535) {
    throw new EngineError("invalid", `invalid containerPort: ${text}`);
  }
  return `${match[1]}/${(match[2] ?? "tcp").toLowerCase()}`;
}

/** `KEY=value KEY2="two words"`, or the older `KEY value`. */
function pairs(instruction: string, text: string): [string, string][] {
  const words = splitWords(text);
  const [first = ""] = words;
  if (!first.includes("=")) {
    if (instruction === "LABEL" || words.length < 2) {
      throw new EngineError("invalid", `${instruction} must have two arguments`);
    }
    return [[first, text.slice(first.length).trim()]];
  }
  return words.map((word) => {
    const equals = word.indexOf("=");
    if (equals < 1) throw new EngineError("invalid", `syntax error - can't find = in "${word}"`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

/** Splits at spaces outside quotes, takes quotes away, and honours backslashes. */
function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\\" && quote !== "'" && at + 1 < text.length) {
      at++;
      word = (word ?? "") + text.charAt(at);
    } else if (quote !== "") {
      if (char === quote) quote = "";
      else word = (word ?? "") + char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + char;
    }
  }
  if (quote !== "")
    throw new EngineError("invalid", `unexpected end of statement while looking for matching ${quote}`);
  if (word !== undefined) words.push(word);
  return words;
}

function withVariables(env: readonly string[], added: readonly [string, string][]): string[] {
  const names = new Set(added.map(([name]) => name));
  return [
    ...env.filter((variable) => !names.has(variable.split("=", 1)[0] ?? "")),
    ...added.map(([name, value]) => `${name}=${value}`),
  ];
}
