/** `npm run build:deb [-- --dir DIR]`: Debian packages of the binaries that `npm run build` has put into dist/ (or DIR), by dpkg-deb. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { makeProgram } from '../src/cli/program.ts';
import { version } from '../src/version.ts';
import { configurationExample } from './configuration-example.ts';
import { completions } from './deb/completions.ts';
import { manPages } from './deb/man.ts';

const ROOT = resolve(import.meta.dirname, '..');
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' } as const;
const MAINTAINER = 'keyferry <keyferry@localhost>';
const SCRIPTS = ['postinst', 'prerm', 'postrm'];

// Folders of the package are for all to enter, whoever builds it.
process.umask(0o022);
const { values } = parseArgs({ options: { dir: { type: 'string', default: 'dist' } } });
const dist = resolve(ROOT, values.dir);
const program = await makeProgram(undefined);
for (const [node, debian] of Object.entries(ARCHITECTURES)) {
  const work = mkdtempSync(join(tmpdir(), 'keyferry-deb-'));
  try {
    // It becomes the package's own root.
    chmodSync(work, 0o755);
    fill(work, join(dist, `keyferry-linux-${node}`));
    control(work, debian);
    const output = join(dist, `keyferry_${version}_${debian}.deb`);
    const words = ['--root-owner-group', '-Zxz', '--build', work, output];
    execFileSync('dpkg-deb', words, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, SOURCE_DATE_EPOCH: epoch() },
    });
    process.stdout.write(`${output}  ${(statSync(output).size / 1e6).toFixed(1)} MB\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function fill(work: string, binary: string): void {
  const put = (path: string, content: string | Buffer, mode = 0o644): void => {
    const to = join(work, path);
    mkdirSync(dirname(to), { recursive: true, mode: 0o755 });
    writeFileSync(to, content);
    chmodSync(to, mode);
  };
  mkdirSync(join(work, 'usr/bin'), { recursive: true, mode: 0o755 });
  copyFileSync(binary, join(work, 'usr/bin/keyferry'));
  chmodSync(join(work, 'usr/bin/keyferry'), 0o755);
  mkdirSync(join(work, 'etc'), { mode: 0o755 });
  mkdirSync(join(work, 'etc/keyferry'), { mode: 0o750 });
  put('lib/systemd/system/keyferry.service', own('keyferry.service'));
  put('usr/lib/sysusers.d/keyferry.conf', own('sysusers.conf'));
  put('etc/udev/rules.d/60-keyferry.rules', readFileSync(join(ROOT, 'build/udev/60-keyferry.rules')));
  put('usr/share/doc/keyferry/config.example.yaml', configurationExample);
  const changes = readFileSync(join(ROOT, 'CHANGELOG.md'));
  put('usr/share/doc/keyferry/CHANGELOG.md.gz', gzipSync(changes, { level: 9 }));
  put('usr/share/doc/keyferry/changelog.gz', gzipSync(changelog(), { level: 9 }));
  put('usr/share/doc/keyferry/copyright', own('copyright'));
  put('usr/share/lintian/overrides/keyferry', own('lintian-overrides'));
  for (const [name, text] of manPages(program))
    put(`usr/share/man/man1/${name}.gz`, gzipSync(text, { level: 9 }));
  for (const [path, text] of completions(program)) put(path, text);
}

function control(work: string, architecture: string): void {
  const folder = join(work, 'DEBIAN');
  mkdirSync(folder, { mode: 0o755 });
  const kilobytes = Number(execFileSync('du', ['-sk', work], { encoding: 'utf8' }).split('\t')[0]);
  const fields = {
    Package: 'keyferry',
    Version: version,
    Architecture: architecture,
    Maintainer: MAINTAINER,
    Section: 'net',
    Priority: 'optional',
    'Installed-Size': String(kilobytes),
    Depends: 'libc6 (>= 2.33), libstdc++6, libgcc-s1, systemd (>= 250), udev',
    Recommends: 'libudev1',
    Description:
      'key manager agent for QKD nodes\n Pulls raw key from QKD modules, ferries it to neighbour key managers over the\n Kx interface (Recommendation ITU-T Q.4163) and supplies it to cryptographic\n applications (ETSI GS QKD 014).',
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`);
  writeFileSync(join(folder, 'control'), lines.join(''));
  writeFileSync(join(folder, 'conffiles'), '/etc/udev/rules.d/60-keyferry.rules\n');
  for (const script of SCRIPTS) {
    writeFileSync(join(folder, script), own(script));
    chmodSync(join(folder, script), 0o755);
  }
}

function own(name: string): string {
  return readFileSync(join(ROOT, 'build/deb', name), 'utf8');
}

/** As Debian has it: one entry, for this version. */
function changelog(): string {
  const date = new Date(Number(epoch()) * 1_000).toUTCString().replace('GMT', '+0000');
  return `keyferry (${version}) stable; urgency=medium\n\n  * See /usr/share/doc/keyferry/CHANGELOG.md.gz.\n\n -- ${MAINTAINER}  ${date}\n`;
}

/** So that two packages of one commit are equal. */
function epoch(): string {
  return execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' }).trim();
}
