import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import * as z from 'zod';
import type { ModuleOrderResult } from '../../drivers/driver.ts';
import { makeDirectories } from '../disk/durable.ts';
import type { Log } from '../env/log.ts';
import { AgentError, InvariantError, messageOf, rethrowInvariant, unexpected } from '../errors.ts';
import { limits } from '../limits.ts';
import { systemDisk } from '../node/disk.ts';
import type { Status } from '../observe/status.ts';

/** What the CLI and a controller may ask of a running agent. */
export interface Controlled {
  status(): Status;
  /** The Prometheus exposition. */
  metrics(): Promise<string>;
  /** Relays KMA-keys. @throws AgentError `relay.…` */
  relay(
    destination: string,
    keys: number,
  ): Promise<{ requestId: string; destination: string; keys: number; milliseconds: number }>;
  /** Reads certificates and revocation lists anew; the answer is what it did. @throws AgentError `configuration.…` */
  reload(): Promise<object>;
  /** A place of the audit trail that is on the disk and sealed. @throws AgentError `host.audit_full` */
  audit(): Promise<{ readonly seq: number; readonly hash: string }>;
  /** The pools, and the blocks of the one that is named. @throws AgentError `keys.…` */
  keys(pool?: string): object;
  /** Destroys key. @throws AgentError `keys.…` */
  destroyKeys(
    request: z.output<typeof destroyBody>,
  ): Promise<{ readonly blocks: number; readonly keys: number }>;
  /** Changes the node key for the one in `file`. @throws AgentError `configuration.…` */
  rotate(file: string): Promise<object>;
  /** Destroys everything. The process ends after the answer. */
  zeroize(why: string): Promise<{ readonly failures: readonly string[] }>;
  /** Has a link's module do something, or releases or destroys the link's suspect blocks. @throws AgentError `module.…` */
  order(link: string, order: z.output<typeof orderBody>['order']): Promise<ModuleOrderResult>;
}

const PATHS =
  'GET /v1/status, GET /v1/keys, POST /v1/keys/destroy, POST /v1/relay, POST /v1/reload, POST /v1/module, POST /v1/node-key, POST /v1/zeroize, GET /v1/audit, GET /metrics';

const orderBody = z.strictObject({
  link: z.string().min(1).max(limits.idCharsMax),
  order: z.enum(['start', 'stop', 'zeroize', 'self_test', 'identify', 'release', 'discard']),
});

const destroyBody = z.strictObject({
  pool: z.string().min(1).max(limits.idCharsMax).optional(),
  older_than_seconds: z.number().min(0).optional(),
  block: z.int().min(0).max(limits.blockNumberMax).optional(),
  key_id: z.string().min(1).max(limits.idCharsMax).optional(),
  all: z.boolean().optional(),
});
const rotateBody = z.strictObject({ file: z.string().min(1).max(4_096) });
const zeroizeBody = z.strictObject({ why: z.string().min(1).max(limits.zeroizeReasonCharsMax) });

const relayBody = z.strictObject({
  destination: z.string().min(1).max(limits.idCharsMax),
  keys: z.int().min(1).max(limits.relayRequestKeysMax),
});

/**
 * JSON over HTTP on a Unix socket that only the agent's user may open: who can open it may operate the node.
 * `GET /v1/status`, `POST /v1/relay {"destination","keys"}`, `POST /v1/reload`, `POST /v1/module {"link","order"}`,
 * `GET /v1/keys[?pool=KMA_ID]`, `POST /v1/keys/destroy {…}`, `POST /v1/node-key {"file"}`, `POST /v1/zeroize {"why"}`, `GET /v1/audit`,
 * `GET /metrics`.
 * @throws AgentError `host.control_in_use`, `host.control_failed`
 */
