import { EngineError, messageOf } from "../core/errors.ts";
import type { Logger } from "../core/ports/logger.ts";
import { runProgram } from "../linux/run-program.ts";

/**
 * Tells whoever started the daemon (systemd with Type=notify) how it is: by systemd's own program, because Node has no
 * datagrams on UNIX sockets. https://www.freedesktop.org/software/systemd/man/sd_notify.html
 */
export async function notifyServiceManager(
  state: "ready" | "stopping",
  { environment, logger }: { readonly environment: NodeJS.ProcessEnv; readonly logger: Logger },
): Promise<void> {
  const socket = environment["NOTIFY_SOCKET"] ?? "";
  if (socket === "") return;
  const words = { ready: ["READY=1", `MAINPID=${process.pid}`], stopping: ["STOPPING=1"] }[state];
  try {
    const { exitCode, stderr } = await runProgram(["systemd-notify", ...words], {
      env: { NOTIFY_SOCKET: socket },
    });
    if (exitCode !== 0) throw new EngineError("internal", `systemd-notify: ${stderr.trim()}`);
  } catch (error) {
    logger.warn(
      { reason: messageOf(error) },
      `the service manager cannot be told that the daemon is ${state}`,
    );
  }
}
