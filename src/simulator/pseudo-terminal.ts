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

const BEFORE_PATH_BYTES_MAX = 4_096;
const OPEN_MS = 10_000;
const CLOSE_MS = 3_000;

/**
 * Opens a pseudo-terminal with util-linux's `script`: the first line that names the terminal says which it is, from then on its pipes
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

/**
 * Finds the line that names the terminal, and where it ends. An agent that still tries a terminal of that name, which has gone, may have said something
 * before it.
 */
export function openedIn(bytes: Buffer): (Opened & { readonly end: number }) | undefined {
  const found = /(\/dev\/[\w/-]+) (\d+)\r?\n/.exec(bytes.toString('latin1'));
  if (found === null) return undefined;
  const [line, path = '', holder] = found;
  return { path, holder: Number(holder), end: found.index + line.length };
}

function firstLine(child: Child): Promise<Opened> {
  return new Promise((resolve, reject) => {
    let got = Buffer.alloc(0);
    const timer = setTimeout(() => done(unusable('it gave no terminal in time')), OPEN_MS);
    const onError = (error: NodeJS.ErrnoException): void =>
      done(unusable(error.code === 'ENOENT' ? '`script` is not installed' : error.message));
    const onClose = (code: number | null): void => done(unusable(`\`script\` ended with code ${code}`));
    const onData = (chunk: Buffer): void => {
      got = Buffer.concat([got, chunk]);
      const said = openedIn(got);
      if (said !== undefined) {
        // What came with the line waits in the stream, so that the opener has the terminal before its first byte.
        child.stdout.pause().unshift(got.subarray(said.end));
        done(said);
      } else if (got.length > BEFORE_PATH_BYTES_MAX)
        done(unusable('it did not say which terminal it opened'));
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
