import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkCertificateFiles } from './certificate-files.ts';
import type { FaultPath, FoundFault } from './faults.ts';
import { nodeKeySalt } from './node-key-schema.ts';
import { checkPlaces } from './places.ts';
import { type FileKind, type FileReader, type FileWorld, lookAt, statIfAllowed } from './reader.ts';
import type { Config } from './schema.ts';

export const diskReader: FileReader = {
  stat(path) {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    let kind: FileKind = 'other';
    if (stats.isFile()) kind = 'file';
    else if (stats.isDirectory()) kind = 'directory';
    else if (stats.isSocket()) kind = 'socket';
    else if (stats.isCharacterDevice()) kind = 'device';
    return { kind, mode: stats.mode, size: stats.size };
  },
  read(path) {
    return readFileSync(path);
  },
};

/** Looks at every file that `config` names. Key bytes that are read are wiped before it returns. */
export function checkFiles(config: Config, world: FileWorld): FoundFault[] {
  return [
    ...checkNodeKey(config, world),
    ...checkModuleKeys(config, world),
    ...checkCertificateFiles(config, world),
    ...checkPlaces(config, world.reader),
  ];
}

function checkNodeKey(config: Config, { reader, credentialsDirectory }: FileWorld): FoundFault[] {
  const { node_key } = config;
  if ('passphrase_file' in node_key)
    return [
      ...passphraseFaults(reader, node_key.passphrase_file),
      ...saltFaults(reader, join(config.data_directory, nodeKeySalt.file)),
    ];
  if ('file' in node_key) return keyFileFaults(reader, node_key.file, ['node_key', 'file'], true);
  if (credentialsDirectory === undefined) return [];
  const path = `${credentialsDirectory}/${node_key.credential}`;
  return keyFileFaults(reader, path, ['node_key', 'credential'], false);
}

const PASSPHRASE: FaultPath = ['node_key', 'passphrase_file'];

function passphraseFaults(reader: FileReader, path: string): FoundFault[] {
  const at = PASSPHRASE;
  const { bytes, faults } = lookAt(reader, path, at, true);
  const empty = bytes !== undefined && (bytes.length === 0 || bytes[0] === 0x0a || bytes[0] === 0x0d);
  bytes?.fill(0);
  if (!empty) return faults;
  const remedy = 'Write the passphrase on its first line.';
  return [
    ...faults,
    { code: 'configuration.node_key', at, message: 'holds no passphrase on its first line', remedy },
  ];
}

/** Absent before the first start, which makes it. */
function saltFaults(reader: FileReader, path: string): FoundFault[] {
  const stat = statIfAllowed(reader, path);
  if (stat === undefined || stat.size === nodeKeySalt.bytes) return [];
  const message = `goes with a salt that has ${stat.size} bytes in place of ${nodeKeySalt.bytes}: ${path}`;
  const remedy =
    'Put the salt back from where the data directory was saved; where there is no keys.sqlite beside it, remove it.';
  return [{ code: 'configuration.node_key', at: PASSPHRASE, message, remedy }];
}

function checkModuleKeys({ links }: Config, { reader }: FileWorld): FoundFault[] {
  return links.flatMap(({ module_key }, i) =>
    module_key === undefined
      ? []
      : keyFileFaults(reader, module_key, ['links', i, 'module_key'], true, 'module'),
  );
}

function keyFileFaults(
  reader: FileReader,
  path: string,
  at: FaultPath,
  secret: boolean,
  whose: 'node' | 'module' = 'node',
): FoundFault[] {
  const { bytes, faults } = lookAt(reader, path, at, secret);
  const message =
    bytes === undefined || isKey(bytes) ? undefined : `${path} holds ${bytes.length} bytes, no ${whose} key`;
  bytes?.fill(0);
  if (message === undefined) return faults;
  const remedy = 'Put 32 random bytes there, or 64 hexadecimal digits and a newline.';
  return [...faults, { code: `configuration.${whose}_key`, at, message, remedy }];
}

/** Looked at byte by byte: key bytes never become a string. */
function isKey(bytes: Buffer): boolean {
  if (bytes.length === 32) return true;
  const digits = bytes.length === 65 && bytes[64] === 0x0a ? 64 : bytes.length;
  if (digits !== 64) return false;
  return bytes.subarray(0, digits).every((byte) => {
    const lower = byte | 0x20;
    return (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66);
  });
}
