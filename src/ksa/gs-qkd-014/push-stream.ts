import type { ServerResponse } from 'node:http';
import type { Clock } from '../../env/clock.ts';
import { limits } from '../../limits.ts';
import type { ApplicationPair, SuppliedKey } from '../key-supply.ts';
import type { KeyStream, PushStreams } from '../push-streams.ts';
import { keyEvent } from './bodies.ts';
import { expired } from './caller.ts';
import type { Connection } from './connections.ts';
import { Refusal, tooManyStreams } from './refusal.ts';

export type StreamContext = {
  readonly clock: Clock;
  readonly streams: PushStreams;
  /** Between two comments that show both ends that the other still stands. */
  readonly heartbeatMs: number;
};

const HEADERS = ['Content-Type', 'text/event-stream', 'Cache-Control', 'no-store'] as const;

/** Opens a stream of server-sent events as the answer to a request. @returns why not */
export function openStream(
  response: ServerResponse,
  pair: ApplicationPair,
  connection: Connection,
  context: StreamContext,
): Refusal | undefined {
  if (connection.caller instanceof Refusal) return connection.caller;
  const { validUntilMs } = connection.caller;
  if (context.clock.wallMs() > validUntilMs) return expired();
  // Its end has been reported already.
  if (response.req.socket.destroyed) return undefined;
  const stream = new PushStream(response, connection, context, validUntilMs);
  if (!context.streams.add(pair, stream)) return tooManyStreams();
  response.once('close', () => {
    context.streams.remove(pair, stream);
    connection.unanswered--;
  });
  stream.begin();
  return undefined;
}

/** Keys on their way to one application, as they come (the event stream of the HTML standard, clause 9.2). */
class PushStream implements KeyStream {
  readonly #response: ServerResponse;
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #heartbeatMs: number;
  readonly #validUntilMs: number;
  #ended = false;
  #cancelHeartbeat: () => void = () => {};

  constructor(
    response: ServerResponse,
    connection: Connection,
    { clock, heartbeatMs }: StreamContext,
    validUntilMs: number,
  ) {
    this.#response = response;
    this.#connection = connection;
    this.#clock = clock;
    this.#heartbeatMs = heartbeatMs;
    this.#validUntilMs = validUntilMs;
  }

  get open(): boolean {
    // A connection outlives the certificate that it was made with; the right to key does not.
    if (this.#clock.wallMs() > this.#validUntilMs) this.end();
    return !this.#ended && !this.#response.destroyed;
  }

  begin(): void {
    const response = this.#response;
    response.shouldKeepAlive = false;
    response.once('close', () => {
      this.#ended = true;
      this.#cancelHeartbeat();
    });
    response.writeHead(200, [...HEADERS]);
    response.write(': keyferry\n\n');
    response.req.resume();
    this.#heartbeat();
  }

  write(keys: readonly SuppliedKey[]): Promise<boolean> {
    let event: Buffer;
    try {
      event = keyEvent(keys);
    } finally {
      for (const { bytes } of keys) bytes.wipe();
    }
    return this.#handOver(event);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelHeartbeat();
    this.#response.end(': the end\n\n');
  }

  #handOver(event: Buffer): Promise<boolean> {
    const response = this.#response;
    if (!this.open) {
      event.fill(0);
      return Promise.resolve(false);
    }
    return new Promise((resolve) => {
      let settled = false;
      const settle = (taken: boolean) => {
        if (settled) return;
        settled = true;
        cancel();
        response.off('close', lost);
        event.fill(0);
        this.#connection.containers.delete(event);
        resolve(taken);
      };
      const lost = () => settle(false);
      // Who does not read is cut off: others wait for what it was given.
      const cancel = this.#clock.after(limits.supplyPushMs, () => response.destroy());
      this.#connection.containers.add(event);
      response.once('close', lost);
      response.write(event, (error) => settle(error === null || error === undefined));
    });
  }

  #heartbeat(): void {
    this.#cancelHeartbeat = this.#clock.after(this.#heartbeatMs, () => {
      if (!this.open) return;
      this.#response.write(': \n\n');
      this.#heartbeat();
    });
  }
}
