import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export type BareTerminal = {
  readonly path: string;
  write(bytes: Uint8Array): void;
  /** Hangs up at once, as when a cable is pulled: its far end is killed. */
  hangUp(): void;
  readonly gone: Promise<unknown>;
  /** Stops reading: the terminal fills up, and who writes to it is held. */
  deaf(): void;
  /** What has come from the other side. */
  heard(): Buffer;
};

/** A terminal whose far end can be killed at any moment. Needs util-linux. */
export async function bareTerminal(): Promise<BareTerminal> {
  const hold = 'stty raw -echo; tty; exec sleep 60';
  const child: ChildProcess = spawn('script', ['-qfec', hold, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, SHELL: '/bin/sh' },
  });
  child.stdin!.on('error', () => {});
  const gone = once(child, 'exit');
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  const chunks: Buffer[] = [];
  child.stdout!.on('data', (chunk: Buffer) => chunks.push(chunk));
  const path = /\/dev\/pts\/\d+/.exec(line.toString())?.[0];
  if (path === undefined) throw new Error(`no terminal: ${line.toString()}`);
  return {
    path,
    write: (bytes) => void child.stdin!.write(bytes),
    hangUp: () => void child.kill('SIGKILL'),
    gone,
    deaf: () => void child.stdout!.pause(),
    heard: () => Buffer.concat(chunks),
  };
}
