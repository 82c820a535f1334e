export interface ReloadRequests {
  /** From now on, and at once if one has come already. */
  serve(handle: () => void): void;
}

/** SIGHUP from the first moment on, which would end the process else; one that comes too early is served later. */
export function reloadRequests(): ReloadRequests {
  let handle: (() => void) | undefined;
  let isAsked = false;
  process.on("SIGHUP", () => {
    if (handle === undefined) isAsked = true;
    else handle();
  });
  return {
    serve(given) {
      handle = given;
      if (isAsked) given();
    },
  };
}

/** The first request to stop; a second one ends the process at once. */
export function nextStopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => {
        if (asked) process.exit(128 + (signal === "SIGINT" ? 2 : 15));
        asked = true;
        resolve(signal);
      });
    }
  });
}
