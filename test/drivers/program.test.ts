import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { LogLines } from '../../drivers/ports/log-lines.ts';
import { openProgram } from '../../drivers/ports/program.ts';
import { limits } from '../../src/limits.ts';
import { until } from '../manual-clock.ts';
import { RecordingLog } from './recording-sink.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyferry-exec-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function program(name: string, script: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o700);
  return path;
}

type Run = {
  out: string;
  closes: string[];
  log: RecordingLog;
  link: Awaited<ReturnType<typeof openProgram>>;
};

async function run(...command: string[]): Promise<Run> {
  const log = new RecordingLog();
  const closes: string[] = [];
  const run = { out: '', closes, log };
  const events = {
    onData: (chunk: Buffer) => {
      run.out += chunk.toString('latin1');
    },
    onClosed: (reason: string) => void closes.push(reason),
  };
  return Object.assign(run, { link: await openProgram({ command, log }, events) });
}

/** None of these outlives the test, whatever it finds. */
function endWith(t: TestContext, ...pids: number[]): void {
  t.after(() => {
    for (const pid of pids) if (pid > 1 && alive(pid)) process.kill(pid, 'SIGKILL');
  });
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a program gets a clean environment, a group of its own, arguments as they are, and limits', async (t) => {
  process.env['KEYFERRY_TEST_SECRET'] = 'x';
  t.after(() => delete process.env['KEYFERRY_TEST_SECRET']);
  const path = await program(
    'show',
    'env; ulimit -c; ulimit -n; ulimit -d; pwd; cut -d" " -f5 /proc/$$/stat; echo "[$1]"; echo $$',
  );
  const shown = await run(path, 'a b; $(c)');
  await until('it has ended', () => shown.closes.length === 1);
  const lines = shown.out
    .trim()
    .split('\n')
    .map((line) => line.trim());
  assert(!shown.out.includes('KEYFERRY_TEST_SECRET'));
  const from = lines.indexOf('0');
  assert.deepEqual(lines.slice(from, from + 4), [
    '0',
    String(limits.programFilesMax),
    String(limits.programMemoryBytesMax >> 10),
    '/',
  ]);
  assert.deepEqual(lines.slice(-2), ['[a b; $(c)]', lines.at(-1)]);
  assert.equal(lines.at(-3), lines.at(-1), 'it leads its process group');
  assert.deepEqual(shown.closes, [`${path} ended with code 0`]);
});

test('closing ends a program that will not end, and all that it has started', async (t) => {
  const path = await program('stubborn', 'trap "" TERM; sleep 1000 & echo $$ $!; while :; do sleep 1; done');
  const stubborn = await run(path);
  await until('it has said its processes', () => stubborn.out.includes('\n'));
  const pids = stubborn.out.trim().split(' ').map(Number);
  endWith(t, ...pids);
  assert(pids.length === 2 && pids.every(alive));
  stubborn.link.close('the test closes it');
  await until('it has ended', () => stubborn.closes.length === 1);
  await until('none is left', () => !pids.some(alive));
  assert.deepEqual(stubborn.closes, ['the test closes it']);
});

test('what a program leaves behind when it ends is ended too', async (t) => {
  const path = await program('parent', 'sleep 1000 & echo $!');
  const parent = await run(path);
  await until('it has ended', () => parent.closes.length === 1);
  const child = Number(parent.out);
  endWith(t, child);
  assert(child > 1);
  await until('its child is gone', () => !alive(child));
});

test('a program that is not there, or may not be run, says so when it closes', async () => {
  const missing = await run(join(folder, 'nothing'));
  await until('it has ended', () => missing.closes.length === 1);
  assert.match(missing.closes[0]!, /127: it is not there/);
  const path = await program('locked', 'true');
  await chmod(path, 0o600);
  const locked = await run(path);
  await until('it has ended', () => locked.closes.length === 1);
  assert.match(locked.closes[0]!, /126: it may not be executed/);
});

test('stderr goes to the log: a bounded number of short lines, and nothing that could be key', async () => {
  const key = 'd0e1f2a3b4c5d6e7f8091a2b3c4d5e6f';
  const path = await program(
    'talker',
    `echo "temperature 21 key ${key} end" >&2; yes "one line" | head -5000 >&2`,
  );
  const talker = await run(path);
  await until('it has ended', () => talker.closes.length === 1);
  assert.match(talker.log.lines[0]!, /temperature 21 key \[left out\] end/);
  assert(!talker.log.lines.join().includes(key.slice(0, 12)));
  assert.equal(talker.log.lines.length, limits.programLinesPerMinuteMax + 1);
  assert.match(talker.log.lines.at(-1)!, /the rest of this minute is left out/);
});

test('lines are counted anew each minute, and cut where they are too long', () => {
  const said: string[] = [];
  const lines = new LogLines((text) => said.push(text));
  for (let i = 0; i < limits.programLinesPerMinuteMax + 9; i++) lines.push(Buffer.from('a\n'), 0);
  assert.equal(said.length, limits.programLinesPerMinuteMax + 1);
  lines.push(Buffer.from(`${'word '.repeat(1_000)}\n\u001b[2J\n`), 60_000);
  assert(said.at(-2)!.length <= limits.programLineBytesMax);
  assert.equal(said.at(-1), '?[2J');
});

