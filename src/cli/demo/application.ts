import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { LabApplication } from './lab.ts';

/** What an application gets: the HTTP status and the body as it came. */
export type Reply = { readonly status: number; readonly body: Buffer };
/** The members of a GS QKD 014 key container that the demo reads; the keys themselves are compared as bytes of the body. */
export type Container = { readonly keys: readonly { readonly key_ID: string }[] };

/** A cryptographic application: a GS QKD 014 client with a certificate. */
export class Application {
  readonly saeId: string;
  readonly #base: string;
  readonly #agent: Agent;

  constructor(application: LabApplication, supplyPort: number) {
    this.saeId = application.saeId;
    this.#base = `https://127.0.0.1:${supplyPort}/api/v1/keys`;
    this.#agent = new Agent({
      keepAlive: true,
      cert: readFileSync(application.certificate),
      key: readFileSync(application.key),
      ca: readFileSync(application.ca),
    });
  }

  encKeys(slaveSaeId: string, number: number): Promise<Reply> {
    return this.#call(`${slaveSaeId}/enc_keys`, { number });
  }

  decKeys(masterSaeId: string, keyIds: readonly string[]): Promise<Reply> {
    return this.#call(`${masterSaeId}/dec_keys`, { key_IDs: keyIds.map((key_ID) => ({ key_ID })) });
  }

  close(): void {
    this.#agent.destroy();
  }

  #call(path: string, body: object): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const call = request(
        `${this.#base}/${path}`,
        {
          agent: this.#agent,
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          timeout: 10_000,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }),
          );
        },
      );
      call.on('timeout', () => call.destroy(new Error('no answer in time')));
      call.on('error', reject);
      call.end(JSON.stringify(body));
    });
  }
}

/** The key IDs of a container. */
export function keyIdsOf(reply: Reply): string[] {
  return (JSON.parse(reply.body.toString('utf8')) as Container).keys.map((key) => key.key_ID);
}
