import { constants, type X509Certificate } from 'node:crypto';
import { duplexPair } from 'node:stream';
import {
  connect,
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  TLSSocket,
} from 'node:tls';
import { issuerProblem, readCertificates, upTheChain, validityProblem } from '../config/certificates.ts';
import { type Crl, isRevoked, readCrls } from '../config/crl.ts';
import { AgentError, messageOf } from '../errors.ts';

/** PEM. `crl` has the revocation lists, where they are looked at. */
export type KxFiles = {
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
  readonly ca: Buffer;
  readonly crl?: Buffer | undefined;
};

/**
 * What a node shows on Kx and whom it believes. OpenSSL judges every handshake by it; connections that stand are judged by `problem`
 * when it changes.
 */
export class KxCredentials {
  readonly options: SecureContextOptions;
  readonly context: SecureContext;
  readonly #privateKey: Buffer;
  readonly #own: X509Certificate;
  readonly #authorities: readonly X509Certificate[];
  readonly #crls: readonly Crl[];
  /** Whether fewer are believed than under other credentials. */
  readonly #stricter = new WeakMap<KxCredentials, boolean>();

  /** @throws AgentError `configuration.kx_tls` when the files cannot be used */
  constructor(files: KxFiles) {
    this.#privateKey = files.privateKey;
    this.#own = readable(readCertificates(files.certificate), 'kx.certificate')[0]!;
    this.#authorities = readable(readCertificates(files.ca), 'kx.ca');
    this.#crls = files.crl === undefined ? [] : readable(readCrls(files.crl), 'kx.crl');
    this.options = {
      cert: files.certificate,
      key: files.privateKey,
      ca: files.ca,
      ...(this.#crls.length > 0 && { crl: this.#crls.map((crl) => crl.pem) }),
      minVersion: 'TLSv1.3',
      ecdhCurve: 'X25519MLKEM768:X25519:P-256',
      // No session is resumed: each connection shows a certificate that is good now.
      secureOptions: constants.SSL_OP_NO_TICKET,
    };
    try {
      this.context = createSecureContext(this.options);
    } catch (cause) {
      throw unusable(`kx.certificate, kx.private_key and kx.ca: ${messageOf(cause)}`, cause);
    }
  }

  /** When the node's own certificate ends. */
  get expires(): Date {
    return this.#own.validToDate;
  }

  /** When the first of the revocation lists has to be renewed; undefined where none is looked at. */
  get crlNextUpdate(): Date | undefined {
    const times = this.#crls.flatMap(({ nextUpdate }) => nextUpdate?.getTime() ?? []);
    return times.length === 0 ? undefined : new Date(Math.min(...times));
  }

  /**
   * Why a peer is not to be spoken to any more that was believed under `before`. Of whoever dials we are told its own certificate
   * alone, and not what stands between it and its authority: where that matters, it has to come back and show it.
   * @param chain what we know of it, its own certificate first
   */
  problem(chain: readonly X509Certificate[], now: Date, before: KxCredentials): string | undefined {
    const way = upTheChain(chain, this.#authorities);
    if (way.some((certificate) => validityProblem(certificate, now) !== undefined))
      return "the peer's certificate has expired";
    if (way.some((certificate) => isRevoked(certificate, this.#crls)))
      return "the peer's certificate was revoked";
    if (!this.#isStricterThan(before) || issuerProblem(chain, this.#authorities) === undefined)
      return undefined;
    if (issuerProblem(chain, before.#authorities) === undefined)
      return "the peer's certificate is not of an authority in kx.ca";
    return 'kx.ca or kx.crl believes fewer than before, and what stands between the peer and its authority is shown in a handshake alone';
  }

  /** Whether an authority is gone, or a certificate revoked, since `before`. */
  #isStricterThan(before: KxCredentials): boolean {
    const known = this.#stricter.get(before);
    if (known !== undefined) return known;
    const named = new Set(this.#authorities.map(({ fingerprint256 }) => fingerprint256));
    const wasRevoked = (issuer: string, serial: string) =>
      before.#crls.some((crl) => crl.issuer === issuer && crl.revoked.has(serial));
    const stricter =
      before.#authorities.some(({ fingerprint256 }) => !named.has(fingerprint256)) ||
      this.#crls.some(({ issuer, revoked }) => [...revoked].some((serial) => !wasRevoked(issuer, serial)));
    this.#stricter.set(before, stricter);
    return stricter;
  }

  /** Wipes the private key as it was read. Only what OpenSSL has taken already can be used from now on. */
  wipe(): void {
    this.#privateKey.fill(0);
  }

  /**
   * A handshake with ourselves: what OpenSSL says of our own certificate under these authorities and revocation lists, it would say of
   * every peer's. @returns its reason, or undefined when all is well
   */
  tryOut(): Promise<string | undefined> {
    return new Promise((resolve) => {
      const [near, far] = duplexPair();
      const server = new TLSSocket(near, { isServer: true, secureContext: this.context });
      // Of names we know better than TLS.
      const checkServerIdentity = () => undefined;
      const client = connect({
        socket: far,
        secureContext: this.context,
        rejectUnauthorized: false,
        checkServerIdentity,
      });
      const done = (reason: string | undefined) => {
        resolve(reason);
        for (const end of [client, server, near, far]) end.destroy();
      };
      for (const end of [client, server]) {
        end.on('error', (error) => done(error.message));
        end.on('close', () => done('it closed the connection'));
      }
      // A string, whatever its type says.
      client.on('secureConnect', () =>
        done(client.authorized ? undefined : String(client.authorizationError)),
      );
    });
  }
}

function readable<T>(read: T[] | { readonly message: string; readonly remedy: string }, where: string): T[] {
  if (Array.isArray(read)) return read;
  throw unusable(`${where} ${read.message}`);
}

function unusable(what: string, cause?: unknown): AgentError {
  return new AgentError('configuration.kx_tls', `the Kx certificates cannot be used: ${what}`, {
    fault: 'configuration',
    remedy: 'Run "keyferry check" on the configuration: it says what is wrong with each file.',
    cause,
  });
}

/** The certificates that the peer showed, its own first, as far up as they are known. */
export function chainOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (next !== undefined && chain.length < 8 && !chain.some((one) => one.raw.equals(next!.raw))) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}
