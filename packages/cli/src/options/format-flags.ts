import { text } from "../command-line/flag.ts";

const help = "Format output using a custom template";

export const inspectFormatFlag = () => text(`${help}: 'json' or 'TEMPLATE' (a Go template)`, { short: "f" });

export const listFormatFlag = () =>
  text(`${help}: 'table' (default), 'table TEMPLATE', 'json' or 'TEMPLATE' (a Go template)`);

/** Accepted for scripts written for docker; there is no content trust here. */
export const contentTrustHelp = "Skip image verification (no effect: there is no content trust)";
