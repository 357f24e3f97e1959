import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import type { TestContext } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Clock } from '../../src/env/clock.ts';
import type { Log, LogFields } from '../../src/env/log.ts';
import type { InvariantError } from '../../src/errors.ts';
import type { Answered } from '../../src/ksa/gs-qkd-014/exchange.ts';
import { type DeliveryTimes, type KeyDelivery, startKeyDelivery } from '../../src/ksa/gs-qkd-014/server.ts';
import { PushStreams } from '../../src/ksa/push-streams.ts';
import { Gate, supplyGate } from '../../src/kx/peer/gate.ts';
import { type Authority, authority, type Identity } from './certificates.ts';
import { RecordingSupply } from './recording-supply.ts';

/** The server under test, its supply, and certificates for `app-a` (the master) and `app-c` (the slave). */
export type Delivery = {
  readonly server: KeyDelivery;
  readonly supply: RecordingSupply;
  readonly streams: PushStreams;
  readonly clock: SteerableClock;
  readonly log: RecordingLog;
  readonly applications: Authority;
  readonly nodes: Authority;
  readonly node: Identity;
  readonly appA: Identity;
  readonly appC: Identity;
  readonly broken: InvariantError[];
  readonly answered: Answered[];
};

export type Reply = { status: number; headers: IncomingHttpHeaders; body: Buffer; json: unknown };

export async function startDelivery(times: Partial<DeliveryTimes> = {}): Promise<Delivery> {
  const [applications, nodes] = await Promise.all([authority('applications'), authority('nodes')]);
  const [node, appA, appC] = await Promise.all([
    nodes.issue('CN=localhost'),
    applications.issue('CN=app-a, O=Test'),
    applications.issue('CN=app-c'),
  ]);
  const supply = new RecordingSupply();
  const clock = new SteerableClock();
  const log = new RecordingLog();
  const streams = new PushStreams(clock);
  const broken: InvariantError[] = [];
  const answered: Answered[] = [];
  const server = await startKeyDelivery({
    listen: { host: '127.0.0.1', port: 0 },
    tls: { ...node, clientCa: applications.certificate },
    supply,
    streams,
    clock,
    log,
    admission: new Gate(supplyGate, clock),
    times,
    onInvariantBroken: (error) => broken.push(error),
    onAnswered: (one) => answered.push(one),
  });
  return { server, supply, streams, clock, log, applications, nodes, node, appA, appC, broken, answered };
}

/** One request on a connection of its own, unless `options.agent` says otherwise. */
export function ask(
  delivery: Delivery,
  who: Identity,
  path: string,
  options: RequestOptions & { body?: string | Buffer } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { body, ...rest } = options;
    const sent = request(
      {
        ...tlsOptions(delivery, who),
        path,
        agent: false,
        method: body === undefined ? 'GET' : 'POST',
        ...rest,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const whole = Buffer.concat(chunks);
          const isJson = response.headers['content-type'] === 'application/json';
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: whole,
            json: isJson ? JSON.parse(whole.toString()) : undefined,
          });
        });
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });
}

/** POSTs `value` as JSON. */
export function post(delivery: Delivery, who: Identity, path: string, value: unknown): Promise<Reply> {
  return ask(delivery, who, path, {
    body: JSON.stringify(value),
    headers: { 'content-type': 'application/json' },
  });
}

/** Checks a refusal's status, its Error body, and that no cache keeps it. */
export function assertRefused(reply: Reply, status: number, message: string | RegExp, code?: string): void {
  assert.equal(reply.status, status, reply.body.toString());
  const error = reply.json as { message: string; details: { code: string }[] };
  if (typeof message === 'string') assert.equal(error.message, message);
  else assert.match(error.message, message);
  if (code !== undefined) assert.equal(error.details[0]?.code, code);
  assert.equal(reply.headers['cache-control'], 'no-store');
}

/** A bare TLS connection, handshake done, for what an HTTP client would not send. */
export async function dial(
  delivery: Delivery,
  who: Identity,
  more: ConnectionOptions = {},
): Promise<TLSSocket> {
  const socket = connect({ ...tlsOptions(delivery, who), ...more });
  await once(socket, 'secureConnect');
  socket.on('error', () => {});
  return socket;
}

/** All that comes on a connection until the server ends it. */
export function received(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}

/** Keeps each buffer that is made from now on. @returns whether there is one of `bytes` bytes, and all such are wiped */
export function keepBuffers(t: TestContext): (bytes: number) => boolean {
  const { mock } = t.mock.method(Buffer, 'alloc');
  return (bytes) => {
    const found = mock.calls.flatMap(({ result }) => (result?.length === bytes ? [result] : []));
    return found.length > 0 && found.every((one) => one.every((byte) => byte === 0));
  };
}

/** Waits until `holds`, asking often: for what the server does after its answer has left. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const endMs = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > endMs) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function tlsOptions(delivery: Delivery, { certificate, privateKey }: Identity) {
  return {
    host: '127.0.0.1',
    port: delivery.server.port,
    cert: certificate,
    key: privateKey,
    ca: delivery.nodes.certificate,
  };
}

/** The real clock, which a test can put forward. */
export class SteerableClock implements Clock {
  aheadMs = 0;

  wallMs(): number {
    return Date.now() + this.aheadMs;
  }

  monotonicMs(): number {
    return performance.now() + this.aheadMs;
  }

  after(ms: number, fn: () => void): () => void {
    const timer = setTimeout(fn, ms).unref();
    return () => clearTimeout(timer);
  }

  soon(fn: () => void): void {
    setImmediate(fn);
  }
}

/** Keeps every line, to look for what must not be there. */
export class RecordingLog implements Log {
  readonly lines: string[] = [];

  debug(event: string, fields: LogFields = {}): void {
    this.lines.push(`debug ${event} ${JSON.stringify(fields)}`);
  }

  info(event: string, fields: LogFields = {}): void {
    this.lines.push(`info ${event} ${JSON.stringify(fields)}`);
  }

  warn(event: string, fields: LogFields = {}): void {
    this.lines.push(`warn ${event} ${JSON.stringify(fields)}`);
  }

  error(event: string, fields: LogFields = {}): void {
    this.lines.push(`error ${event} ${JSON.stringify(fields)}`);
  }

  with(): Log {
    return this;
  }
}
