import type { LogEntryMessage, LogInfo } from "@davit/protocol";
import type { LogMessage } from "../../core/log/line-assembler.ts";
import { daemonName, type LogSubject } from "../../core/log/log-tag.ts";
import type { DeliveryState } from "../../core/log/plugin-log-state.ts";
import type { LogEntry } from "../../core/ports/logs.ts";

/** A message as a plugin gets it. */
export function wireMessage({ stream, timestamp, line, piece }: LogMessage): LogEntryMessage {
  return { source: stream, timeNano: nanoseconds(timestamp), line, partial: piece !== undefined, piece };
}

/** An entry as a plugin gives it back. */
export function entryOf({ source, timeNano, line, partial, piece }: LogEntryMessage): LogEntry {
  const hasNewline = line.at(-1) === 0x0a;
  return {
    stream: source === "stderr" ? "stderr" : "stdout",
    timestamp: timestampOf(timeNano),
    bytes: hasNewline ? line.subarray(0, -1) : line,
    partial: partial && piece?.last !== true && !hasNewline,
  };
}

const nanosecondsPerSecond = 1_000_000_000n;
const secondsLength = "2026-01-02T03:04:05".length;

function nanoseconds(timestamp: string): bigint {
  const seconds = Date.parse(`${timestamp.slice(0, secondsLength)}Z`) / 1000;
  return BigInt(seconds) * nanosecondsPerSecond + BigInt(timestamp.slice(secondsLength + 1, -1));
}

function timestampOf(timeNano: bigint): string {
  const fraction = ((timeNano % nanosecondsPerSecond) + nanosecondsPerSecond) % nanosecondsPerSecond;
  const seconds = Number((timeNano - fraction) / nanosecondsPerSecond);
  const whole = new Date(seconds * 1000).toISOString().slice(0, secondsLength);
  return `${whole}.${fraction.toString().padStart(9, "0")}Z`;
}

/** What a plugin is told of a container. */
export function logInfo(subject: LogSubject): DeliveryState["info"] {
  const [entrypoint = "", ...args] = subject.command;
  return {
    Config: { ...subject.config },
    ContainerID: subject.id,
    ContainerName: `/${subject.name}`,
    ContainerEntrypoint: entrypoint,
    ContainerArgs: args,
    ContainerImageID: subject.imageId,
    ContainerImageName: subject.imageName,
    ContainerCreated: subject.createdAt,
    ContainerEnv: subject.env.length === 0 ? null : [...subject.env],
    ContainerLabels: { ...subject.labels },
    LogPath: "",
    DaemonName: daemonName,
  } satisfies Record<keyof LogInfo, unknown>;
}
