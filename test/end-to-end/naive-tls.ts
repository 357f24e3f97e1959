import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import type { NaiveKm } from '../plain/naive-km.ts';

type Files = { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer };

/** The certificate of a KM from a lab's authority. */
export function filesOf(pki: string, kmaId: string): Files {
  const read = (...path: string[]) => readFileSync(join(pki, ...path));
  return {
    cert: read('nodes', kmaId, 'kx.pem'),
    key: read('nodes', kmaId, 'kx.key'),
    ca: read('kx-ca.pem'),
  };
}

/** A KM of another make waits for others: TLS with certificates on both sides, and no ALPN. @returns its port */
export async function listenAs(t: TestContext, km: NaiveKm, files: Files): Promise<number> {
  const sockets = new Set<TLSSocket>();
  const server = createServer({ ...files, requestCert: true, rejectUnauthorized: true });
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    attach(km, socket);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** It dials another. @returns how long it lasts: resolves when the connection is over */
export async function dialAs(
  t: TestContext,
  km: NaiveKm,
  files: Files,
  port: number,
  ALPNProtocols?: string[],
): Promise<{ socket: TLSSocket; ended: Promise<void> }> {
  const options = { ...files, host: '127.0.0.1', port, minVersion: 'TLSv1.3' } as const;
  const alpn = ALPNProtocols === undefined ? {} : { ALPNProtocols };
  const socket = connect({ ...options, ...alpn, checkServerIdentity: () => undefined });
  const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  t.after(() => socket.destroy());
  await new Promise<void>((done, failed) => {
    socket.once('secureConnect', done);
    socket.once('error', failed);
  });
  attach(km, socket);
  return { socket, ended };
}

function attach(km: NaiveKm, socket: TLSSocket): void {
  const kmaId = String(socket.getPeerCertificate().subject.CN);
  socket.on('data', km.connected(kmaId, { write: (bytes) => void socket.write(bytes) }));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => km.disconnected(kmaId));
}
