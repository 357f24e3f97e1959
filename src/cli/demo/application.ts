import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { LabApplication } from './lab.ts';

/** What an application gets: the HTTP status and the body as it came. The body may hold key, and is the caller's to wipe. */
export type Reply = { readonly status: number; readonly body: Buffer };

const BEFORE_ID = Buffer.from('"key_ID":');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

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
      rejectUnauthorized: true,
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
          response.on('close', () => {
            for (const chunk of chunks) chunk.fill(0);
          });
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

/** The key IDs of a GS QKD 014 key container, picked out of its bytes: its keys never become strings. @throws Error when it has none */
export function keyIdsOf({ body }: Reply): string[] {
  const ids: string[] = [];
  for (let at = body.indexOf(BEFORE_ID); at >= 0; at = body.indexOf(BEFORE_ID, at)) {
    const start = at + BEFORE_ID.length;
    at = endOfString(body, start);
    ids.push(JSON.parse(body.toString('utf8', start, at)) as string);
  }
  if (ids.length === 0) throw new Error('the answer is no key container');
  return ids;
}

/** Behind the quote that ends the JSON string which begins at `start`. */
function endOfString(body: Buffer, start: number): number {
  if (body[start] !== QUOTE) throw new Error('a key ID is no string');
  let at = start + 1;
  while (at < body.length && body[at] !== QUOTE) at += body[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}
