import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { isSea } from 'node:sea';

const STOP_MS = 5_000;

/** A keyferry process of a lab, its output in a file. Whoever starts it stops it. */
export class Program {
  readonly name: string;
  readonly #child: ChildProcess;
  /** The exit code; null when a signal ended it, or when it could not be started. */
  readonly ended: Promise<number | null>;
  running = true;

  constructor(name: string, parameters: readonly string[], log: string) {
    this.name = name;
    const out = openSync(log, 'a', 0o600);
    const [program, ...before] = ownCommand();
    // A group of its own, so that Ctrl-C reaches only the demo, which then stops all in order.
    this.#child = spawn(program!, [...before, ...parameters], {
      stdio: ['ignore', out, out],
      detached: true,
    });
    closeSync(out);
    this.ended = new Promise((resolve) => {
      const end = (code: number | null) => {
        this.running = false;
        resolve(code);
      };
      this.#child.once('exit', end);
      this.#child.once('error', () => end(null));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  signal(name: NodeJS.Signals): void {
    if (this.running) this.#child.kill(name);
  }

  /** Asks it to end, and ends it when it does not within a few seconds. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), STOP_MS);
    await this.ended;
    clearTimeout(timer);
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }
}

/** How this program is run again: by Node with the script, or as one binary. */
function ownCommand(): string[] {
  if (isSea()) return [process.execPath];
  return [process.execPath, '--disable-sigusr1', new URL('../../main.ts', import.meta.url).pathname];
}

export function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
