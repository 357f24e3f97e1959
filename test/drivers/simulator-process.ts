import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { SimulateReport } from '../../src/simulator/simulate.ts';
import { removeLink } from '../../src/simulator/stable-link.ts';

const WAIT_MS = 60_000;
const entry = join(import.meta.dirname, 'simulator-entry.ts');

/** Resolves when `condition` holds; looks again at every `changed()`. Keeps the process alive meanwhile. */
export class Watch {
  #waiting = new Set<() => void>();

  changed(): void {
    for (const look of this.#waiting) look();
  }

  until(what: string, condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`waited in vain for: ${what}`));
      }, WAIT_MS);
      this.#waiting.add(look);
      look();
    });
  }
}

export type Simulator = {
  readonly process: ChildProcess;
  readonly reports: SimulateReport[];
  readonly terminal: string;
  readonly stderr: () => string;
  /** The exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
};

/** A folder, and simulated modules in it, all gone at `close()`. */
export class SimulatorFolder {
  readonly path: string;
  readonly watch = new Watch();
  readonly #running: Simulator[] = [];

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<SimulatorFolder> {
    return new SimulatorFolder(await mkdtemp(join(tmpdir(), 'keyferry-simulator-')));
  }

  /** Resolves when the module is ready. */
  async start(args: readonly string[]): Promise<Simulator> {
    const child = spawn(process.execPath, [entry, 'simulate-module', '--json', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const reports: SimulateReport[] = [];
    let stderr = '';
    let over = false;
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    createInterface(child.stdout).on('line', (line) => {
      reports.push(JSON.parse(line) as SimulateReport);
      this.watch.changed();
    });
    const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
    void ended.then(() => {
      over = true;
      this.watch.changed();
    });
    const simulator = {
      process: child,
      reports,
      ended,
      stderr: () => stderr,
      get terminal() {
        const ready = reports[0];
        return ready?.event === 'ready' ? ready.terminal : '';
      },
    };
    this.#running.push(simulator);
    await this.watch.until('the simulated module to be ready', () => reports.length > 0 || over);
    return simulator;
  }

  /**
   * Kills a module. Its link goes before it, as udev takes links away: what it points to may be the terminal of a stranger, such as
   * of a test that runs beside this one, as soon as the module is gone.
   */
  async kill(simulator: Simulator): Promise<void> {
    const [ready] = simulator.reports;
    if (ready?.event === 'ready') await removeLink(ready.path, ready.terminal);
    simulator.process.kill('SIGKILL');
    await simulator.ended;
  }

  async close(): Promise<void> {
    for (const simulator of this.#running) await this.kill(simulator);
    await rm(this.path, { recursive: true, force: true });
  }
}
