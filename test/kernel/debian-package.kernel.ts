import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildAll, whyNoBinary } from '../binary/built.ts';
import { buildC, SANITIZED, whyNoC } from '../firmware-bridge/c-build.ts';
import { CModule } from '../firmware-bridge/c-module.ts';
import { commission, debootstrap, inRoot, install, whyNoDebian } from './debian.ts';
import { Guest, type Line } from './guest.ts';
import { makeDebianImage, whyNoGuest } from './image.ts';
import { labIn } from './node-a.ts';

const ROOT = join(import.meta.dirname, '../..');
const WAIT_MS = 240_000;
const BLOCKS = 20;
const SERIAL = 'SN42';

type Unit = { readonly state: string; readonly restarts: number; readonly pid: number };

function whyNoLintian(): string | false {
  const found = spawnSync('lintian', ['--version']).status === 0;
  return found ? false : 'missing: lintian (Debian: apt-get install lintian)';
}

async function ask(guest: Guest, word: string, fits: (line: Line) => boolean): Promise<Line> {
  const before = guest.lines.length;
  guest.say(word);
  return guest.until(`an answer to ${word}`, WAIT_MS, () => guest.lines.slice(before).find(fits));
}

const unit = async (guest: Guest): Promise<Unit> =>
  (await ask(guest, 'show', ({ event }) => event === 'unit')) as unknown as Unit;

async function unitUntil(guest: Guest, what: string, fits: (unit: Unit) => boolean): Promise<Unit> {
  const endMs = performance.now() + WAIT_MS;
  for (;;) {
    const now = await unit(guest);
    if (fits(now)) return now;
    if (performance.now() > endMs) throw new Error(`${what} did not come about: ${JSON.stringify(now)}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

test('the Debian package is installed, runs under systemd with all its fences, is brought up to date, removed and purged', {
  skip: whyNoBinary() || whyNoC() || whyNoGuest() || whyNoDebian(),
}, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'keyferry-debian-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const dist = await buildAll();
  execFileSync('npm', ['run', 'build:deb', '--', '--dir', dist], { cwd: ROOT, stdio: 'ignore' });
  const deb = join(dist, 'keyferry_0.1.0_amd64.deb');
  const arm64 = join(dist, 'keyferry_0.1.0_arm64.deb');
  await t.test('lintian has nothing to say of it', { skip: whyNoLintian() }, () => {
    const { status, stdout } = spawnSync('lintian', ['--fail-on', 'error,warning', deb, arm64], {
      encoding: 'utf8',
    });
    assert.deepEqual([status, stdout], [0, '']);
  });
  const root = join(directory, 'root');
  debootstrap(root);
  install(root, deb);
  const lab = await labIn(directory, 'bridge-serial', `{vendor: "0403", product: "6001", serial: ${SERIAL}}`);
  const config = readFileSync(join(lab.folder, 'A.yaml'), 'utf8')
    .replace(/data_directory: .*/, 'data_directory: /var/lib/keyferry')
    .replace(/ {2}file: .*node\.key/, '  credential: node-key')
    .replace('/lab/control.sock', '/run/keyferry/control.sock')
    .concat('rollback_guard:\n  file: /media/guard/keyferry\n');
  commission(root, { folder: lab.folder, config, nodeKey: 'pki/nodes/A/node.key' });

  mkdirSync(join(directory, 'run'));
  const socket = join(directory, 'run/module.sock');
  const { module: program } = await buildC(SANITIZED, ['module']);
  const module = new CModule(program, [
    ...['--seed', 'k', '--link-id', 'ab', '--role', 'tx', '--listen', socket, '--module-key', lab.key],
    ...['--block-bytes', '1024', '--blocks-per-second', '5', '--buffer-blocks', '8192'],
  ]);
  t.after(() => module.end('SIGKILL'));
  await module.until('the module listens', () => true);
  const guest = new Guest(makeDebianImage(directory, root), directory, [
    ...['-device', 'qemu-xhci,id=xhci', '-chardev', `socket,id=line,path=${socket},reconnect=1`],
    ...['-device', `usb-serial,chardev=line,id=module,bus=xhci.0,serial=${SERIAL}`],
  ]);
  t.after(() => guest.end());
  const startMs = performance.now();
  await guest.until('systemd', WAIT_MS, () => guest.count('guest.ready') > 0);
  try {
    const first = await unitUntil(guest, 'the unit is up', ({ state }) => state === 'active');
    t.diagnostic(`up after ${Math.round(performance.now() - startMs)} ms`);
    await module.until('key is stored', ({ stored }) => stored >= BLOCKS, WAIT_MS);
    const looked = await ask(guest, 'look', ({ event }) => event === 'looked');
    assert.deepEqual(
      { owner: looked['owner'], core: looked['core'], user: looked['user'] },
      { owner: 'keyferry 600', core: '0', user: 'keyferry' },
    );
    assert.deepEqual([looked['locks'], looked['filter']], [String(320 << 20), '00000000']);
    assert.equal((await ask(guest, 'reload', ({ event }) => event === 'reloaded'))['code'], 0);

    guest.say('kill');
    const second = await unitUntil(guest, 'a start after kill -9', ({ pid, restarts, state }) => {
      return state === 'active' && restarts === 1 && pid !== first.pid;
    });
    guest.say('freeze');
    await unitUntil(guest, 'a start after the watchdog', ({ pid, restarts, state }) => {
      return state === 'active' && restarts === 2 && pid !== second.pid;
    });
    const { stored } = module.last!;
    await module.until('more key is stored', (report) => report.stored >= stored + BLOCKS, WAIT_MS);
    // A node without a credential: another one then, whose key is a file.
    guest.say('own-key');
    await unitUntil(guest, 'a start with a key file', ({ state, pid }) => state === 'active' && pid > 0);
  } catch (thrown) {
    const journal = await ask(guest, 'journal', ({ event }) => event === 'journal').catch(() => undefined);
    t.diagnostic(String(journal?.['text']).replaceAll('~', '\n'));
    throw thrown;
  }
  guest.say('off');
  await guest.ended;

  // Without systemd running, as in an image that is made: what was there stays until it is purged.
  const store = join(root, 'var/lib/keyferry/kept');
  mkdirSync(join(root, 'var/lib/keyferry'), { recursive: true });
  writeFileSync(store, 'key');
  install(root, deb);
  assert.equal(readFileSync(store, 'utf8'), 'key');
  assert.match(inRoot(root, 'systemctl', 'is-enabled', 'keyferry').text, /enabled/);
  assert.equal(inRoot(root, 'dpkg', '--remove', 'keyferry').status, 0);
  assert.ok(existsSync(store) && existsSync(join(root, 'etc/keyferry/config.yaml')));
  assert.ok(!existsSync(join(root, 'usr/bin/keyferry')));
  install(root, deb);
  assert.match(
    inRoot(root, 'systemctl', 'is-enabled', 'keyferry').text,
    /enabled/,
    'it would start at the next boot',
  );
  assert.equal(readFileSync(store, 'utf8'), 'key');
  assert.equal(inRoot(root, 'dpkg', '--remove', 'keyferry').status, 0);
  assert.equal(inRoot(root, 'dpkg', '--purge', 'keyferry').status, 0);
  assert.ok(!existsSync(store) && !existsSync(join(root, 'etc/keyferry')));
});
