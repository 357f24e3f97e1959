import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPseudoTerminal } from '../../src/simulator/pseudo-terminal.ts';

const LOOK_MS = 2;
const LONGEST_MS = 60_000;

/** MB/s at which `cat` moves `file` out of a pipe. */
export async function catOfPipe(file: string): Promise<number> {
  const reader = spawn('cat', [], { stdio: ['pipe', 'ignore', 'inherit'] });
  return timed(file, reader, reader);
}

/** MB/s at which `cat` moves `file` out of a pseudo-terminal. */
export async function catOfTerminal(file: string, folder: string): Promise<number> {
  const path = `${folder}/cat.tty`;
  rmSync(path, { force: true });
  const hold = `stty raw -echo && tty >'${path}' && exec sleep ${LONGEST_MS / 1_000}`;
  const terminal = spawn('script', ['--quiet', '--flush', '--return', '--command', hold, '/dev/null'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, SHELL: '/bin/sh', LC_ALL: 'C' },
  });
  await until(() => read(path).endsWith('\n'));
  const reader = spawn('cat', [read(path).trim()], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    return await timed(file, terminal, reader);
  } finally {
    reader.kill('SIGKILL');
    terminal.kill('SIGKILL');
    await once(terminal, 'close');
  }
}

/** Another `cat` writes the file to `port`; the bytes that `reader` has taken are counted by the kernel. */
async function timed(file: string, port: ChildProcess, reader: ChildProcess): Promise<number> {
  const bytes = readFileSync(file).length;
  const counted = (): number => {
    const [, count] = /^rchar: (\d+)/m.exec(read(`/proc/${reader.pid}/io`)) ?? [];
    if (count === undefined) throw new Error('cat has ended before it had everything');
    return Number(count);
  };
  const startMs = performance.now();
  const from = openSync(file, 'r');
  spawn('cat', [], { stdio: [from, port.stdin!, 'inherit'] });
  closeSync(from);
  await until(() => counted() >= bytes);
  const ms = performance.now() - startMs;
  port.stdin!.destroy();
  return bytes / ms / 1_000;
}

/** Milliseconds that `cat` takes from a terminal on to hand out what is written into its far end, one after the other. */
export async function catLatency(pieces: readonly Buffer[], pauseMs: number): Promise<number[]> {
  const terminal = await openPseudoTerminal({ onData: () => {}, onLost: () => {} });
  const reader = spawn('cat', [terminal.path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const times: number[] = [];
  try {
    let came = 0;
    reader.stdout.on('data', (chunk: Buffer) => (came += chunk.length));
    for (const piece of pieces) {
      came = 0;
      const startMs = performance.now();
      terminal.write(Buffer.from(piece));
      while (came < piece.length)
        await once(reader.stdout, 'data', { signal: AbortSignal.timeout(LONGEST_MS) });
      times.push(performance.now() - startMs);
      await sleep(pauseMs);
    }
    return times;
  } finally {
    reader.kill('SIGKILL');
    await terminal.close();
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

async function until(done: () => boolean): Promise<void> {
  const endMs = performance.now() + LONGEST_MS;
  while (!done()) {
    if (performance.now() > endMs) throw new Error('a far end does not move');
    await sleep(LOOK_MS);
  }
}
