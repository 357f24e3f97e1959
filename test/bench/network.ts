import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startProgram } from './processes.ts';

const PROGRAM = fileURLToPath(new URL('../../build/keyferry', import.meta.url));
const START_MS = 90_000;

/** What `keyferry demo --keep` writes into demo.json when its nodes are up. */
export type DemoFile = {
  readonly nodes: readonly {
    readonly kma_id: string;
    readonly pid: number;
    readonly kx: string;
    /** Null for a node that serves no applications. */
    readonly supply_url: string | null;
    readonly control_socket: string;
    readonly config: string;
  }[];
  /** `cert`, `key` and `ca` are paths of PEM files. */
  readonly modules: readonly { readonly pid: number }[];
  readonly applications: readonly {
    readonly sae_id: string;
    readonly kma_id: string;
    readonly cert: string;
    readonly key: string;
    readonly ca: string;
  }[];
};

export type Network = DemoFile & {
  /** Halts the modules, or lets them go on: what is measured beside something else has the machine as that has it. */
  modulesRun(run: boolean): void;
  close(): Promise<void>;
};

/** Starts the demo's nodes for as long as a benchmark needs them. @param parameters more options of `keyferry demo` */
export async function startNetwork(parameters: readonly string[] = []): Promise<Network> {
  const dir = mkdtempSync(join(tmpdir(), 'keyferry-bench-'));
  const demo = startProgram(PROGRAM, ['demo', '--keep', '--dir', dir, ...parameters]);
  const close = async (): Promise<void> => {
    await demo.close();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const endMs = Date.now() + START_MS;
    for (;;) {
      const file = readDemo(join(dir, 'demo.json'));
      if (file !== undefined) {
        const modulesRun = (run: boolean): void => {
          for (const { pid } of file.modules) process.kill(pid, run ? 'SIGCONT' : 'SIGSTOP');
        };
        // A halted process would not hear that it is to end.
        const closeAll = async (): Promise<void> => {
          modulesRun(true);
          await close();
        };
        return { ...file, modulesRun, close: closeAll };
      }
      if (!demo.runs()) throw new Error(`keyferry demo ended: ${demo.complaint()}`);
      if (Date.now() > endMs) throw new Error(`keyferry demo was not up in time: ${demo.complaint()}`);
      await sleep(100);
    }
  } catch (error) {
    await close();
    throw error;
  }
}

/** Undefined while the file is not there, or not all of it. */
function readDemo(path: string): DemoFile | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as DemoFile;
  } catch {
    return undefined;
  }
}
