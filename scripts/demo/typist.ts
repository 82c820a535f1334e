import { spawn } from "node:child_process";
import { once } from "node:events";
import { styleText } from "node:util";

export interface TypistOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Kills the command that runs. */
  readonly signal: AbortSignal;
}

/** Shows each command as a user would type it, runs it as shown, and shows its real output. */
export class Typist {
  readonly #options: TypistOptions;

  constructor(options: TypistOptions) {
    this.#options = options;
  }

  /** What is about to be seen. */
  say(text: string): void {
    console.log(`\n${styleText("bold", `# ${text}`)}`);
  }

  /** Runs a line of the shell's. */
  async type(line: string): Promise<void> {
    const { cwd, env, signal } = this.#options;
    signal.throwIfAborted();
    console.log(styleText("cyan", `$ ${line}`));
    const child = spawn("sh", ["-c", line], { cwd, env, signal, stdio: ["ignore", "inherit", "inherit"] });
    const [code]: unknown[] = await once(child, "exit");
    if (code !== 0) throw new Error(`exit code ${String(code)}: ${line}`);
  }
}
