import type { RegistryAuth } from "@davit/protocol";
import type { Registry, RegistryAccess, RegistrySession } from "../core/ports/registry.ts";
import type { Reference } from "../core/reference.ts";

/** Registries under settings that can change: what is under way ends under those with which it began. */
export class SwitchableRegistry implements Registry {
  #current: Registry;

  constructor(first: Registry) {
    this.#current = first;
  }

  /** The one before is let go of; its idle connections close by themselves. */
  switchTo(next: Registry): void {
    this.#current = next;
  }

  open(reference: Reference, access: RegistryAccess): RegistrySession {
    return this.#current.open(reference, access);
  }

  login(auth: RegistryAuth, signal: AbortSignal): Promise<string> {
    return this.#current.login(auth, signal);
  }
}
