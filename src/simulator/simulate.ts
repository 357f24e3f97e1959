import type { Clock } from '../env/clock.ts';
import type { Entropy } from '../env/entropy.ts';
import { AgentError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { SecretBytes } from '../secret/secret-bytes.ts';
import { BlockSource } from './block-source.ts';
import { openPseudoTerminal, type PseudoTerminal } from './pseudo-terminal.ts';
import { SimulatedModule, type SimulatedModuleStatus } from './simulated-module.ts';
import { placeLink, removeLink } from './stable-link.ts';

export type SimulateOptions = {
  readonly seed: Uint8Array;
  readonly role: 'tx' | 'rx';
  readonly linkId: string;
  readonly moduleId: string;
  readonly blockBytes: number;
  readonly blocksPerSecond: number;
  readonly qber: number;
  /** A path that stays the same while terminals come and go. */
  readonly symlink?: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly startMs: number;
  readonly bufferBlocks: number;
  readonly corruptEvery: number;
  readonly firmwareVersion: string;
  /** 32 bytes, which become the module's; undefined for a module that proves nothing. */
  readonly moduleKey: SecretBytes | undefined;
};

export type SimulateReport =
  | {
      readonly event: 'ready';
      readonly path: string;
      readonly terminal: string;
      readonly link_id: string;
      readonly role: 'tx' | 'rx';
    }
  | ({ readonly event: 'status' | 'stopped' } & Readonly<SimulatedModuleStatus>);

const TICK_MS = 20;
const STATUS_MS = 1_000;

/**
 * Runs one end of a simulated QKD link on a pseudo-terminal until `stop` fires; then the terminal and the link are gone.
 * Rejects with an AgentError when there can be no terminal, or when it is lost.
 */
export async function simulate(
  options: SimulateOptions,
  clock: Clock,
  entropy: Entropy,
  report: (report: SimulateReport) => void,
  stop: AbortSignal,
): Promise<void> {
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => {});
  let module: SimulatedModule | undefined;
  const terminal = await openPseudoTerminal({
    onData: (chunk) => module?.receive(chunk, clock.monotonicMs()),
    onLost: (reason) => lost.reject(terminalLost(reason)),
  });
  try {
    if (options.symlink !== undefined) await placeLink(options.symlink, terminal.path);
    module = makeModule(options, clock, entropy, terminal);
    module.start();
    const { linkId: link_id, role, symlink } = options;
    report({ event: 'ready', path: symlink ?? terminal.path, terminal: terminal.path, link_id, role });
    await Promise.race([runUntil(stop, module, clock, report), lost.promise]);
    report({ event: 'stopped', ...module.status });
  } finally {
    module?.stop();
    if (options.symlink !== undefined) await removeLink(options.symlink, terminal.path);
    await terminal.close();
  }
}

function makeModule(
  options: SimulateOptions,
  clock: Clock,
  entropy: Entropy,
  terminal: PseudoTerminal,
): SimulatedModule {
  const { moduleId, linkId, role, firmwareVersion, blockBytes, bufferBlocks, qber, corruptEvery } = options;
  const identity = { moduleId, linkId, role, firmwareVersion, maxBlockBytes: blockBytes };
  const skr = Math.round(blockBytes * 8 * options.blocksPerSecond);
  const startWallMs = clock.wallMs();
  return new SimulatedModule(
    {
      identity,
      moduleKey: options.moduleKey,
      entropy,
      source: new BlockSource(options),
      bufferBlocks,
      qber,
      skr,
      corruptEvery,
      startWallMs,
    },
    (frame) => {
      // A line that nobody reads loses what is sent, as a real one does.
      if (terminal.queuedBytes() <= limits.simulatorQueueBytesMax) terminal.write(frame);
      else frame.fill(0);
    },
  );
}

function runUntil(
  stop: AbortSignal,
  module: SimulatedModule,
  clock: Clock,
  report: (report: SimulateReport) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let cancel = (): void => {};
    let statusMs = clock.monotonicMs();
    const tick = (): void => {
      try {
        const nowMs = clock.monotonicMs();
        module.tick(nowMs, clock.wallMs());
        if (nowMs - statusMs >= STATUS_MS) {
          statusMs = nowMs;
          report({ event: 'status', ...module.status });
        }
        cancel = clock.after(TICK_MS, tick);
      } catch (thrown) {
        reject(thrown);
      }
    };
    const end = (): void => {
      cancel();
      resolve();
    };
    if (stop.aborted) return end();
    stop.addEventListener('abort', end, { once: true });
    tick();
  });
}

function terminalLost(reason: string): AgentError {
  return new AgentError('host.pseudo-terminal-lost', `the simulated module lost its terminal: ${reason}`, {
    fault: 'host',
    remedy: 'Start the simulated module again.',
  });
}
