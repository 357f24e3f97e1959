import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { serve } from './processes.ts';

/** PEM. */
export type BareMessage = { readonly cert: string; readonly key: string; readonly ca: string };

/**
 * What any GS QKD 014 server on Node pays at least: HTTPS with mutual TLS, a key container of the usual size, nothing
 * behind it. Answers every request with the same key.
 */
serve(async ({ cert, key, ca }: BareMessage) => {
  const container = {
    keys: [{ key_ID: '5e3f0000-0000-4000-8000-000000000000', key: Buffer.alloc(32, 7).toString('base64') }],
  };
  const body = Buffer.from(JSON.stringify(container));
  const headers = [
    'Content-Type',
    'application/json',
    'Cache-Control',
    'no-store',
    'Content-Length',
    String(body.length),
  ];
  const server = createServer(
    { cert, key, ca, requestCert: true, rejectUnauthorized: true },
    (_, response) => {
      response.writeHead(200, headers);
      response.end(body);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
});
