import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../env/clock.ts';
import type { Log } from '../../env/log.ts';
import { InvariantError, messageOf } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { KeySupply } from '../key-supply.ts';
import type { PushStreams } from '../push-streams.ts';
import { type Answer, answerTo, type StreamFor } from './answer.ts';
import { expired } from './caller.ts';
import type { Connection, Connections } from './connections.ts';
import { openStream } from './push-stream.ts';
import { Refusal, refusalOf } from './refusal.ts';
import type { Operation } from './target.ts';

/** One answered request, for counters. */
export type Answered = {
  /** `none` when the request was refused. */
  readonly operation: Operation | 'none';
  readonly status: number;
  /** Keys in the answer. */
  readonly keys: number;
  readonly ms: number;
  /** Who asked; undefined when the certificate names no application. */
  readonly saeId: string | undefined;
  /** Why there is no key; undefined when there is. */
  readonly code: string | undefined;
};

export type ExchangeContext = {
  readonly supply: KeySupply;
  readonly clock: Clock;
  readonly log: Log;
  readonly connections: Connections;
  readonly streams: PushStreams;
  readonly heartbeatMs: number;
  onInvariantBroken(error: InvariantError): void;
  onAnswered?(answered: Answered): void;
};

const JSON_HEADERS = ['Content-Type', 'application/json', 'Cache-Control', 'no-store'] as const;

/** Takes one request to its answer. Never rejects. */
export async function exchange(
  request: IncomingMessage,
  response: ServerResponse,
  context: ExchangeContext,
): Promise<void> {
  const socket = request.socket as TLSSocket;
  if (socket.destroyed) return;
  const connection = context.connections.of(socket);
  // Nothing was promised for a request that came after we ended the connection or behind a stream, nor to one who never reads answers.
  const endless = connection.streaming || connection.unanswered >= limits.supplyPipelineMax;
  const isCurrent = context.connections.isCurrent(connection);
  if (endless || !isCurrent) {
    // Those before it have been promised their answers.
    if (endless || connection.unanswered === 0) socket.destroy();
    return;
  }
  const begunMs = context.clock.monotonicMs();
  connection.unanswered++;
  const answer = await answered(request, connection, context);
  if (answer === undefined) return;
  const given = give(response, answer, connection, context);
  context.onAnswered?.({
    ...given,
    ms: context.clock.monotonicMs() - begunMs,
    saeId: callerOf(connection),
  });
}

function give(
  response: ServerResponse,
  answer: Answer | StreamFor | Refusal,
  connection: Connection,
  context: ExchangeContext,
): Omit<Answered, 'ms' | 'saeId'> {
  if ('pair' in answer) {
    const refusal = openStream(response, answer.pair, connection, context);
    if (refusal === undefined) return { operation: 'pushed_keys', status: 200, keys: 0, code: undefined };
    connection.streaming = false;
    answer = refusal;
  }
  if (answer instanceof Refusal) {
    refuse(response, answer, connection, context);
    return { operation: 'none', status: answer.status, keys: 0, code: answer.code };
  }
  deliver(response, answer, connection, context);
  return { operation: answer.operation, status: 200, keys: answer.keys, code: undefined };
}

async function answered(
  request: IncomingMessage,
  connection: Connection,
  context: ExchangeContext,
): Promise<Answer | StreamFor | Refusal | undefined> {
  const { caller } = connection;
  if (caller instanceof Refusal) return caller;
  if (context.clock.wallMs() > caller.validUntilMs) return expired();
  try {
    const outcome = answerTo(request, caller.saeId, context.supply);
    // Known before the next request is read: what that asks for could not be answered before the stream ends.
    if (outcome !== undefined && 'pair' in outcome) connection.streaming = true;
    return await outcome;
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal.status >= 500) {
      const write = refusal.code === 'kma.pool_empty' ? context.log.debug : context.log.error;
      write.call(context.log, 'supply.failed', {
        sae_id: caller.saeId,
        code: refusal.code,
        reason: messageOf(error),
      });
    }
    if (error instanceof InvariantError) context.onInvariantBroken(error);
    return refusal;
  }
}

function deliver(
  response: ServerResponse,
  { keys, body }: Answer,
  connection: Connection,
  context: ExchangeContext,
): void {
  // The keys are burnt: if the application has left, they are lost, and never go back into the pool.
  if (keys > 0 && response.req.socket.destroyed) {
    body.fill(0);
    lost(keys, connection, context);
    return;
  }
  if (keys > 0) connection.containers.add(body);
  response.once('close', () => {
    settled(response, connection, context);
    if (keys === 0) return;
    body.fill(0);
    connection.containers.delete(body);
    if (!response.writableFinished) lost(keys, connection, context);
  });
  send(response, 200, [], body, connection, context);
}

// A connection of before a reload ends with its last answer.
function settled(response: ServerResponse, connection: Connection, { connections }: ExchangeContext): void {
  connection.unanswered--;
  if (connection.unanswered === 0 && !connections.isCurrent(connection)) response.req.socket.destroySoon();
}

function lost(keys: number, connection: Connection, { log }: ExchangeContext): void {
  log.warn('supply.answer_lost', { sae_id: callerOf(connection), keys });
}

function callerOf({ caller }: Connection): string | undefined {
  return caller instanceof Refusal ? undefined : caller.saeId;
}

function refuse(
  response: ServerResponse,
  refusal: Refusal,
  connection: Connection,
  context: ExchangeContext,
): void {
  context.log.debug('supply.refused', { status: refusal.status, code: refusal.code });
  response.once('close', () => settled(response, connection, context));
  send(response, refusal.status, refusal.headers, refusal.body(), connection, context);
  response.req.resume();
}

function send(
  response: ServerResponse,
  status: number,
  headers: readonly string[],
  body: Buffer,
  connection: Connection,
  context: ExchangeContext,
): void {
  // Not while others wait: Node.js would end the connection before their answers.
  if (connection.unanswered === 1 && !context.connections.isCurrent(connection))
    response.shouldKeepAlive = false;
  response.writeHead(status, [...JSON_HEADERS, 'Content-Length', String(body.length), ...headers]);
  response.end(body);
}
