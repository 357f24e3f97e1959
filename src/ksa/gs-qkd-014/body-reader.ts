import type { IncomingMessage } from 'node:http';
import { limits } from '../../limits.ts';
import { badRequest, Refusal } from './refusal.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true });
const TOO_LARGE = new Refusal(
  413,
  'application.bad_request',
  `a body may be at most ${limits.supplyBodyBytesMax} bytes`,
  undefined,
  ['Connection', 'close'],
);

/**
 * Reads the body of a POST: a JSON object, or nothing, which stands for an empty object (every member of a Key request
 * is optional). Requests hold no key, so that JSON.parse may have them. Resolves to undefined when the client left.
 */
export async function readObject(request: IncomingMessage): Promise<object | Refusal | undefined> {
  const type = (request.headers['content-type'] ?? 'application/json').split(';')[0]!.trim().toLowerCase();
  if (type !== 'application/json' || (request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    return new Refusal(415, 'application.bad_request', 'a body shall be application/json, not compressed');
  }
  const body = await readBytes(request);
  if (body === undefined || body instanceof Refusal) return body;
  if (body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(UTF8.decode(body));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // What JSON.parse says quotes the body: the answer below is enough.
  }
  return badRequest('the body is not a JSON object');
}

function readBytes(request: IncomingMessage): Promise<Buffer | Refusal | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > limits.supplyBodyBytesMax)
    return Promise.resolve(TOO_LARGE);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= limits.supplyBodyBytesMax) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      resolve(TOO_LARGE);
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('close', () => resolve(undefined));
    request.once('error', () => resolve(undefined));
  });
}
