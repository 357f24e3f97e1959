import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Line } from './journal.ts';

const WRITER = join(import.meta.dirname, 'store-writer.ts');

export type Life = {
  readonly directory: string;
  readonly life: number;
  readonly seed: number;
  /** It is killed when it has said so much: a busy machine then tries as much as an idle one. */
  readonly lines: number;
  /** A folder for compiled code, so that the next start is quicker. */
  readonly cache: string;
};

/** One life of a store under load, ended by kill -9: what it said. */
export async function liveAndDie({ directory, life, seed, lines, cache }: Life): Promise<Line[]> {
  const child = spawn(process.execPath, [WRITER, directory, `${life}`, `${seed}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  });
  let [said, heard] = ['', 0];
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    said += text;
    heard += text.split('\n').length - 1;
    if (heard >= lines) child.kill('SIGKILL');
  });
  const [code, signal] = await once(child, 'close');
  assert.deepEqual({ code, signal }, { code: null, signal: 'SIGKILL' });
  // A line that the kill cut off was heard by nobody.
  return said
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}
