import 'reflect-metadata';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { diskReader } from '../../src/config/files.ts';
import type { FileReader } from '../../src/config/reader.ts';
import { pkiPaths } from '../../src/pki/directory.ts';
import { sound } from './fault-cases.ts';

const DAY_MS = 86_400_000;
const junk = Buffer.from('no PEM\n');
export type InFolder = (name: string) => string;
export type World = { text?: string; now?: Date; reader?: FileReader; credentialsDirectory?: string };

export const withCrl = sound.replace('  ca: kx-ca.pem', '  ca: kx-ca.pem\n  crl: kx-crl.pem');

/** Puts one of the revocation lists there that `pki` has. */
export function placeCrl(pki: string, name: string, path: InFolder): void {
  copyFileSync(join(pki, `${name}.pem`), path('kx-crl.pem'));
}

/** Adds one of two related authorities to those of key managers, and makes the other that of applications. */
function placeRelated(pki: string, path: InFolder, kx: string, applications: string): void {
  appendFileSync(path('kx-ca.pem'), readFileSync(join(pki, `${kx}.pem`)));
  copyFileSync(join(pki, `${applications}.pem`), path('application-ca.pem'));
}

export type FileCase = {
  readonly what: string;
  readonly spoil?: (path: InFolder) => void;
  readonly world?: (path: InFolder) => World;
  readonly faults: string[];
};

