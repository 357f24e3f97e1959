import { type ChildProcess, fork, type Serializable, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const END_MS = 20_000;

/** All that was started and still runs, with how to end it: nothing may outlive the benchmark. */
const running = new Map<ChildProcess, () => Promise<void>>();

/** Ends every process that was started here. */
export async function endChildren(): Promise<void> {
  await Promise.allSettled([...running.values()].map((end) => end()));
}

/** A program in a process of its own and what it last said on stderr. */
export type Started = { runs(): boolean; complaint(): string; close(): Promise<void> };

/** Starts a program as leader of a process group. `close` interrupts it and waits; what stays is killed, group and all. */
export function startProgram(command: string, parameters: readonly string[]): Started {
  const child = spawn(command, parameters, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-4_000);
  });
  const close = keep(child, () => process.kill(-child.pid!, 'SIGKILL'));
  return { runs: () => running.has(child), complaint: () => complaint, close };
}

/** A script of the benchmark in a process of its own, that answers one message at a time. */
export type Helper = {
  ask<Reply>(message: Serializable): Promise<Reply>;
  /** Halts the process, or lets it go on: what is measured beside it has the machine for itself. */
  run(run: boolean): void;
  close(): Promise<void>;
};

/**
 * @param script a URL beside this file; it calls `serve`
 * @param alone gives it a session of its own, as our nodes have. Where autogroups are on, Linux shares out the processors among
 *   sessions first, so that what is held against a node is scheduled as the node is only in one of its own.
 */
export function startHelper(script: URL, alone = false): Helper {
  const child = fork(fileURLToPath(script), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    detached: alone,
  });
  const close = keep(child, () => child.kill('SIGKILL'));
  return {
    close,
    run: (run) => void child.kill(run ? 'SIGCONT' : 'SIGSTOP'),
    async ask<Reply>(message: Serializable): Promise<Reply> {
      const gone = new AbortController();
      const ended = once(child, 'exit', { signal: gone.signal }).then(([code]) => {
        throw new Error(`${script.pathname} ended with ${String(code)}`);
      });
      const answered = once(child, 'message', { signal: gone.signal });
      ended.catch(() => {});
      answered.catch(() => {});
      child.send(message);
      try {
        const [reply] = (await Promise.race([answered, ended])) as [{ value: Reply } | { error: string }];
        if ('error' in reply) throw new Error(reply.error);
        return reply.value;
      } finally {
        gone.abort();
      }
    },
  };
}

/** The other end of `startHelper`: answers each message with what `answer` gives, and ends with its parent. */
export function serve<Message>(answer: (message: Message) => Promise<unknown>): void {
  process.once('disconnect', () => process.exit());
  // An interrupt at the keyboard goes to the whole group: the parent decides when this ends.
  process.on('SIGINT', () => {});
  process.on('message', (message) => {
    answer(message as Message).then(
      (value) => process.send?.({ value }),
      (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
    );
  });
}

function keep(child: ChildProcess, kill: () => void): () => Promise<void> {
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      running.delete(child);
      resolve();
    });
    child.once('error', () => {
      if (child.pid === undefined) running.delete(child);
      resolve();
    });
  });
  const end = async (): Promise<void> => {
    if (!running.has(child)) return;
    if (child.connected) child.disconnect();
    else child.kill('SIGINT');
    const timer = setTimeout(kill, END_MS);
    await exited;
    clearTimeout(timer);
  };
  running.set(child, end);
  return end;
}
