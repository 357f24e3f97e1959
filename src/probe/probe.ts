import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { messageOf } from '../errors.ts';
import { Dialogue, type Received } from './dialogue.ts';
import {
  code,
  frame,
  keyEntries,
  nameOf,
  type Parameter,
  type RelayKey,
  type Spelling,
  spelt,
  withKeys,
} from './encode.ts';

export type ProbeOptions = {
  readonly host: string;
  readonly port: number;
  /** PEM. */
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
  readonly ca: Buffer;
  /** KMA ID in `certificate`. */
  readonly self: string;
  /** KMA ID that the KM is expected to have; what its certificate says when left out. */
  readonly kmaId?: string | undefined;
  readonly furtherDestination?: string | undefined;
  readonly session?: string | undefined;
  readonly protocol: 'plain' | 'keyferry';
  readonly spelling: Spelling;
  /** Key relay messages may be sent. */
  readonly unprotectedKey: boolean;
  /** Bound of every single wait. */
  readonly timeoutMs: number;
  /** How often the probe connects at the most: a KM may bound how often a neighbour does, as ours does. */
  readonly connectionsPerSecond: number;
};

export type RelayFields = Partial<Record<Exclude<Parameter, 'keys'>, unknown>> & {
  readonly keys?: readonly RelayKey[];
  readonly spelling?: Spelling;
};

/** A completion that came, or why there is none. `named`: with the request ID, which is optional in it. */
export type Completed = { readonly response: string; readonly named: boolean } | 'closed' | 'silence';

/** The words of the name of the member that links a completion to its relay. */
export const requestId = 'keyrelayrequestid';

/** What checks speak to the KM with. */
export class Probe {
  readonly options: ProbeOptions;
  /** Every connection that is open; the runner ends them. */
  readonly opened = new Set<Socket>();
  /** What has key in it. */
  readonly #payloads: Buffer[] = [];
  #kmaId: string | undefined;
  /** When the next connection may be made. */
  #nextMs = 0;
  #baseline: Promise<string | undefined> | undefined;
  #unnamed = false;

  constructor(options: ProbeOptions) {
    this.options = options;
    this.#kmaId = options.kmaId;
  }

  get timeoutMs(): number {
    return this.options.timeoutMs;
  }

  /** TLS as a good peer has it; members may be taken out or changed. */
  get tlsOptions(): ConnectionOptions {
    const { host, port, certificate, privateKey, ca, protocol } = this.options;
    const ALPNProtocols = protocol === 'keyferry' ? ['keyferry/1'] : undefined;
    const own = { cert: certificate, key: privateKey, ca } as const;
    const base = { host, port, ...own, minVersion: 'TLSv1.2', rejectUnauthorized: true } as const;
    return ALPNProtocols === undefined ? base : { ...base, ALPNProtocols };
  }

  /** The KM's completions have no request ID: they are told apart only where one relay at a time is to be answered. Known from the baseline. */
  get unnamed(): boolean {
    return this.#unnamed;
  }

  async connect(options: ConnectionOptions = this.tlsOptions): Promise<Dialogue> {
    await this.#turn();
    return Dialogue.tls(options, this.timeoutMs, this.opened);
  }

  async connectTcp(): Promise<Dialogue> {
    await this.#turn();
    return Dialogue.tcp(this.options.host, this.options.port, this.timeoutMs, this.opened);
  }

  // Connections are spaced evenly.
  async #turn(): Promise<void> {
    const now = performance.now();
    const mineMs = Math.max(this.#nextMs, now);
    this.#nextMs = mineMs + 1_000 / this.options.connectionsPerSecond;
    if (mineMs > now) await new Promise((resolve) => setTimeout(resolve, mineMs - now));
  }

  /** A connection on which messages may be sent: authenticated, and greeted where the protocol has a greeting. */
  async open(): Promise<Dialogue> {
    const dialogue = await this.connect();
    this.#kmaId ??= commonNameOf(dialogue);
    if (this.options.protocol === 'plain') return dialogue;
    dialogue.send(frame({ id: dialogue.nextId(), command: code.greeting }, this.greeting()));
    const greeted = await dialogue.find(({ command }) => command === code.greeting, this.timeoutMs);
    if (typeof greeted === 'string')
      throw new Error(greeted === 'closed' ? 'closed at the greeting' : 'no greeting came');
    return dialogue;
  }

  greeting(kmaId: string = this.options.self): string {
    return JSON.stringify({ kma_ID: kmaId, unit_bits: 256, store_ID: randomUUID() });
  }

