import { createServer, type TLSSocket } from 'node:tls';
import { serve } from './processes.ts';
import type { Files } from './transit-ends.ts';

/** What any node on the way pays at least: TLS in, the same bytes out by TLS. What the first connection says goes to the second. */
serve(async (files: Files) => {
  let first: TLSSocket | undefined;
  const options = {
    ...files,
    requestCert: true,
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['keyferry/1'],
  } as const;
  const server = createServer(options, (socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => {});
    if (first === undefined) {
      first = socket;
      socket.pause();
      socket.on('close', () => {
        first = undefined;
      });
      return;
    }
    first.on('data', (chunk: Buffer) => socket.write(chunk));
    first.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
});
