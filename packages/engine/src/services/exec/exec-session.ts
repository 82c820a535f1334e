import type { ExecCreateBody, ExecInspect } from "@davit/protocol";

/** A program that was asked for in a running container; known until the container has been gone for a while. */
export interface ExecSession {
  readonly id: string;
  readonly containerId: string;
  readonly request: ExecCreateBody;
  readonly detachKeys: readonly number[];
  /** As things were when it was made: those that the container is linked to may change. */
  readonly environment: readonly string[];
  readonly state:
    | { readonly status: "created" }
    | {
        readonly status: "running";
        /** 0 until it has been started. */
        readonly pid: number;
        /** Settles when it has been started, or could not be. */
        readonly started: Promise<void>;
        readonly exited: Promise<number>;
      }
    | { readonly status: "ended"; readonly pid: number; readonly exitCode: number; readonly endedAt: number };
}

export function execView({ id, containerId, request, detachKeys, state }: ExecSession): ExecInspect {
  const [entrypoint = "", ...words] = request.Cmd;
  return {
    ID: id,
    Running: state.status === "running",
    ExitCode: state.status === "ended" ? state.exitCode : null,
    ProcessConfig: {
      tty: request.Tty,
      entrypoint,
      arguments: words,
      privileged: request.Privileged,
      ...(request.User === "" ? {} : { user: request.User }),
    },
    OpenStdin: request.AttachStdin,
    OpenStderr: request.AttachStderr,
    OpenStdout: request.AttachStdout,
    CanRemove: false,
    ContainerID: containerId,
    DetachKeys: btoa(String.fromCharCode(...detachKeys)),
    Pid: state.status === "created" ? 0 : state.pid,
  };
}
