import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export type CModuleReport = {
  readonly event: 'ready' | 'status' | 'stopped';
  readonly open: boolean;
  readonly openings: number;
  readonly stored: number;
  readonly refused: number;
  readonly held: number;
  readonly dropped: number;
  readonly zeroized: number;
  readonly faults: number;
};

/** A running example module in C. */
export class CModule {
  readonly #child: ChildProcess;
  readonly ended: Promise<unknown>;
  #complaint = '';
  report: CModuleReport | undefined;

  constructor(program: string, parameters: readonly string[]) {
    const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.ended = once(child, 'close');
    createInterface(child.stdout).on('line', (line) => {
      this.report = JSON.parse(line) as CModuleReport;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.#complaint += chunk.toString();
    });
  }

  /** What it said last of itself. @throws when it said something on its standard error, as the sanitizers do */
  get last(): CModuleReport | undefined {
    if (this.#complaint !== '') throw new Error(this.#complaint);
    return this.report;
  }

  /** Waits for a report that says so. @throws when none does within `ms` */
  async until(what: string, ready: (report: CModuleReport) => boolean, ms = 60_000): Promise<CModuleReport> {
    const endMs = performance.now() + ms;
    for (;;) {
      const report = this.last;
      if (report !== undefined && ready(report)) return report;
      if (performance.now() > endMs) throw new Error(`${what} did not come about: ${JSON.stringify(report)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Takes and sends nothing until `goOn`. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child.kill('SIGCONT');
  }

  /** Its lid is opened, or closed again. */
  moveLid(): void {
    this.#child.kill('SIGUSR1');
  }

  /** SIGTERM: it wipes what it holds and reports for the last time. SIGKILL: as when its power fails. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#child.kill(signal);
    await this.ended;
  }
}
