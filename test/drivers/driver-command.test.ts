import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseTranscript } from '../../drivers/contract/transcript.ts';
import { transcriptDevice } from '../../src/cli/driver/transcript-device.ts';

const root = join(import.meta.dirname, '../..');
const name = `try-${process.pid}`;
let scratch: string;

before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'keyferry-driver-'));
});

after(async () => {
  await rm(scratch, { recursive: true, force: true });
});

type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

function keyferry(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd: root, timeout: 120_000 };
    execFile(process.execPath, ['src/main.ts', 'driver', ...args], options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

test('driver new makes a driver outside the tree too, once, under its own name', async () => {
  const made = await keyferry('new', name, '--dir', scratch);
  assert.equal(made.code, 0, made.stderr);
  assert.match(await readFile(join(scratch, name, 'manifest.ts'), 'utf8'), new RegExp(`id: '${name}'`));
  assert.match(await readFile(join(scratch, name, 'README.md'), 'utf8'), new RegExp(`^# ${name}`));
  const again = await keyferry('new', name, '--dir', scratch);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /host\.driver_new/);
  assert.equal((await keyferry('new', 'Not_A-Name')).code, 2);
});

test('driver test finds that a good driver holds, and names the claim that a bad transcript breaks', async () => {
  const good = await keyferry('test', 'drivers/ascii-lines');
  assert.equal(good.code, 0, good.stdout + good.stderr);
  assert.match(good.stdout, /(\d+) of \1 claims hold\n$/);
  const lame = join(scratch, 'lame');
  await mkdir(lame);
  await writeFile(
    join(lame, 'driver.ts'),
    `export { driver } from '${root}/drivers/ascii-lines/driver.ts';\n`,
  );
  await writeFile(join(lame, 'session.transcript'), 'blocks 1\n=> 00\n');
  const bad = await keyferry('test', lame);
  assert.equal(bad.code, 1);
  assert.match(
    bad.stdout,
    /BROKEN {2}blocks come after onOpen.*\n +the agent sent 0a57484f0a, where the transcript has 00\n/,
  );
  assert.match((await keyferry('test', scratch)).stderr, /configuration\.driver_load/);
  assert.match((await keyferry('test', 'drivers/exec')).stderr, /host\.transcript_missing/);
});

test('driver test convicts a driver that fails to close, and ends although it goes on', async () => {
  const stuck = join(scratch, 'stuck');
  await mkdir(stuck);
  await copyFile(join(root, 'drivers/ascii-lines/session.transcript'), join(stuck, 'session.transcript'));
  const good = `import { driver as good } from '${root}/drivers/ascii-lines/driver.ts';`;
  const open = 'open(...given) { good.open(...given); setInterval(() => {}, 1_000); return { close }; }';
  const close = "const close = () => Promise.reject(new Error('the port is stuck'));";
  await writeFile(
    join(stuck, 'driver.ts'),
    `${good}\n${close}\nexport const driver = { ...good, ${open} };\n`,
  );
  const ended = await keyferry('test', stuck);
  assert.equal(ended.code, 1, ended.stderr);
  assert.match(ended.stdout, /BROKEN {2}once it is closed.*\n +close rejected: the port is stuck\n/);
  assert.match(ended.stdout, / 0 of \d+ claims hold\n$/);
});

test("driver record writes a session that is the owner's alone and can be played; it asks for --lab", async () => {
  const path = join(scratch, 'recorded');
  const session = await readFile(join(root, 'drivers/ascii-lines/session.transcript'), 'utf8');
  const device = await transcriptDevice(parseTranscript(session));
  await device.plug();
  const { path: tty } = device.port as { path: string };
  const args = ['record', 'drivers/ascii-lines', tty, path, '--seconds', '2'];
  assert.equal((await keyferry(...args)).code, 2);
  const done = await keyferry(...args, '--lab');
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /with 2 blocks/);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal(device.forgotten, 2);
  assert.equal(device.complaint, undefined);
  await device.close();
  const { inOrder, anyTime } = parseTranscript(await readFile(path, 'utf8'));
  assert(inOrder.some(({ asked }) => asked.toString() === '\nWHO\n'));
  assert(anyTime.some(({ asked }) => asked.toString() === 'NEXT\n'));
  await writeFile(join(scratch, 'other'), '');
  assert.match(
    (await keyferry(...args.slice(0, 3), join(scratch, 'other'), '--lab')).stderr,
    /host\.transcript_write/,
  );
});

test('driver record leaves no file of a device that could not be opened, and says why on standard error', async () => {
  const path = join(scratch, 'nothing-recorded');
  const args = ['drivers/ascii-lines', join(scratch, 'no-tty'), path, '--seconds', '1', '--lab'];
  const { code, stdout, stderr } = await keyferry('record', ...args);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /module\.port-unavailable.*no module was open at .*no-tty.*\[module\.not_open\]/s);
  await assert.rejects(stat(path), { code: 'ENOENT' });
});
