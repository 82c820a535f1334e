import { describeIssue } from "@davit/protocol";
import type * as z from "zod";

/** What a driver may know of the call it serves. */
export interface Call {
  /** Aborted when the engine hangs up (its deadline passed, its user gave up) or the plugin must end now. */
  readonly signal: AbortSignal;
}

/** Thrown for a request that no driver should see. */
export class RequestError extends Error {
  override readonly name = "RequestError";
}

/** An answer that is no JSON: its bytes are sent as they come, until the caller hangs up. */
export class StreamedAnswer {
  readonly chunks: AsyncIterable<Uint8Array>;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.chunks = chunks;
  }
}

export interface RpcMethod {
  /** True for a method that changes nothing; its calls are logged at level debug. */
  readonly query: boolean;
  /** @throws RequestError when the body is not what the method takes; otherwise whatever the driver throws. */
  readonly answer: (body: unknown, call: Call) => Promise<object>;
}

/** One kind of driver, as the engine knows it. */
export interface DriverInterface {
  /** Its name in the answer to `/Plugin.Activate`: `VolumeDriver`. */
  readonly name: string;
  /** The longest request that it takes, if that is more than usual. */
  readonly bodyLimitBytes?: number;
  /** By path without the slash: `VolumeDriver.Create`. */
  readonly methods: Readonly<Record<string, RpcMethod>>;
  /** The plugin stops: ends what goes on beside calls. */
  readonly stop?: () => Promise<void>;
}

/** Pairs a method with its wire schema, so that drivers are given only what the schema let through. */
export function rpcMethod<Request>(
  schema: z.ZodType<Request>,
  run: (request: Request, call: Call) => Promise<object>,
  options: { readonly query: boolean },
): RpcMethod {
  return {
    query: options.query,
    answer: async (body, call) => {
      const request = schema.safeParse(body);
      if (!request.success) throw new RequestError(describeIssue(request.error));
      return await run(request.data, call);
    },
  };
}
