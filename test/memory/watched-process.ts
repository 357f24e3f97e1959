import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { coreFileOf } from './core-file.ts';
import type { KeyFinder } from './key-finder.ts';
import { type Found, searchProcess } from './process-memory.ts';

export type WatchedOptions = {
  /** Working directory; it is made. Core dumps go there. */
  readonly directory: string;
  readonly log: string;
  /** How much memory the process may lock; all that it likes where nothing is said. */
  readonly lockedBytes?: number;
  readonly input?: Buffer;
};

/** A process of this Node.js that may dump core. It is gone when the test has ended. */
export class WatchedProcess {
  readonly #child: ChildProcess;
  readonly #directory: string;

  constructor(t: TestContext, script: readonly string[], options: WatchedOptions) {
    const { directory, log, lockedBytes, input } = options;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#directory = directory;
    const out = openSync(log, 'a', 0o600);
    const command = [...unlocked(lockedBytes), process.execPath, '--disable-sigusr1', ...script];
    const begin = 'ulimit -S -c unlimited 2>/dev/null; exec "$@"';
    this.#child = spawn('/bin/sh', ['-c', begin, 'sh', ...command], {
      cwd: directory,
      stdio: ['pipe', out, out],
    });
    closeSync(out);
    this.#child.stdin!.end(input);
    t.after(() => this.#child.kill('SIGKILL'));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Searches its memory while it stands still. */
  look(finder: KeyFinder): { hits: Found[]; bytes: number } {
    this.#child.kill('SIGSTOP');
    try {
      const { hits, bytes, unread } = searchProcess(this.pid, finder);
      if (unread > 0) throw new Error(`${unread} bytes of memory could not be read`);
      return { hits, bytes };
    } finally {
      this.#child.kill('SIGCONT');
    }
  }

  /** Ends it by a signal upon which the kernel dumps core. @returns the file; where there is none, why */
  async dump(): Promise<{ path: string } | { skip: string }> {
    const core = coreFileOf(this.pid, this.#directory);
    const [, soft] = /^Max core file size +(\S+)/m.exec(readFileSync(`/proc/${this.pid}/limits`, 'latin1'))!;
    const ended = new Promise<NodeJS.Signals | null>((resolve) => {
      this.#child.once('exit', (_, signal) => resolve(signal));
    });
    this.#child.kill('SIGABRT');
    const signal = await ended;
    if (signal !== 'SIGABRT') throw new Error(`it ended by ${signal}`);
    return soft === 'unlimited' ? core : { skip: `core dumps are limited to ${soft} bytes on this machine` };
  }
}

// The superuser may lock what he likes, whatever the limit, unless he has no right to.
function unlocked(bytes: number | undefined): string[] {
  if (bytes === undefined) return [];
  const limited = ['prlimit', `--memlock=${bytes}:${bytes}`];
  return process.getuid!() === 0 ? ['setpriv', '--bounding-set=-ipc_lock', ...limited] : limited;
}

export function agentScript(config: string): string[] {
  return [join(import.meta.dirname, '../../src/main.ts'), 'run', config];
}