/** Each spoils the files of a node in one way. @param pki the directory of what issued them */
export const fileCases = (pki: () => string): readonly FileCase[] => [
  {
    what: 'a certificate that is not there',
    spoil: (path) => rmSync(path('kx.pem')),
    faults: ['file_missing kx.certificate'],
  },
  {
    what: 'a directory in place of a private key',
    spoil(path) {
      rmSync(path('supply.key'));
      mkdirSync(path('supply.key'));
    },
    faults: ['file_kind supply.private_key'],
  },
  {
    what: 'a file where the data directory and the serial port should be',
    spoil: (path) => writeFileSync(path('data'), ''),
    world: (path) => ({ text: sound.replace('/dev/null', path('data')) }),
    faults: ['file_kind data_directory', 'file_kind links[0].port.path'],
  },
  {
    what: 'a directory where the rollback guard and the tamper switch should be',
    spoil: (path) => mkdirSync(path('guard')),
    world: (path) => ({
      text: `${sound}\nrollback_guard:\n  file: ${path('guard')}\ntamper:\n  file: ${path('guard')}\n  value: "1"\n`,
    }),
    faults: ['file_kind rollback_guard.file', 'file_kind tamper.file'],
  },
  {
    what: 'a certificate file of 2 MiB',
    spoil: (path) => writeFileSync(path('kx.pem'), Buffer.alloc(2 << 20)),
    faults: ['file_size kx.certificate'],
  },
  {
    what: 'an authority that may not be read',
    world: () => ({ reader: { stat: diskReader.stat, read: refusing('kx-ca.pem') } }),
    faults: ['file_unreadable kx.ca'],
  },
  {
    what: 'private keys that the group may read',
    spoil(path) {
      for (const name of ['kx.key', 'supply.key', 'node.key']) chmodSync(path(name), 0o640);
    },
    faults: ['key_readable node_key.file', 'key_readable kx.private_key', 'key_readable supply.private_key'],
  },
  {
    what: 'a node key of 31 bytes',
    spoil: (path) => writeFileSync(path('node.key'), Buffer.alloc(31)),
    faults: ['node_key node_key.file'],
  },
  {
    what: 'a node key of 64 letters that are no digits',
    spoil: (path) => writeFileSync(path('node.key'), 'x'.repeat(64)),
    faults: ['node_key node_key.file'],
  },
  {
    what: 'a module key of 31 bytes that the group may read',
    spoil: (path) => writeFileSync(path('module.key'), Buffer.alloc(31), { mode: 0o640 }),
    world: () => ({ text: sound.replace('unauthenticated_module: true', 'module_key: module.key') }),
    faults: ['key_readable links[0].module_key', 'module_key links[0].module_key'],
  },
  {
    what: 'a passphrase file that begins with an empty line',
    spoil: (path) => writeFileSync(path('phrase'), '\nsecret\n', { mode: 0o600 }),
    world: () => ({ text: sound.replace('  file: node.key', '  passphrase_file: phrase') }),
    faults: ['node_key node_key.passphrase_file'],
  },
  {
    what: 'a salt that was never written',
    spoil(path) {
      mkdirSync(path('data'), { mode: 0o700 });
      writeFileSync(path('data/node-key.salt'), '');
      writeFileSync(path('phrase'), 'correct horse\n', { mode: 0o600 });
    },
    world: () => ({ text: sound.replace('  file: node.key', '  passphrase_file: phrase') }),
    faults: ['node_key node_key.passphrase_file'],
  },
  {
    what: 'a credential that systemd did not give',
    world: (path) => ({
      text: sound.replace('  file: node.key', '  credential: absent'),
      credentialsDirectory: path('.'),
    }),
    faults: ['file_missing node_key.credential'],
  },
  {
    what: 'certificates that are no PEM',
    spoil(path) {
      for (const name of ['kx.pem', 'application-ca.pem']) writeFileSync(path(name), junk);
    },
    faults: ['certificate kx.certificate', 'certificate supply.client_ca'],
  },
  {
    what: 'a clock from before the certificates were issued',
    world: () => ({ now: new Date(Date.now() - DAY_MS) }),
    faults: ['kx.certificate', 'kx.ca', 'supply.certificate', 'supply.client_ca'].map(
      (at) => `certificate_early ${at}`,
    ),
  },
  {
    what: 'certificates that have expired while their authorities have not',
    world: () => ({ now: new Date(Date.now() + 900 * DAY_MS) }),
    faults: ['certificate_expired kx.certificate', 'certificate_expired supply.certificate'],
  },
  {
    what: 'the certificate and key of another node',
    spoil(path) {
      copyFileSync(pkiPaths(pki()).node('B').kxCertificate, path('kx.pem'));
      copyFileSync(pkiPaths(pki()).node('B').kxKey, path('kx.key'));
    },
    faults: ['certificate_name kx.certificate'],
  },
  {
    what: 'the certificate for applications used on Kx',
    spoil(path) {
      copyFileSync(path('supply.pem'), path('kx.pem'));
      copyFileSync(path('supply.key'), path('kx.key'));
    },
    faults: ['certificate_use kx.certificate', 'certificate_issuer kx.certificate'],
  },
  {
    what: 'a certificate named as authority',
    spoil: (path) => copyFileSync(path('kx.pem'), path('kx-ca.pem')),
    faults: ['certificate_issuer kx.certificate', 'not_a_ca kx.ca'],
  },
  {
    what: 'a private key that is none',
    spoil: (path) => writeFileSync(path('kx.key'), junk),
    faults: ['private_key kx.private_key'],
  },
  {
    what: 'the private key of the other certificate',
    spoil: (path) => copyFileSync(path('supply.key'), path('kx.key')),
    faults: ['key_mismatch kx.private_key'],
  },
  {
    what: 'no revocation list where one is named',
    world: () => ({ text: withCrl }),
    faults: ['file_missing kx.crl'],
  },
  {
    what: 'a revocation list that is no PEM',
    spoil: (path) => writeFileSync(path('kx-crl.pem'), junk),
    world: () => ({ text: withCrl }),
    faults: ['crl kx.crl'],
  },
  {
    what: 'a revocation list that is no list',
    spoil: (path) =>
      writeFileSync(
        path('kx-crl.pem'),
        readFileSync(path('kx.pem'), 'latin1').replaceAll('CERTIFICATE', 'X509 CRL'),
      ),
    world: () => ({ text: withCrl }),
    faults: ['crl kx.crl'],
  },
  {
    what: 'no revocation list of one of two authorities',
    spoil(path) {
      placeCrl(pki(), 'empty', path);
      const both = [path('kx-ca.pem'), path('application-ca.pem')].map((one) => readFileSync(one));
      writeFileSync(path('kx-ca.pem'), Buffer.concat(both));
      rmSync(path('application-ca.pem'));
    },
    world: () => ({ text: withCrl }),
    faults: ['crl kx.crl', 'file_missing supply.client_ca'],
  },
  {
    what: 'a revocation list that was to be renewed',
    spoil: (path) => placeCrl(pki(), 'empty', path),
    world: () => ({ text: withCrl, now: new Date(Date.now() + 31 * DAY_MS) }),
    faults: ['crl_expired kx.crl'],
  },
  {
    what: "this node's own certificate on the revocation list",
    spoil: (path) => placeCrl(pki(), 'revoking-a', path),
    world: () => ({ text: withCrl }),
    faults: ['certificate_revoked kx.certificate'],
  },
  {
    what: 'one authority in two files',
    spoil: (path) => copyFileSync(path('kx-ca.pem'), path('application-ca.pem')),
    faults: ['same_ca supply.client_ca'],
  },
  {
    what: 'an authority without the one above it',
    spoil: (path) => copyFileSync(join(pki(), 'middle.pem'), path('application-ca.pem')),
    faults: ['certificate_issuer supply.client_ca'],
  },
  {
    what: 'an authority of applications that stands below that of key managers',
    spoil: (path) => placeRelated(pki(), path, 'root', 'middle'),
    faults: ['certificate_issuer supply.client_ca', 'same_ca supply.client_ca'],
  },
  {
    what: 'an authority of key managers that stands below that of applications',
    spoil: (path) => placeRelated(pki(), path, 'middle', 'root'),
    faults: ['certificate_issuer kx.ca', 'same_ca supply.client_ca'],
  },
];

function refusing(name: string): FileReader['read'] {
  return (path) => {
    if (path.endsWith(name)) throw Object.assign(new Error('permission denied'), { code: 'EACCES' });
    return readFileSync(path);
  };
}
