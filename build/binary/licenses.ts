import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Locked = {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
};

const FILE = /^(licen[cs]e|copying|notice)/i;

/** The licences of all that is in the binary: ours, that of Node.js with all its parts, and those of the packages. */
export function licenses(root: string): string {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>;
  };
  const parts = [part('keyferry', [join(root, 'LICENSE')])];
  for (const [path, { version, license, dev, devOptional }] of Object.entries(lock.packages)) {
    const folder = join(root, path);
    if (path === '' || dev || devOptional || !existsSync(folder)) continue;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const files = readdirSync(folder)
      .filter((file) => FILE.test(file))
      .sort();
    parts.push(
      part(
        `${name} ${version} (${license ?? 'no licence named'})`,
        files.map((file) => join(folder, file)),
      ),
    );
  }
  // Linked into sodium-native, whose package does not say so.
  parts.push(part('libsodium (ISC)', [join(root, 'build/binary/libsodium-license.txt')]));
  return parts.join('\n');
}

function part(title: string, files: readonly string[]): string {
  const line = '='.repeat(80);
  return `${line}\n${title}\n${line}\n${files.map((file) => readFileSync(file, 'utf8').trim()).join('\n\n')}\n`;
}
