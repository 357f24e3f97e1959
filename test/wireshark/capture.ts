import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

const START_MS = 10_000;
// What was sent last is in the kernel's buffer for a moment.
const LINGER_MS = 500;

/** Captures what crosses the loopback interface. */
export class Capture {
  readonly file: string;
  readonly #dumpcap: ChildProcess;

  private constructor(file: string, dumpcap: ChildProcess) {
    this.file = file;
    this.#dumpcap = dumpcap;
  }

  /** @returns why there can be no capture, as text, where that is so */
  static async start(t: TestContext, file: string, ports: readonly number[]): Promise<Capture | string> {
    const filter = ports.map((port) => `tcp port ${port}`).join(' or ');
    const dumpcap = spawn('dumpcap', ['-q', '-i', 'lo', '-f', filter, '-w', file], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    t.after(() => dumpcap.kill('SIGKILL'));
    let said = '';
    const running = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), START_MS);
      const settle = (value: boolean) => {
        clearTimeout(timer);
        resolve(value);
      };
      // It names the file once it has opened the interface.
      dumpcap.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('File: ')) settle(true);
      });
      dumpcap.once('error', () => settle(false)).once('exit', () => settle(false));
    });
    return (await running) ? new Capture(file, dumpcap) : `dumpcap cannot capture on lo here: ${said.trim()}`;
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, LINGER_MS));
    this.#dumpcap.kill('SIGINT');
    if (this.#dumpcap.exitCode === null) await once(this.#dumpcap, 'exit');
  }
}
