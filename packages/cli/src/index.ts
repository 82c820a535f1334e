export type { Context } from "./context.ts";
export { runCli } from "./run-cli.ts";
