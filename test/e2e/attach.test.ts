import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { busyboxRootfs } from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();

beforeAll(async () => {
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});

/** A terminal at the other end of a container's streams. */
class Terminal implements AsyncDisposable {
  readonly #socket: Socket;
  #text = "";

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#text += chunk.toString("latin1");
    });
  }

  static async open(container: string, query = ""): Promise<Terminal> {
    const socket = connect({ path: davitd.engine.socket, allowHalfOpen: true });
    const terminal = new Terminal(socket);
    const path = `/v1.41/containers/${container}/attach?stdin=1&stdout=1&stderr=1&stream=1${query}`;
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`);
    await terminal.see("\r\n\r\n");
    return terminal;
  }

  /** Waits until the text has come; what came before it is passed over. */
  async see(text: string): Promise<void> {
    const signal = AbortSignal.timeout(10_000);
    while (!this.#text.includes(text)) {
      if (this.#socket.readableEnded) throw new Error(`ended after ${JSON.stringify(this.#text)}`);
      await Promise.race([once(this.#socket, "data", { signal }), once(this.#socket, "end", { signal })]);
    }
    this.#text = this.#text.slice(this.#text.indexOf(text) + text.length);
  }

  type(text: string): void {
    this.#socket.write(text, "latin1");
  }

  async ended(): Promise<void> {
    if (!this.#socket.readableEnded) await once(this.#socket, "end", { signal: AbortSignal.timeout(10_000) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await once(this.#socket, "close");
  }
}

const shell = (name: string) =>
  davitd.engine.ok(["run", "-dit", "--name", name, "--network", "none", "busybox", "sh"]);
const isRunning = (name: string) => davitd.engine.ok(["inspect", "--format", "{{.State.Running}}", name]);

describe("attach", () => {
  test("detaches by ctrl-p ctrl-q, and another client finds the shell as it was", async () => {
    await shell("left");
    {
      await using first = await Terminal.open("left");
      first.type("A=kept; echo o$((1+1))e\n");
      await first.see("o2e");
      first.type("\u0010\u0011");
      await first.ended();
    }
    expect(await isRunning("left")).toBe("true");
    await using second = await Terminal.open("left");
    second.type("echo $A-$((2+2))\n");
    await second.see("kept-4");
    second.type("exit 3\n");
    await second.ended();
    expect(await davitd.engine.ok(["wait", "left"])).toBe("3");
  });

  test("takes other keys, across packets, and passes what only begins like them", async () => {
    await shell("keys");
    await using terminal = await Terminal.open("keys", "&detachKeys=x,y");
    terminal.type("echo x");
    terminal.type("z$((3+3))\n");
    await terminal.see("xz6");
    terminal.type("x");
    terminal.type("y");
    await terminal.ended();
    expect(await isRunning("keys")).toBe("true");
  });

  test("refuses keys that are none, and a paused container", async () => {
    await davitd.engine.ok(["pause", "keys"]);
    const path = "/v1.41/containers/keys/attach?stream=1&stdout=1";
    const odd = await davitd.engine.request("POST", `${path}&detachKeys=foo`);
    expect(odd).toMatchObject({ status: 400, body: "Invalid detach keys (foo) provided\r\n" });
    const paused = await davitd.engine.request("POST", path);
    expect(paused.status).toBe(409);
    expect(paused.body).toContain("is paused, unpause the container before attach");
  });
});
