import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { AgentError } from '../errors.ts';

/** A pseudo-terminal: whoever opens `path` talks to `write` and `onData`. */
export type PseudoTerminal = {
  /** Such as `/dev/pts/3`. */
  readonly path: string;
  /** Bytes not yet taken by the terminal. */
  readonly queuedBytes: () => number;
  /** Takes `bytes` over and wipes them when they are sent. */
  readonly write: (bytes: Buffer) => void;
  readonly close: () => Promise<void>;
};

export type PseudoTerminalEvents = {
  /** `chunk` belongs to the receiver. */
  readonly onData: (chunk: Buffer) => void;
  /** It is gone without having been closed. */
  readonly onLost: (reason: string) => void;
};

const PATH_BYTES_MAX = 256;
const OPEN_MS = 10_000;
const CLOSE_MS = 3_000;
const NEWLINE = 0x0a;

/**
 * Opens a pseudo-terminal with util-linux's `script`: the first line out is the terminal's path, from then on its pipes
 * are the far end, clean for all byte values. The terminal stays while nobody has it open, and goes when this process
 * does, however it ends. No event comes before the opener has the terminal.
 */
export async function openPseudoTerminal(events: PseudoTerminalEvents): Promise<PseudoTerminal> {
  // tail holds the terminal open, and watches this process: `script` would not notice its death.
  const hold = `stty raw -echo && echo "$(tty) $$" && exec tail --pid=${process.pid} -s 0.2 -f /dev/null`;
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', hold, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    // A session of its own: Ctrl+C in the terminal that started us is for us to act on.
    detached: true,
    env: { ...process.env, SHELL: '/bin/sh', LC_ALL: 'C' },
  });
  child.stdin.on('error', () => {});
  const exited = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  let closing = false;
  try {
    const { path, holder } = await firstLine(child);
    child.stdout.on('data', events.onData).resume();
    void exited.then(() => {
      if (!closing) events.onLost('the helper program `script` has ended');
    });
    return {
      path,
      queuedBytes: () => child.stdin.writableLength,
      write: (bytes) => {
        child.stdin.write(bytes, () => bytes.fill(0));
      },
      close: () => {
        closing = true;
        // `script` ends at once when its command does, but takes two seconds over a signal of its own.
        endProcess(holder);
        const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_MS);
        return exited.finally(() => clearTimeout(timer));
      },
    };
  } catch (thrown) {
    child.kill('SIGTERM');
    throw thrown;
  }
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** The terminal's path, and the process that holds it open. */
type Opened = { readonly path: string; readonly holder: number };

function firstLine(child: Child): Promise<Opened> {
  return new Promise((resolve, reject) => {
    let got = Buffer.alloc(0);
    const timer = setTimeout(() => done(unusable('it gave no terminal in time')), OPEN_MS);
    const onError = (error: NodeJS.ErrnoException): void =>
      done(unusable(error.code === 'ENOENT' ? '`script` is not installed' : error.message));
    const onClose = (code: number | null): void => done(unusable(`\`script\` ended with code ${code}`));
    const onData = (chunk: Buffer): void => {
      got = Buffer.concat([got, chunk]);
      const end = got.indexOf(NEWLINE);
      if (end < 0 && got.length < PATH_BYTES_MAX) return;
      const line = got.subarray(0, Math.max(end, 0)).toString('latin1');
      const [, path, holder] = /^(\/dev\/[\w/-]+) (\d+)\r?$/.exec(line) ?? [];
      if (path === undefined) done(unusable('it did not say which terminal it opened'));
      else {
        // What came with the line waits in the stream, so that the opener has the terminal before its first byte.
        child.stdout.pause().unshift(got.subarray(end + 1));
        done({ path, holder: Number(holder) });
      }
    };
    const done = (result: AgentError | Opened): void => {
      clearTimeout(timer);
      child.off('error', onError).off('close', onClose);
      child.stdout.off('data', onData);
      if (result instanceof AgentError) reject(result);
      else resolve(result);
    };
    child.on('error', onError).on('close', onClose);
    child.stdout.on('data', onData);
  });
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // It has ended already.
  }
}

function unusable(reason: string): AgentError {
  return new AgentError('host.no-pseudo-terminal', `a pseudo-terminal cannot be had: ${reason}`, {
    fault: 'host',
    remedy: 'Install util-linux and coreutils (Debian: apt-get install bsdutils coreutils).',
  });
}
