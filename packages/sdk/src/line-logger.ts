export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** Any logger that takes fields and a message, such as pino's. */
export interface PluginLogger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/**
 * One `message key=value` line each, errors to stderr and the rest to stdout, which is how the engine tells levels
 * apart. It stamps the time itself, so the lines carry none.
 */
export function createLineLogger(options: { readonly debug?: boolean } = {}): PluginLogger {
  return {
    debug: (fields, message) => {
      if (options.debug === true) process.stdout.write(formatLine(fields, message));
    },
    info: (fields, message) => {
      process.stdout.write(formatLine(fields, message));
    },
    error: (fields, message) => {
      process.stderr.write(formatLine(fields, message));
    },
  };
}

function formatLine(fields: LogFields, message: string): string {
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${formatValue(value)}`);
  return `${[message, ...pairs].join(" ")}\n`;
}

/** Quoted unless harmless: a volume's name must not be able to forge a line. */
function formatValue(value: string | number | boolean): string {
  const text = String(value);
  return /^[\w.:/@+-]+$/.test(text) ? text : JSON.stringify(text);
}
