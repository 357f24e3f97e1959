import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeDirectories } from '../disk/durable.ts';
import { AgentError } from '../errors.ts';

/** A file to be written; private ones are for their owner alone. */
export type NewFile = { readonly path: string; readonly content: string | Buffer; readonly secret: boolean };

/** The files of a directory that `initPki` made. */
export function pkiPaths(dir: string) {
  const authority = (name: string) => ({
    certificate: join(dir, `${name}.pem`),
    key: join(dir, `${name}.key`),
  });
  return {
    kxAuthority: authority('kx-ca'),
    applicationAuthority: authority('application-ca'),
    kxCrl: join(dir, 'kx-crl.pem'),
    node: (kmaId: string) => {
      const file = (name: string) => join(dir, 'nodes', kmaId, name);
      return {
        kxCertificate: file('kx.pem'),
        kxKey: file('kx.key'),
        supplyCertificate: file('supply.pem'),
        supplyKey: file('supply.key'),
        nodeKey: file('node.key'),
      };
    },
    application: (saeId: string) => {
      const file = (name: string) => join(dir, 'applications', saeId, name);
      return { certificate: file('cert.pem'), key: file('key.pem'), authority: file('ca.pem') };
    },
  };
}

/** Fails before anything is made when one of `paths` is there already. */
export function refuseExisting(paths: readonly string[], force: boolean): void {
  const existing = paths.find((path) => existsSync(path));
  if (existing === undefined || force) return;
  throw new AgentError('configuration.pki_exists', `${existing} is there already`, {
    fault: 'configuration',
    remedy:
      'Use another directory or ID, or --force to replace it: what the old key signed or opened is lost.',
  });
}

/** Writes each file whole or not at all, in directories for their owner alone. Wipes the secret ones' content, however it ends. */
export function writeFiles(files: readonly NewFile[], force: boolean): void {
  try {
    writeAll(files, force);
  } finally {
    for (const { content, secret } of files) if (secret && typeof content !== 'string') content.fill(0);
  }
}

function writeAll(files: readonly NewFile[], force: boolean): void {
  refuseExisting(
    files.map((file) => file.path),
    force,
  );
  for (const { path, content, secret } of files) {
    // A file that is replaced would keep its old mode, so a new one takes its place.
    const fresh = `${path}.${randomBytes(6).toString('hex')}.new`;
    try {
      makeDirectories({ existsSync, mkdirSync, statSync }, dirname(path));
      writeFileSync(fresh, content, { flag: 'wx', mode: secret ? 0o600 : 0o644 });
      renameSync(fresh, path);
    } catch (thrown) {
      rmSync(fresh, { force: true });
      throw new AgentError('host.pki_write_failed', `${path} cannot be written`, {
        fault: 'host',
        remedy: 'Name a directory that you may write to, on a disk with room.',
        cause: thrown,
      });
    }
  }
}

export function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (thrown) {
    throw new AgentError('configuration.pki_missing', `${path} cannot be read`, {
      fault: 'configuration',
      remedy: `Make the authorities first: keyferry pki init ${dirname(path)}`,
      cause: thrown,
    });
  }
}
