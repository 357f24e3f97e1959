import { connect, createServer, type TLSSocket } from 'node:tls';

/** PEM texts of one end. */
export type Identity = { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer };

export type Seen = { readonly protocol: string; readonly serverSees: string; readonly clientSees: string };

/**
 * One mutual TLS 1.3 handshake over loopback, each end trusting its `ca` alone. Rejects when either end refuses: the
 * client only knows that it was accepted once the server's first byte has come.
 */
export async function handshake(ends: {
  server: Identity;
  client: Identity;
  servername: string;
}): Promise<Seen> {
  const sockets: { destroy(): void }[] = [];
  const server = createServer({
    ...ends.server,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
  });
  try {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const accepted = new Promise<string>((resolve, reject) => {
      server.on('connection', (socket) => sockets.push(socket));
      server.on('tlsClientError', reject);
      server.on('secureConnection', (socket) => {
        socket.on('error', reject);
        resolve(commonName(socket));
        socket.write('.');
      });
    });
    const client = connect({
      ...ends.client,
      port: address.port,
      host: '127.0.0.1',
      servername: ends.servername,
      minVersion: 'TLSv1.3',
    });
    sockets.push(client);
    const answered = new Promise<void>((resolve, reject) => {
      client.on('error', reject);
      client.on('close', () => reject(new Error('closed before it was accepted')));
      client.once('data', () => resolve());
    });
    const [serverSees] = await Promise.all([accepted, answered]);
    return { protocol: client.getProtocol() ?? '', serverSees, clientSees: commonName(client) };
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

function commonName(socket: TLSSocket): string {
  const name = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? name : '';
}
