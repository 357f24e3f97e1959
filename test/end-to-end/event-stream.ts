import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { Lab } from '../../src/cli/demo/lab.ts';

export type PushedKey = { readonly key_ID: string; readonly key: string };

/** What an application reads from its stream of pushed keys, by a naive reader of server-sent events. */
export class EventStream {
  readonly keys: PushedKey[] = [];
  readonly #response: IncomingMessage;
  ended = false;
  #text = '';

  constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#read(text));
    response.on('close', () => {
      this.ended = true;
    });
    response.on('error', () => {});
  }

  /** @param at KMA ID of the node that serves the slave */
  static open(
    lab: Lab,
    slave: string,
    master: string,
    at = lab.application(slave).kmaId,
  ): Promise<EventStream> {
    const { certificate, key, ca } = lab.application(slave);
    const url = `https://127.0.0.1:${lab.node(at).supplyPort}/api/v1/keys/${master}/pushed_keys`;
    const tls = { cert: readFileSync(certificate), key: readFileSync(key), ca: readFileSync(ca) };
    return new Promise((resolve, reject) => {
      const sent = request(url, { ...tls, agent: false }, (response) => {
        if (response.statusCode === 200) resolve(new EventStream(response));
        else reject(new Error(`status ${response.statusCode}`));
      });
      sent.on('error', reject).end();
    });
  }

  close(): void {
    this.#response.destroy();
  }

  async waitFor(count: number): Promise<readonly PushedKey[]> {
    const endMs = performance.now() + 20_000;
    while (this.keys.length < count) {
      if (performance.now() > endMs) throw new Error(`${this.keys.length} of ${count} keys came`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return this.keys;
  }

  #read(text: string): void {
    const events = (this.#text + text).split('\n\n');
    this.#text = events.pop()!;
    for (const event of events) {
      const lines = event.split('\n');
      if (!lines.includes('event: keys')) continue;
      const data = lines.find((line) => line.startsWith('data: '))!.slice('data: '.length);
      this.keys.push(...(JSON.parse(data) as { keys: PushedKey[] }).keys);
    }
  }
}

/** app-a asks for key, with whatever body. */
export function encKeys(lab: Lab, body: object, slave = 'app-c'): Promise<{ status: number; body: Buffer }> {
  const { certificate, key, ca, kmaId } = lab.application('app-a');
  const url = `https://127.0.0.1:${lab.node(kmaId).supplyPort}/api/v1/keys/${slave}/enc_keys`;
  const tls = { cert: readFileSync(certificate), key: readFileSync(key), ca: readFileSync(ca) };
  const headers = { 'Content-Type': 'application/json' };
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...tls, headers, agent: false, method: 'POST' }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode!, body: Buffer.concat(chunks) }));
    });
    sent.on('error', reject).end(JSON.stringify(body));
  });
}
