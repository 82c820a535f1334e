/** One request sent to both engines. */
export interface HttpStep {
  /** Method and path with query, as in a request line; `{name}` is a place of this run. */
  readonly ask: string;
  /** Before the path; `/v1.41` by default, the version of the engine that is compared with. */
  readonly prefix?: string;
  /** Sent as JSON. */
  readonly json?: Readonly<Record<string, unknown>> | readonly unknown[] | null;
  /** Sent as written. */
  readonly text?: string;
  /** The name of a prepared archive. */
  readonly archive?: string;
  /** In place of `application/json` or `application/x-tar`; empty for none. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Under this name the answer's `Id` is a place of the requests that follow. */
  readonly keep?: string;
  /** The heading in `docs/differences.md` that tells why the engines differ here. */
  readonly differs?: string;
}

export const ask = (request: string, more: Omit<HttpStep, "ask"> = {}): HttpStep => ({
  ask: request,
  ...more,
});

/** How a request is named in a report. */
export function describeStep({ ask: request, prefix, json, text, archive, type }: HttpStep): string {
  const body = json === undefined ? (text ?? archive) : JSON.stringify(json);
  const shown = body === undefined ? "" : ` ${body.length > 80 ? `${body.slice(0, 77)}...` : body}`;
  return `${prefix === undefined ? "" : `(${prefix}) `}${request}${type === undefined ? "" : ` (${type})`}${shown}`;
}
