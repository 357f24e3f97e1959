import 'reflect-metadata';
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BasicConstraintsExtension, X509CertificateGenerator } from '@peculiar/x509';
import { explainConfig } from '../../src/config/explain.ts';
import { type ConfigFaultCode, faultCodes } from '../../src/config/fault-codes.ts';
import { diskReader } from '../../src/config/files.ts';
import type { FileReader } from '../../src/config/reader.ts';
import { generateKeys, privateKeyPem } from '../../src/pki/algorithms.ts';
import { type Authority, certificatePem, makeAuthority, makeLeaf } from '../../src/pki/certificate.ts';
import { pkiPaths } from '../../src/pki/directory.ts';
import { issueNode } from '../../src/pki/pki.ts';
import { makeKxCrl } from '../../src/pki/revoke.ts';
import { faultCases, sound } from './fault-cases.ts';
import { makePki, nodeFolder } from './node-folder.ts';

const DAY_MS = 86_400_000;
const junk = Buffer.from('no PEM\n');
let pki = '';
let removePki = () => {};

before(async () => {
  ({ pki, remove: removePki } = await makePki());
  await issueNode(pki, 'B');
  for (const [name, revoked] of [
    ['empty', []],
    ['revoking-b', ['B']],
    ['revoking-a', ['A']],
  ] as const)
    renameSync(await makeKxCrl(pki, revoked), join(pki, `${name}.pem`));
});
after(() => removePki());

type InFolder = (name: string) => string;
type World = { text?: string; now?: Date; reader?: FileReader; credentialsDirectory?: string };

const withCrl = sound.replace('  ca: kx-ca.pem', '  ca: kx-ca.pem\n  crl: kx-crl.pem');
/** Puts a revocation list there. */
const crl = (name: string) => (path: InFolder) => copyFileSync(join(pki, `${name}.pem`), path('kx-crl.pem'));

/** Faults of a node folder that `spoil` has worked on, as `code path`. */
function look(spoil: (path: InFolder) => void, world: (path: InFolder) => World = () => ({})): string[] {
  const node = nodeFolder(pki);
  try {
    const path = (name: string) => join(node.folder, name);
    spoil(path);
    const { text, now, reader, credentialsDirectory } = world(path);
    const files = { reader: reader ?? diskReader, now: now ?? new Date(), credentialsDirectory };
    const { faults } = explainConfig(text ?? sound, { directory: node.folder, files });
    return faults.map((fault) => `${fault.code.replace('configuration.', '')} ${fault.path}`);
  } finally {
    node.remove();
  }
}

type FileCase = {
  readonly what: string;
  readonly spoil?: (path: InFolder) => void;
  readonly world?: (path: InFolder) => World;
  readonly faults: string[];
};

const cases: readonly FileCase[] = [
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
    what: 'a passphrase file that begins with an empty line',
    spoil: (path) => writeFileSync(path('phrase'), '\nsecret\n', { mode: 0o600 }),
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
      copyFileSync(pkiPaths(pki).node('B').kxCertificate, path('kx.pem'));
      copyFileSync(pkiPaths(pki).node('B').kxKey, path('kx.key'));
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
      crl('empty')(path);
      const both = [path('kx-ca.pem'), path('application-ca.pem')].map((one) => readFileSync(one));
      writeFileSync(path('kx-ca.pem'), Buffer.concat(both));
      rmSync(path('application-ca.pem'));
    },
    world: () => ({ text: withCrl }),
    faults: ['crl kx.crl', 'file_missing supply.client_ca'],
  },
  {
    what: 'a revocation list that was to be renewed',
    spoil: crl('empty'),
    world: () => ({ text: withCrl, now: new Date(Date.now() + 31 * DAY_MS) }),
    faults: ['crl_expired kx.crl'],
  },
  {
    what: "this node's own certificate on the revocation list",
    spoil: crl('revoking-a'),
    world: () => ({ text: withCrl }),
    faults: ['certificate_revoked kx.certificate'],
  },
  {
    what: 'one authority in two files',
    spoil: (path) => copyFileSync(path('kx-ca.pem'), path('application-ca.pem')),
    faults: ['same_ca supply.client_ca'],
  },
];

describe('the files of a configuration', () => {
  test('have no fault as keyferry pki made them', () => {
    assert.deepEqual(
      look(() => {}),
      [],
    );
  });

  for (const { what, spoil, world, faults } of cases)
    test(`show ${what}`, () => {
      assert.deepEqual(look(spoil ?? (() => {}), world), faults);
    });

  test("may hold a revocation list with other nodes' certificates on it", () => {
    for (const name of ['empty', 'revoking-b'])
      assert.deepEqual(
        look(crl(name), () => ({ text: withCrl })),
        [],
      );
  });

  test('may hold the node key as 64 hexadecimal digits, with a newline or without', () => {
    for (const end of ['', '\n'])
      assert.deepEqual(
        look((path) => writeFileSync(path('node.key'), `${'0aF9'.repeat(16)}${end}`)),
        [],
      );
  });

  test('may hold a certificate from an intermediate authority, with the chain after it', async () => {
    const validity = { now: new Date(), days: 30 };
    const root = await makeAuthority('root', 'ecdsa-p256', validity);
    const middle = await intermediate(root);
    const request = {
      commonName: 'A',
      hosts: [],
      uses: ['server', 'client'],
      algorithm: 'ecdsa-p256',
    } as const;
    const leaf = await makeLeaf(middle, request, validity);
    const chain = (...certificates: (typeof leaf.certificate)[]) => certificates.map(certificatePem).join('');
    const key = await privateKeyPem(leaf.key);
    const place = (pem: string) => (path: (name: string) => string) => {
      writeFileSync(path('kx.pem'), pem);
      writeFileSync(path('kx.key'), key);
      writeFileSync(path('kx-ca.pem'), certificatePem(root.certificate));
    };
    assert.deepEqual(look(place(chain(leaf.certificate, middle.certificate))), []);
    assert.deepEqual(look(place(chain(leaf.certificate))), ['certificate_issuer kx.certificate']);
  });

  test('are wiped from memory once looked at when they hold key', () => {
    const read: Buffer[] = [];
    const reader: FileReader = {
      stat: diskReader.stat,
      read(path) {
        const bytes = diskReader.read(path);
        if (path.endsWith('.key')) read.push(bytes);
        return bytes;
      },
    };
    assert.deepEqual(
      look(
        () => {},
        () => ({ reader }),
      ),
      [],
    );
    assert.equal(read.length, 3);
    for (const bytes of read) assert.ok(bytes.length > 0 && bytes.every((byte) => byte === 0));
  });
});

test('every fault code is shown by a test of its own', () => {
  const shown = new Set<string>(faultCases.map((one) => one.code));
  for (const { faults } of cases)
    for (const fault of faults) shown.add(`configuration.${fault.split(' ')[0]}`);
  shown.add('configuration.empty' satisfies ConfigFaultCode); // explain.test.ts
  assert.deepEqual([...shown].sort(), Object.keys(faultCodes).sort());
});

async function intermediate(parent: Authority): Promise<Authority> {
  const keys = await generateKeys('ecdsa-p256');
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: ['middle'] }],
    issuer: parent.certificate.subjectName,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    publicKey: keys.publicKey,
    signingKey: parent.key,
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  });
  return { certificate, key: keys.privateKey, algorithm: 'ecdsa-p256' };
}

function refusing(name: string): FileReader['read'] {
  return (path) => {
    if (path.endsWith(name)) throw Object.assign(new Error('permission denied'), { code: 'EACCES' });
    return readFileSync(path);
  };
}