  /** The KM's KMA ID. @throws Error when it is not known yet and cannot be learnt */
  async kmaId(): Promise<string> {
    if (this.#kmaId === undefined) (await this.open()).close();
    if (this.#kmaId === undefined) throw new Error("the KM's certificate has no single common name");
    return this.#kmaId;
  }

  /** A key relay payload from us to the KM, changed by `fields`; a member that is undefined there is left out. Lent until `endAll`. */
  async relay(fields: RelayFields = {}): Promise<Buffer> {
    const { spelling = this.options.spelling, keys = [{ id: randomUUID(), bytes: 32 }], ...others } = fields;
    const members = {
      source: this.options.self,
      destination: await this.kmaId(),
      keys: keyEntries(keys, spelling),
      request: randomUUID(),
      ...others,
    };
    const payload = withKeys(spelt(members, spelling), keys);
    this.#payloads.push(payload);
    return payload;
  }

  /** Sends a key relay with this request ID and waits for its completion notification. */
  async relayed(dialogue: Dialogue, request: string, payload: Buffer): Promise<Completed> {
    dialogue.send(frame({ id: dialogue.nextId(), command: code.relay }, payload));
    return this.completion(dialogue, request);
  }

  /** The completion of the one relay that is to be answered on the connection: with its request ID, or without any (§8.2, Table 2). */
  async completion(dialogue: Dialogue, request: string, ms = this.timeoutMs): Promise<Completed> {
    const answers = ({ command, members }: Received) =>
      command === code.completion && [request, undefined].includes(members.get(requestId) as string);
    const heard = await dialogue.find(answers, ms);
    if (typeof heard === 'string') return heard;
    return { response: String(heard.members.get('response')), named: heard.members.has(requestId) };
  }

  /** What the KM says to a good message; undefined when it says nothing. Asked once. */
  baseline(): Promise<string | undefined> {
    this.#baseline ??= this.open().then(async (dialogue) => {
      const response = await this.exchange(dialogue);
      dialogue.close();
      return response;
    });
    return this.#baseline;
  }

  /**
   * One good exchange on an open connection: a key relay and its completion, a ping and its pong; where neither may be had, that the connection
   * stays open.
   * @returns what the KM said; undefined when it said nothing, or closed the connection
   */
  async exchange(dialogue: Dialogue): Promise<string | undefined> {
    if (this.options.protocol === 'keyferry') {
      dialogue.send(frame({ id: dialogue.nextId(), command: code.ping }, '{}'));
      const heard = await dialogue.find(({ command }) => command === code.pong, this.timeoutMs);
      return typeof heard === 'string' ? undefined : 'pong';
    }
    if (this.options.unprotectedKey) {
      const request = randomUUID();
      const completed = await this.relayed(dialogue, request, await this.relay({ request }));
      if (typeof completed === 'string') return undefined;
      this.#unnamed = !completed.named;
      return completed.response;
    }
    dialogue.send(frame({ id: dialogue.nextId(), command: code.completion }, this.stray()));
    return (await dialogue.next(Math.min(300, this.timeoutMs))) === 'closed' ? undefined : 'open';
  }

  /** Whether the KM serves a new good connection as it did at first. @returns why not */
  async serves(): Promise<string | undefined> {
    const before = await this.baseline().catch(() => undefined);
    const endMs = performance.now() + this.timeoutMs;
    for (;;) {
      let reason = 'says nothing to a good message';
      try {
        const dialogue = await this.open();
        const response = await this.exchange(dialogue);
        const open = !dialogue.closed;
        dialogue.close();
        if (response === before && (before !== undefined || open)) return undefined;
        if (response !== undefined) reason = `says "${response}" to a good message, and "${before}" before`;
      } catch (thrown) {
        reason = messageOf(thrown);
      }
      if (performance.now() > endMs) return reason;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** A completion of nothing that the KM sent. */
  stray(): string {
    return JSON.stringify(spelt({ response: 'success', request: randomUUID() }, this.options.spelling));
  }

  /** How the name of a parameter is spelt. */
  name(parameter: Parameter): string {
    return nameOf(parameter, this.options.spelling);
  }

  /** Ends every connection that is still open, and wipes the keys that were sent. */
  endAll(): void {
    for (const socket of this.opened) socket.destroy();
    for (const payload of this.#payloads.splice(0)) payload.fill(0);
  }
}

/** KMA ID in the certificate of the KM (Q.4163 App. I, note 3); undefined when it has none, or several. */
export function commonNameOf(dialogue: Dialogue): string | undefined {
  const name: unknown = dialogue.socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? name : undefined;
}

/** Whether a response says that the relay went well. The Recommendation leaves its words open. */
export function saysSuccess(response: string): boolean {
  return /^(success(ful)?|ok|done|completed?)\b/i.test(response);
}
