import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { serve } from './processes.ts';

/** One application and the server of its node. `cert`, `key` and `ca` are PEM. */
export type Application = {
  readonly host: string;
  readonly port: number;
  readonly saeId: string;
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
};

/** What to do; `stored` asks for the keys in stock, `drain` takes all but `leave` of them, `pairs` for pairs a second over `ms`, or over the time that `most` pairs take. */
export type ClientMessage = { readonly master: Application; readonly slave: Application } & (
  | { readonly what: 'stored' }
  | { readonly what: 'drain'; readonly leave: number }
  | { readonly what: 'pairs'; readonly connections: number; readonly ms: number; readonly most: number }
);

type Container = { keys: { key_ID: string; key: string }[] };

const WARM_UP_MS = 150;
/** Keys of one request while the pool is emptied. */
const DRAIN_KEYS = 100;
const HEAD_END = Buffer.from('\r\n\r\n');

/** A keep-alive connection with one request under way at a time, with no more code than that takes. */
class Requester {
  readonly #socket: TLSSocket;
  readonly #host: string;
  #received: Buffer = Buffer.alloc(0);
  #answer: { resolve(body: string): void; reject(error: Error): void } | undefined;

  private constructor(socket: TLSSocket, host: string) {
    this.#socket = socket;
    this.#host = host;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    const gone = (error?: Error) => this.#answer?.reject(error ?? new Error('the server hung up'));
    socket.on('error', gone);
    socket.once('close', () => gone());
  }

  static async open({ host, port, cert, key, ca }: Application): Promise<Requester> {
    const socket = connect({ host, port, cert, key, ca });
    await once(socket, 'secureConnect');
    socket.setNoDelay(true);
    return new Requester(socket, host);
  }

  get(path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject };
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n\r\n`, 'latin1');
    });
  }

  close(): void {
    this.#answer = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd === -1) return;
    const head = this.#received.toString('latin1', 0, headEnd);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN);
    const bodyAt = headEnd + HEAD_END.length;
    if (this.#received.length < bodyAt + length) return;
    const body = this.#received.toString('latin1', bodyAt, bodyAt + length);
    this.#received = this.#received.subarray(bodyAt + length);
    const answer = this.#answer;
    this.#answer = undefined;
    if (head.startsWith('HTTP/1.1 200 ')) answer?.resolve(body);
    else answer?.reject(new Error(`${head.slice(0, head.indexOf('\r\n'))}: ${body}`));
  }
}

serve(async (message: ClientMessage): Promise<number> => {
  if (message.what === 'pairs') return pairsPerSecond(message);
  const requester = await Requester.open(message.master);
  try {
    const path = `/api/v1/keys/${encodeURIComponent(message.slave.saeId)}`;
    return await (message.what === 'stored'
      ? stored(requester, path)
      : drain(requester, path, message.leave));
  } finally {
    requester.close();
  }
});

async function stored(requester: Requester, path: string): Promise<number> {
  return (JSON.parse(await requester.get(`${path}/status`)) as { stored_key_count: number }).stored_key_count;
}

async function drain(requester: Requester, path: string, leave: number): Promise<number> {
  let left = await stored(requester, path);
  for (; left > leave; left = await stored(requester, path))
    await requester.get(`${path}/enc_keys?number=${Math.min(left - leave, DRAIN_KEYS)}&size=256`);
  return left;
}

/** Each of `connections` workers has a connection as the master and one as the slave, and compares what they get. */
async function pairsPerSecond(message: ClientMessage & { what: 'pairs' }): Promise<number> {
  const { master, slave, connections, ms, most } = message;
  const workers = await Promise.all(
    Array.from({ length: connections }, () => Promise.all([Requester.open(master), Requester.open(slave)])),
  );
  const enc = `/api/v1/keys/${encodeURIComponent(slave.saeId)}/enc_keys?number=1&size=256`;
  const dec = `/api/v1/keys/${encodeURIComponent(master.saeId)}/dec_keys?key_ID=`;
  const runFor = async (durationMs: number): Promise<number> => {
    const beginMs = performance.now();
    let pairs = 0;
    const work = async ([atMaster, atSlave]: readonly [Requester, Requester]) => {
      for (; pairs < most && performance.now() < beginMs + durationMs; pairs++)
        await onePair(atMaster, atSlave, enc, dec);
    };
    await Promise.all(workers.map(work));
    return (pairs / (performance.now() - beginMs)) * 1_000;
  };
  try {
    await runFor(WARM_UP_MS);
    return await runFor(ms);
  } finally {
    for (const requester of workers.flat()) requester.close();
  }
}

async function onePair(atMaster: Requester, atSlave: Requester, enc: string, dec: string): Promise<void> {
  const [given] = (JSON.parse(await atMaster.get(enc)) as Container).keys;
  const [found] = (JSON.parse(await atSlave.get(dec + given!.key_ID)) as Container).keys;
  if (given!.key_ID !== found!.key_ID || given!.key !== found!.key) {
    throw new Error(`the two ends got different keys for ${given!.key_ID}`);
  }
}
