import { once } from 'node:events';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { serve } from './processes.ts';

export type BareHop = {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
};

/** `echo`: answers every `bytes` bytes, as `sizes` said, with `answerBytes`. `pass`: hands everything on to `port` and back. */
export type BareHopMessage =
  | ({ readonly what: 'echo' } & BareHop)
  | { readonly what: 'sizes'; readonly bytes: number; readonly answerBytes: number }
  | ({ readonly what: 'pass'; readonly port: number } & BareHop)
  | ({ readonly what: 'dial'; readonly port: number } & BareHop)
  | {
      readonly what: 'ask';
      readonly bytes: number;
      readonly answerBytes: number;
      readonly inFlight: number;
      readonly ms: number;
    };

const sizes = { bytes: 1, answerBytes: 1 };
let source: TLSSocket | undefined;

serve(async (message: BareHopMessage) => {
  switch (message.what) {
    case 'echo':
      return listen(message, echo);
    case 'sizes':
      Object.assign(sizes, { bytes: message.bytes, answerBytes: message.answerBytes });
      return null;
    case 'pass': {
      const { port } = message;
      return listen(message, async (socket) => {
        const onward = await dial(message, port);
        socket.on('data', (chunk: Buffer) => onward.write(chunk));
        onward.on('data', (chunk: Buffer) => socket.write(chunk));
        socket.on('close', () => onward.destroy());
      });
    }
    case 'dial':
      source = await dial(message, message.port);
      return null;
    case 'ask':
      return answersPerSecond(source!, message);
  }
});

async function listen(files: BareHop, onSocket: (socket: TLSSocket) => void): Promise<number> {
  const server = createServer({ ...tlsOf(files), requestCert: true }, (socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

async function dial(files: BareHop, port: number): Promise<TLSSocket> {
  const socket = connect({ ...tlsOf(files), host: '127.0.0.1', port, checkServerIdentity: () => undefined });
  await once(socket, 'secureConnect');
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  return socket;
}

function tlsOf({ cert, key, ca }: BareHop) {
  return { cert, key, ca, minVersion: 'TLSv1.3', rejectUnauthorized: true } as const;
}

function echo(socket: TLSSocket): void {
  let received = 0;
  socket.on('data', (chunk: Buffer) => {
    for (received += chunk.length; received >= sizes.bytes; received -= sizes.bytes)
      socket.write(Buffer.alloc(sizes.answerBytes, 1));
  });
}

function answersPerSecond(
  socket: TLSSocket,
  { bytes, answerBytes, inFlight, ms }: Extract<BareHopMessage, { what: 'ask' }>,
): Promise<number> {
  const question = Buffer.alloc(bytes, 2);
  const startMs = performance.now();
  return new Promise((resolve) => {
    let received = 0;
    let done = 0;
    let waiting = inFlight;
    const take = (chunk: Buffer) => {
      received += chunk.length;
      for (; received >= answerBytes; received -= answerBytes) {
        done += 1;
        if (performance.now() - startMs < ms) socket.write(question);
        else waiting -= 1;
      }
      if (waiting > 0) return;
      socket.off('data', take);
      resolve((done * 1_000) / (performance.now() - startMs));
    };
    socket.on('data', take);
    for (let i = 0; i < inFlight; i++) socket.write(question);
  });
}
