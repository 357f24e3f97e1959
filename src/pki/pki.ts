import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { isIdentifier } from '../config/identifier.ts';
import { AgentError } from '../errors.ts';
import { type PkiAlgorithm, privateKeyPem, readSigningKey } from './algorithms.ts';
import {
  type Authority,
  certificatePem,
  type LeafRequest,
  makeAuthority,
  makeLeaf,
  parseCertificate,
  type Validity,
} from './certificate.ts';
import { type NewFile, pkiPaths, readFile, refuseExisting, writeFiles } from './directory.ts';

export const authorityDaysDefault = 3_650;
export const leafDaysDefault = 825;
const DAYS_MAX = 36_500;
export const hostsDefault: readonly string[] = ['localhost', '127.0.0.1'];
const NODE_KEY_BYTES = 32;

export type PkiOptions = {
  /** Of the new keys. Default: ecdsa-p256 for authorities, the authority's own for what it issues. */
  readonly algorithm?: PkiAlgorithm | undefined;
  /** How long the certificates are valid from now on. */
  readonly days?: number | undefined;
  /** Replace files that are there. A node key is never replaced. */
  readonly force?: boolean | undefined;
  readonly now?: Date | undefined;
};

/**
 * Makes two authorities in `dir`: one for key managers, one for applications and the servers that they talk to. An
 * application can then never pass for a key manager, whatever its ID is.
 * @returns the paths of the files made. @throws AgentError `configuration.pki_…`, and then nothing was replaced
 */
export async function initPki(dir: string, options: PkiOptions = {}): Promise<string[]> {
  const paths = pkiPaths(dir);
  const { kxAuthority, applicationAuthority } = paths;
  const force = options.force === true;
  refuseExisting([...Object.values(kxAuthority), ...Object.values(applicationAuthority)], force);
  const validity = validityOf(options, authorityDaysDefault);
  const algorithm = options.algorithm ?? 'ecdsa-p256';
  const kx = await makeAuthority('keyferry Kx CA', algorithm, validity);
  const application = await makeAuthority('keyferry application CA', algorithm, validity);
  return write(force, [
    ...(await certified(kxAuthority, kx)),
    ...(await certified(applicationAuthority, application)),
  ]);
}

/**
 * Makes what the node `kmaId` needs, in `dir`/nodes/ID: the Kx certificate, the certificate of its server for
 * applications, and a node key. A node key that is there is kept: its store could not be opened without it.
 * @param hosts DNS names and IP addresses at which neighbours and applications reach the node
 */
export async function issueNode(
  dir: string,
  kmaId: string,
  hosts: readonly string[] = hostsDefault,
  options: PkiOptions = {},
): Promise<string[]> {
  checkId(kmaId, 'KMA');
  const names = hosts.map(certifiableHost);
  const paths = pkiPaths(dir);
  const node = paths.node(kmaId);
  const force = options.force === true;
  refuseExisting([node.kxCertificate, node.kxKey, node.supplyCertificate, node.supplyKey], force);
  const kxFiles = { certificate: node.kxCertificate, key: node.kxKey };
  const supplyFiles = { certificate: node.supplyCertificate, key: node.supplyKey };
  const kx = await issue(
    paths.kxAuthority,
    { commonName: kmaId, hosts: names, uses: ['server', 'client'] },
    options,
  );
  const supply = await issue(
    paths.applicationAuthority,
    { commonName: kmaId, hosts: names, uses: ['server'] },
    options,
  );
  const files = [...(await certified(kxFiles, kx)), ...(await certified(supplyFiles, supply))];
  if (existsSync(node.nodeKey)) return write(force, files);
  const nodeKey = randomBytes(NODE_KEY_BYTES);
  return write(force, [...files, { path: node.nodeKey, content: nodeKey, secret: true }]);
}

/** Makes what the application `saeId` needs, in `dir`/applications/SAE: certificate, key, and whom to trust. */
export async function issueApplication(
  dir: string,
  saeId: string,
  options: PkiOptions = {},
): Promise<string[]> {
  checkId(saeId, 'SAE');
  const paths = pkiPaths(dir);
  const files = paths.application(saeId);
  const force = options.force === true;
  refuseExisting(Object.values(files), force);
  const leaf = await issue(
    paths.applicationAuthority,
    { commonName: saeId, hosts: [], uses: ['client'] },
    options,
  );
  const trusted = readFile(paths.applicationAuthority.certificate);
  return write(force, [
    ...(await certified(files, leaf)),
    { path: files.authority, content: trusted, secret: false },
  ]);
}

export type Place = { readonly certificate: string; readonly key: string };

async function issue(place: Place, request: Omit<LeafRequest, 'algorithm'>, options: PkiOptions) {
  const authority = await readAuthority(place);
  const algorithm = options.algorithm ?? authority.algorithm;
  return makeLeaf(authority, { ...request, algorithm }, validityOf(options, leafDaysDefault));
}

/** The authority at `place`, with its private key. */
export async function readAuthority(place: Place): Promise<Authority> {
  const certificate = parseCertificate(readFile(place.certificate), place.certificate);
  const pem = readFile(place.key);
  const { key, algorithm } = await readSigningKey(pem, place.key);
  pem.fill(0);
  return { certificate, key, algorithm };
}

async function certified(place: Place, made: Pick<Authority, 'certificate' | 'key'>): Promise<NewFile[]> {
  return [
    { path: place.certificate, content: certificatePem(made.certificate), secret: false },
    { path: place.key, content: await privateKeyPem(made.key), secret: true },
  ];
}

function write(force: boolean, files: readonly NewFile[]): string[] {
  writeFiles(files, force);
  return files.map((file) => file.path);
}

/** @throws AgentError `configuration.pki_days` */
export function validityOf(options: PkiOptions, daysDefault: number): Validity {
  const days = options.days ?? daysDefault;
  if (!Number.isInteger(days) || days < 1 || days > DAYS_MAX)
    throw mistake('days', `${days} is no number of days`, `Give 1 to ${DAYS_MAX} days.`);
  return { now: options.now ?? new Date(), days };
}

/** An ID becomes the name of a directory here, so `.` and `..` are refused although the file takes them. */
export function checkId(id: string, what: 'KMA' | 'SAE'): void {
  if (isIdentifier(id) && !/^\.+$/.test(id)) return;
  throw mistake('id', `"${id}" is no ${what} ID`, 'Use 1 to 64 letters, digits, ".", "_", ":" or "-".');
}

function certifiableHost(host: string): string {
  if (isIP(host) === 6) return plainAddress(host);
  if (isIP(host) === 4 || /^(?!-)[A-Za-z0-9.-]{1,253}$/.test(host)) return host;
  throw mistake(
    'host',
    `"${host}" is neither a DNS name nor an IP address`,
    'Give --host once for each name.',
  );
}

/** IPv6 without dots, which the writer of certificates does not read. A mapped IPv4 address is one: whoever connects to it compares that. */
function plainAddress(address: string): string {
  if (address.includes('%'))
    throw mistake(
      'host',
      `"${address}" has a zone, which no certificate can hold`,
      'Leave out "%" and the zone.',
    );
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(plain);
  if (mapped === null) return plain;
  return mapped
    .slice(1)
    .map((word) => Number.parseInt(word, 16))
    .flatMap((word) => [word >> 8, word & 0xff])
    .join('.');
}

function mistake(code: string, message: string, remedy: string): AgentError {
  return new AgentError(`configuration.pki_${code}`, message, { fault: 'configuration', remedy });
}
