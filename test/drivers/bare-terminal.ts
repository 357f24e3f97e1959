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
  const path = await nameSaidBy(child);
  const chunks: Buffer[] = [];
  child.stdout!.on('data', (chunk: Buffer) => chunks.push(chunk));
  return {
    path,
    write: (bytes) => void child.stdin!.write(bytes),
    hangUp: () => void child.kill('SIGKILL'),
    gone,
    deaf: () => void child.stdout!.pause(),
    heard: () => Buffer.concat(chunks),
  };
}

// Whoever still tries a terminal of this name that has gone may have said something before it.
function nameSaidBy({ stdout }: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const look = (chunk: Buffer): void => {
      said += chunk.toString('latin1');
      const found = /(\/dev\/pts\/\d+)\r?\n/.exec(said);
      if (found === null) return;
      stdout!.off('data', look);
      resolve(found[1]!);
    };
    stdout!.on('data', look).once('close', () => reject(new Error(`no terminal: ${said}`)));
  });
}