export async function startControl(
  path: string,
  controlled: Controlled,
  log: Log,
): Promise<() => Promise<void>> {
  await removeStale(path).catch((thrown: unknown) => {
    throw thrown instanceof AgentError ? thrown : failed(path, thrown);
  });
  const server = createServer({ requestTimeout: limits.controlRequestMs }, (request, response) => {
    answer(controlled, request, response).catch((thrown: unknown) => {
      rethrowInvariant(thrown);
      // Who asked has gone before the order was whole.
      if (request.errored !== null) return;
      log.error('control.failed', { reason: messageOf(thrown) });
      if (response.headersSent) response.destroy();
      else reply(response, 500, { error: unexpected(thrown).toJSON() });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(failed(path, cause)));
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}

async function answer(
  controlled: Controlled,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const url = URL.parse(request.url ?? '/', 'http://control');
    switch (`${request.method} ${url?.pathname}`) {
      case 'GET /v1/status':
        return reply(response, 200, controlled.status());
      case 'GET /metrics':
        response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
        response.end(await controlled.metrics());
        return;
      case 'POST /v1/relay': {
        const { destination, keys } = parse(relayBody, await readJson(request));
        const done = await controlled.relay(destination, keys);
        return reply(response, 200, {
          request_id: done.requestId,
          destination: done.destination,
          keys: done.keys,
          milliseconds: done.milliseconds,
        });
      }
      case 'POST /v1/reload':
        return reply(response, 200, await controlled.reload());
      case 'GET /v1/keys':
        return reply(response, 200, controlled.keys(url?.searchParams.get('pool') ?? undefined));
      case 'POST /v1/keys/destroy':
        return reply(
          response,
          200,
          await controlled.destroyKeys(parse(destroyBody, await readJson(request))),
        );
      case 'POST /v1/node-key':
        return reply(response, 200, await controlled.rotate(parse(rotateBody, await readJson(request)).file));
      case 'POST /v1/zeroize':
        return reply(
          response,
          200,
          await controlled.zeroize(parse(zeroizeBody, await readJson(request)).why),
        );
      case 'GET /v1/audit':
        return reply(response, 200, await controlled.audit());
      case 'POST /v1/module': {
        const { link, order } = parse(orderBody, await readJson(request));
        return reply(response, 200, await controlled.order(link, order));
      }
      default:
        throw new AgentError('control.unknown', `there is no ${request.method} ${request.url}`, {
          fault: 'application',
          remedy: `Use one of: ${PATHS}.`,
        });
    }
  } catch (thrown) {
    if (!(thrown instanceof AgentError) || thrown instanceof InvariantError) throw thrown;
    const status = thrown.code === 'control.unknown' ? 404 : thrown.fault === 'application' ? 400 : 503;
    reply(response, status, { error: thrown.toJSON() });
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw badRequest(z.prettifyError(parsed.error));
  return parsed.data;
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > limits.controlBodyBytesMax) throw badRequest('the body is too long');
    chunks.push(chunk as Buffer);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw badRequest('the body is not JSON');
  }
}

// A socket that nobody answers was left by an agent that was killed.
async function removeStale(path: string): Promise<void> {
  makeDirectories(systemDisk, dirname(path));
  const found = await new Promise<'alive' | 'stale' | 'none'>((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve('alive');
    });
    socket.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ENOENT' ? 'none' : 'stale'),
    );
  });
  // What else lies there is somebody's file.
  if (found === 'stale' && !lstatSync(path).isSocket()) throw new Error('there is a file that is no socket');
  if (found === 'stale') unlinkSync(path);
  if (found !== 'alive') return;
  throw new AgentError('host.control_in_use', `another agent answers at ${path}`, {
    fault: 'host',
    remedy: 'Stop it, or give this node a control.socket of its own.',
  });
}

function failed(path: string, cause: unknown): AgentError {
  return new AgentError('host.control_failed', `cannot listen at ${path}: ${messageOf(cause)}`, {
    fault: 'host',
    remedy:
      'Make the directory of control.socket writable for the agent, and let nothing else lie there under that name.',
    cause,
  });
}

function badRequest(message: string): AgentError {
  return new AgentError('control.bad_request', message, {
    fault: 'application',
    remedy: 'Correct the request.',
  });
}
