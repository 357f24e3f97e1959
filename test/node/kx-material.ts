import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, connect as tcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { ByteLinkEvents, PausableLink } from '../../src/env/byte-link.ts';
import type { KxIdentity } from '../../src/env/kx-transport.ts';
import { KxCredentials, type KxFiles } from '../../src/node/kx-credentials.ts';
import type { KxTlsParts } from '../../src/node/kx-tls.ts';
import { initPki, issueNode, type PkiOptions } from '../../src/pki/pki.ts';
import { makeKxCrl } from '../../src/pki/revoke.ts';
import { ManualClock, until } from '../manual-clock.ts';
import { Lines } from '../store/temp-store.ts';

/** An authority in a directory of its own, and what it issues. */
export class Material {
  readonly directory: string;
  readonly #options: PkiOptions;

  private constructor(directory: string, options: PkiOptions) {
    this.directory = directory;
    this.#options = options;
  }

  static async make(t: TestContext, options: PkiOptions = {}): Promise<Material> {
    const directory = mkdtempSync(join(tmpdir(), 'keyferry-kx-tls-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    await initPki(directory, options);
    return new Material(directory, options);
  }

  /** A fresh certificate of `kmaId` at each call. */
  async files(kmaId: string, options: PkiOptions = {}): Promise<KxFiles> {
    await issueNode(this.directory, kmaId, undefined, { ...this.#options, ...options, force: true });
    const read = (name: string) => readFileSync(join(this.directory, name));
    const [certificate, privateKey] = [read(`nodes/${kmaId}/kx.pem`), read(`nodes/${kmaId}/kx.key`)];
    return { certificate, privateKey, ca: read('kx-ca.pem') };
  }

  /** The revocation list, with the newest certificates of these nodes on it from now on. */
  async crl(...kmaIds: string[]): Promise<Buffer> {
    return readFileSync(await makeKxCrl(this.directory, kmaIds));
  }
}

/** A transport's surroundings: everybody is let in. The wall clock tells the time, and stands. */
export function openTo(): KxTlsParts & { readonly clock: ManualClock; readonly log: Lines } {
  const clock = new ManualClock();
  clock.wallAheadMs = Date.now() - clock.wallMs();
  return { clock, log: new Lines(), admission: { enter: () => () => {} } };
}

/** Takes every connection and keeps what becomes of it. */
export class Taker {
  readonly taken: { identity: KxIdentity; link: PausableLink; bytes: number; closed: string | undefined }[] =
    [];

  take = (identity: KxIdentity, link: PausableLink): ByteLinkEvents => {
    const one: Taker['taken'][number] = { identity, link, bytes: 0, closed: undefined };
    this.taken.push(one);
    return {
      onData: (chunk) => {
        one.bytes += chunk.length;
      },
      onClosed: (reason) => {
        one.closed = reason;
      },
    };
  };
}

/** How a stranger or a peer connects that is none of our code. */
export function clientOptions(files: KxFiles, port: number): ConnectionOptions {
  const { certificate: cert, privateKey: key, ca } = files;
  const at = { host: '127.0.0.1', port, minVersion: 'TLSv1.3', ALPNProtocols: ['keyferry/1'] } as const;
  return { ...at, cert, key, ca, checkServerIdentity: () => undefined };
}

/** Connects and says nothing; `closed` waits until the other end has closed. */
export function connectedUntilClosed(options: ConnectionOptions): {
  readonly socket: TLSSocket;
  closed(): Promise<void>;
} {
  const socket = connect(options);
  socket.on('error', () => {});
  socket.resume();
  return { socket, closed: () => until('the other end closes', () => socket.closed) };
}

/** Stands before a listener and holds back what it answers until `letGo` is called: a handshake is under way for as long. */
export async function holdingBack(t: TestContext, port: number) {
  const held = { answers: 0, port: 0, letGo: () => {} };
  const server = createServer((near) => {
    const far = tcp({ host: '127.0.0.1', port });
    for (const end of [near, far]) {
      end.on('error', () => {});
      t.after(() => end.destroy());
    }
    near.pipe(far);
    far.once('data', (first) => {
      far.pause();
      held.answers += 1;
      held.letGo = () => {
        near.write(first);
        far.pipe(near);
      };
    });
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  held.port = (server.address() as AddressInfo).port;
  return held;
}

export const credentialsOf = (files: KxFiles): KxCredentials => new KxCredentials(files);
