import { containerSteps } from "./http-container-steps.ts";
import { pluginEndSteps, pluginSteps } from "./http-plugin-steps.ts";
import type { HttpStep } from "./http-step.ts";
import { imageSteps, systemSteps } from "./http-system-steps.ts";
import { volumeEndSteps, volumeSteps } from "./http-volume-steps.ts";

/** Requests good and bad to every part of the API; each builds on those before. */
export const httpScript: readonly HttpStep[] = [
  ...systemSteps,
  ...pluginSteps,
  ...volumeSteps,
  ...imageSteps,
  ...containerSteps,
  ...volumeEndSteps,
  ...pluginEndSteps,
];
