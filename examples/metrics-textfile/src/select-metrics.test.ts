import { expect, it } from "vitest";
import { selectMetrics } from "./select-metrics.ts";

const text = `# HELP engine_a Number of a
# TYPE engine_a counter
engine_a{kind="x"} 1
# HELP nodejs_b Of no use
# TYPE nodejs_b gauge
nodejs_b 2
davit_c_bucket{le="+Inf"} 3

`;

it("keeps samples with what is told of them, and nothing else", () => {
  expect(selectMetrics(text, /^(engine_|davit_)/)).toBe(
    '# HELP engine_a Number of a\n# TYPE engine_a counter\nengine_a{kind="x"} 1\ndavit_c_bucket{le="+Inf"} 3\n',
  );
});
