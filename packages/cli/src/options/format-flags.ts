import { text } from "../command-line/flag.ts";

const help = "Format output using a custom template";

const inspectHelp = `${help}: 'json' or 'TEMPLATE' (a Go template)`;

export const inspectFormatFlag = () => text(inspectHelp, { short: "f" });

/** Where `-f` is another flag's. */
export const longFormatFlag = () => text(inspectHelp);

export const listFormatFlag = () =>
  text(`${help}: 'table' (default), 'table TEMPLATE', 'json' or 'TEMPLATE' (a Go template)`);

/** Accepted for scripts written for docker; there is no content trust here. */
export const contentTrustHelp = "Skip image verification (no effect: there is no content trust)";
