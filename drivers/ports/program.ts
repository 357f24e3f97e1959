import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { ByteLink, ByteLinkEvents } from '../../src/env/byte-link.ts';
import type { Log } from '../../src/env/log.ts';
import { AgentError, messageOf } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { LogLines } from './log-lines.ts';

export type ProgramOptions = {
  /** Absolute path, then the arguments. */
  readonly command: readonly string[];
  readonly log: Log;
};

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Sets what every program gets: no core dump (it would hold key), few files, bounded memory; where util-linux is there, no
 * way to more rights, and an end together with the agent, however that comes.
 */
const LIMITED = [
  `ulimit -c 0 && ulimit -n ${limits.programFilesMax} && ulimit -d ${limits.programMemoryBytesMax >> 10} || exit 126`,
  'if command -v setpriv >/dev/null; then exec setpriv --no-new-privs --pdeathsig KILL -- "$@"; fi',
  'exec "$@"',
].join('\n');

/** The whole environment of a program: nothing of the agent's own, which may name credentials. */
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', HOME: '/' };

/**
 * Starts a program in a process group of its own; the link is its stdin and stdout. What it writes to stderr goes to the log,
 * a bounded number of lines. When the link closes, for whatever reason, the whole group has ended before `onClosed` is called.
 * Rejects with an AgentError when it cannot be started.
 */
export async function openProgram(options: ProgramOptions, events: ByteLinkEvents): Promise<ByteLink> {
  const child = spawn('/bin/sh', ['-c', LIMITED, 'sh', ...options.command], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    cwd: '/',
    env: ENVIRONMENT,
  });
  const started = Promise.withResolvers<void>();
  child.once('spawn', started.resolve).once('error', started.reject);
  try {
    await started.promise;
  } catch (cause) {
    throw new AgentError(
      'host.program-start',
      `${options.command[0]} cannot be started: ${messageOf(cause)}`,
      {
        fault: 'host',
        remedy: 'Check that the machine has /bin/sh and lets the agent start processes.',
        cause,
      },
    );
  }
  return new ProgramLink(child, options, events);
}

class ProgramLink implements ByteLink {
  readonly #child: Child;
  readonly #events: ByteLinkEvents;
  #reason: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(child: Child, { command, log }: ProgramOptions, events: ByteLinkEvents) {
    this.#child = child;
    this.#events = events;
    const lines = new LogLines((text) => log.info('module.program-says', { text }));
    const open = (): boolean => this.#reason === undefined;
    oneATurn(child.stdout, open, (chunk) => {
      if (this.#reason === undefined) events.onData(chunk);
      else chunk.fill(0);
    });
    oneATurn(child.stderr, open, (chunk) => lines.push(chunk, performance.now()));
    // A program that has ended breaks its pipes: its exit says more.
    child.stdin.on('error', () => {});
    child.once('exit', (code, signal) => {
      // Whoever it has left behind still holds its stdout open.
      this.#signal('SIGKILL');
      this.#reason ??= `${command[0]} ended ${ending(code, signal)}`;
      clearTimeout(this.#timer);
      // What fled the group may hold the pipes open: they are not waited for.
      this.#timer = setTimeout(() => this.#letGo(), limits.programStopMs);
    });
    child.once('close', () => this.#end());
  }

  get queuedBytes(): number {
    return this.#child.stdin.writableLength;
  }

  write(bytes: Uint8Array, taken?: () => void): void {
    if (this.#reason === undefined && this.#child.stdin.writable)
      this.#child.stdin.write(bytes, () => taken?.());
    else taken?.();
  }

  close(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#child.stdin.end();
    this.#signal('SIGTERM');
    this.#timer = setTimeout(() => this.#signal('SIGKILL'), limits.programStopMs);
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#events.onClosed(this.#reason ?? 'the program closed its output');
  }

  #letGo(): void {
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
  }

  /** To the program and all that it has started. */
  #signal(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // None of them is left.
    }
  }
}

/**
 * One chunk in each turn of the event loop: a program that floods its pipes is held, and the others have their turns. What comes
 * once it is closed is only wiped, and at once, so that none of it is left in the pipe.
 */
function oneATurn(pipe: Readable, open: () => boolean, onChunk: (chunk: Buffer) => void): void {
  pipe.on('data', (chunk: Buffer) => {
    if (open()) {
      pipe.pause();
      setImmediate(() => pipe.resume());
    }
    onChunk(chunk);
  });
}

function ending(code: number | null, signal: string | null): string {
  if (signal !== null) return `by signal ${signal}`;
  if (code === 126) return 'with code 126: it may not be executed, or a limit could not be set';
  if (code === 127) return 'with code 127: it is not there';
  return `with code ${code}`;
}
