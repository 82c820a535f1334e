import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "./command.ts";

/** Where a key pair lies, and its PEM texts. */
export interface IssuedCertificate {
  readonly certPath: string;
  readonly keyPath: string;
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** e.g. `DNS:localhost`, `IP:127.0.0.1`. */
  readonly altName: string;
  /** 2 by default; with a negative number it has expired. */
  readonly days?: number;
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** An authority of one test, with its files in a directory of the test. */
export class CertificateAuthority {
  readonly #dir: string;
  readonly #name: string;
  /** Its own certificate. */
  readonly path: string;

  private constructor(dir: string, name: string) {
    this.#dir = dir;
    this.#name = name;
    this.path = join(dir, `${name}.pem`);
  }

  static async create(dir: string, name: string): Promise<CertificateAuthority> {
    const files = ["-keyout", `${name}-key.pem`, "-out", `${name}.pem`];
    await mustRun("openssl", ["req", "-x509", ...newKey, "-days", "2", "-subj", `/CN=${name}`, ...files], {
      cwd: dir,
    });
    return new CertificateAuthority(dir, name);
  }

  async issue(name: string, { altName, days = 2 }: CertificateOptions): Promise<IssuedCertificate> {
    const asked = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=${altName}`];
    const files = ["-keyout", `${name}-key.pem`, "-out", `${name}.csr`];
    await mustRun("openssl", ["req", ...newKey, ...asked, ...files], { cwd: this.#dir });
    const authority = ["-CA", this.path, "-CAkey", `${this.#name}-key.pem`, "-days", String(days)];
    const signed = ["-in", `${name}.csr`, "-copy_extensions", "copy", "-out", `${name}.pem`];
    await mustRun("openssl", ["x509", "-req", ...authority, ...signed], { cwd: this.#dir });
    const [certPath, keyPath] = [join(this.#dir, `${name}.pem`), join(this.#dir, `${name}-key.pem`)];
    const [cert, key] = await Promise.all([readFile(certPath, "utf8"), readFile(keyPath, "utf8")]);
    return { certPath, keyPath, cert, key };
  }
}