test('a flood is wiped without being looked at once the minute is used up, and begins at a line when the next one has come', () => {
  const said: string[] = [];
  const lines = new LogLines((text) => said.push(text));
  const flood = Buffer.from('a\n'.repeat(100_000));
  lines.push(flood, 0);
  assert.equal(said.length, limits.programLinesPerMinuteMax + 1);
  assert(flood.every((byte) => byte === 0));
  // The end of a key, whose beginning was left out.
  const rest = Buffer.from('0123456789');
  lines.push(rest, 1_000);
  assert(rest.every((byte) => byte === 0));
  lines.push(Buffer.from('abcdef\nthe next line\n'), 60_000);
  assert.deepEqual(said.slice(limits.programLinesPerMinuteMax + 1), ['the next line']);
});

test('a program that floods its output gets no more than its turn of the event loop', async () => {
  const path = await program('flood', 'cat /dev/zero >&2 & exec cat /dev/zero');
  const link = await flooded(path);
  // One may have come in at the end of the turn before.
  assert(link.mostInATurn <= 2, JSON.stringify(link));
});

/** How many chunks of its stdout the program at `path` gets rid of, in all and in one turn. */
async function flooded(path: string): Promise<{ chunks: number; mostInATurn: number }> {
  const found = { chunks: 0, mostInATurn: 0 };
  let inThisTurn = 0;
  const closed = Promise.withResolvers<void>();
  const events = {
    onData() {
      found.chunks += 1;
      inThisTurn += 1;
      found.mostInATurn = Math.max(found.mostInATurn, inThisTurn);
      setImmediate(() => {
        inThisTurn = 0;
      });
    },
    onClosed: () => closed.resolve(),
  };
  const link = await openProgram({ command: [path], log: new RecordingLog() }, events);
  await until('a flood', () => found.chunks > 200);
  link.close('the test ends');
  await closed.promise;
  return found;
}

test('key as a dump writes it is left out, and what stands behind it; numbers are not', () => {
  const bytes = Array.from({ length: 16 }, (_, i) => ((i * 37 + 58) & 255).toString(16).padStart(2, '0'));
  const dumps = [
    bytes.join(' '),
    `00000010  ${bytes.slice(0, 8).join(' ')}  ${bytes.slice(8).join(' ')}  |:_..secret..|`,
    bytes.map((byte) => `0x${byte}`).join(', '),
    bytes.map((byte) => `\\x${byte}`).join(''),
    `[${bytes.map((byte) => Number.parseInt(byte, 16)).join(', ')}]`,
    bytes.join('').replace(/.{4}/g, '$& '),
  ];
  for (const dump of dumps) {
    const said: string[] = [];
    new LogLines((text) => said.push(text)).push(Buffer.from(`key: ${dump}\n`), 0);
    assert.match(said[0]!, /^key: \[?\\?\[left out\]$/, dump);
  }
  const said: string[] = [];
  const harmless = 'at 2026-11-30 10:15 counts 1204 88 17, bias 12.5 V, mode 3a';
  new LogLines((text) => said.push(text)).push(Buffer.from(`${harmless}\n`), 0);
  assert.equal(said[0], harmless);
});

/** What the log has of one line. */
function saidOf(line: string): string {
  const said: string[] = [];
  new LogLines((text) => said.push(text)).push(Buffer.from(`${line}\n`), 0);
  return said.join();
}

test('key in groups of any length is left out, in hexadecimal and base64; words, names, times and serial numbers are not', () => {
  const key = createHash('sha512').update('key that protects nothing').digest();
  for (const encoding of ['hex', 'base64', 'base64url'] as const) {
    for (const digits of [8, 9, 12, 15, 16, 20, 23, 24, 40]) {
      const groups = key.toString(encoding).replace(new RegExp(`.{${digits}}`, 'g'), '$& ');
      assert.equal(saidOf(`key: ${groups}`), 'key: [left out]', groups);
    }
  }
  const words = Array.from({ length: 8 }, (_, i) => key.toString('hex', 8 * i, 8 * i + 8));
  for (const word of words) assert.equal(saidOf(`word ${word} end`), 'word [left out] end');
  assert.equal(saidOf(words.map((word) => `0x${word}`).join(', ')), '[left out]');
  assert.equal(saidOf(`k:${words[0]!.slice(0, 12)} ${words[1]!.slice(0, 12)}`), 'k:[left out]');
  for (const line of [
    'at 1795994151 module SN0042A7731 of 2026-11-30T23:15:51.123456Z',
    'time 1795994151123456789 ns, 12345678 counts, dead time 0x3fa',
    'temperature controller initialised, waiting for interferometer alignment',
    'opened /dev/ttyUSB0 for frameCounter QkdTransmitter2 with firmware-1.4.2',
    '00:1b:44:11:3a:b7 answers; 1204 88 17 1733 of 100000',
  ])
    assert.equal(saidOf(line), line);
});

test('a program ends with the agent, also when the agent is killed', async (t) => {
  const { spawn } = await import('node:child_process');
  const path = await program('orphan', `echo $$ > ${folder}/orphan-pid; exec sleep 1000`);
  const script = `import { openProgram } from '${join(import.meta.dirname, '../../drivers/ports/program.ts')}';
    await openProgram({ command: ['${path}'], log: console }, { onData() {}, onClosed() {} });
    setInterval(() => {}, 1000);`;
  const agent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
  t.after(() => agent.kill('SIGKILL'));
  let pid = 0;
  const look = setInterval(async () => {
    pid = Number(await readFile(join(folder, 'orphan-pid'), 'utf8').catch(() => '0'));
  }, 20);
  await until('it has started', () => pid > 0).finally(() => clearInterval(look));
  endWith(t, pid);
  assert(alive(pid));
  agent.kill('SIGKILL');
  await until('it is gone', () => !alive(pid));
});
