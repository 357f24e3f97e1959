import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { driverNames } from '../../drivers/registry.ts';
import { guardMemory } from '../agent/memory-guard.ts';
import type { LoadedConfig } from '../agent/origin.ts';
import { systemWorld } from '../agent/world.ts';
import { startAgent } from '../agent.ts';
import { readConfig } from '../config/load.ts';
import { AgentError, InvariantError, unexpected, ZEROIZED } from '../errors.ts';
import { limits } from '../limits.ts';
import { systemClock } from '../node/clock.ts';
import { systemDisk } from '../node/disk.ts';
import { giveBackMemory } from '../node/give-back-memory.ts';
import { Lives } from '../node/lives.ts';
import { createLog } from '../node/log.ts';
import { sparing } from '../node/sparing-log.ts';
import { Supervisor } from '../node/supervisor.ts';
import { version } from '../version.ts';

const LAST_WORD_MS = 100;

/** `keyferry run`: the agent itself, until SIGINT or SIGTERM. */
export function register(program: Command): void {
  program
    .command('run')
    .summary('run the agent of a node')
    .description(
      'Runs the agent in the foreground until SIGINT or SIGTERM, with a JSON log on standard output. SIGHUP reads the configuration and certificates anew, as keyferry reload does. Look at the configuration first: keyferry check CONFIG.',
    )
    .argument('<CONFIG>', 'the configuration file')
    .addHelpText(
      'after',
      '\nExit code: 0 stopped as asked, 1 could not start or had to stop (the log says why), 3 the node was zeroized: it starts again after keyferry commission.',
    )
    .action(run);
}

async function run(file: string): Promise<void> {
  // Nothing that the agent makes is for others to read.
  process.umask(0o077);
  const lives = new Lives(systemDisk, process.env['RUNTIME_DIRECTORY']);
  try {
    await live(file, lives);
  } catch (thrown) {
    if (thrown instanceof AgentError) lives.ended(thrown);
    throw thrown;
  }
}

async function live(file: string, lives: Lives): Promise<void> {
  // From the first moment on: unheard it would end the process. What comes before there is an agent is done when there is one.
  let asked = false;
  let reload = () => {
    asked = true;
  };
  process.on('SIGHUP', () => reload());
  const last = lives.begin();
  if (last !== undefined) await sleep(last.waitMs);
  const loaded = load(file);
  const { config } = loaded;
  const { setLevel: setLogLevel, ...root } = createLog(config.log.level);
  const log = sparing(root.with({ kma: config.kma_id }), systemClock);
  if (last !== undefined) {
    const { quickEnds: quick_ends, waitMs: waited_ms, code, reason } = last;
    log.warn('agent.started_again', { after: code, reason, quick_ends, waited_ms });
  }
  guardMemory(log);
  const broken = (error: AgentError) => {
    log.error('agent.broken', { code: error.code, reason: error.message, remedy: error.remedy });
    lives.ended(error);
    process.exit(1);
  };
  // Who asked for it reads the answer meanwhile.
  const zeroized = () => void setTimeout(() => process.exit(ZEROIZED), LAST_WORD_MS);
  const origin = { ...loaded, read: () => load(file), setLogLevel };
  const agent = await startAgent(systemWorld, origin, log, broken, zeroized);
  reload = () => {
    agent.reload().catch((thrown: unknown) => {
      if (thrown instanceof InvariantError) return broken(thrown);
      const { code, message, remedy } = thrown instanceof AgentError ? thrown : unexpected(thrown);
      log.error('agent.reload_failed', { code, reason: message, remedy });
    });
  };
  if (asked) reload();
  const { kx_port, supply_port } = agent.status();
  const supervisor = new Supervisor(process.env, systemClock, log);
  supervisor.ready();
  // What starting took, and nobody needs any more.
  const cancelGiveBack = systemClock.after(limits.giveBackMemoryMs, giveBackMemory);
  const cancelSettled = systemClock.after(limits.restartSettledMs, () => lives.settled());
  log.info('agent.ready', { version, pid: process.pid, kx_port, supply_port });
  const signal = await new Promise<string>((resolve) => {
    // A listener keeps the process alive only with something to wait for.
    const alive = setInterval(() => {}, 1 << 30);
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.once(name, () => {
        clearInterval(alive);
        resolve(name);
      });
    }
  });
  log.info('agent.stopping', { signal });
  supervisor.stopping();
  cancelGiveBack();
  cancelSettled();
  await agent.stop();
  lives.stopped();
  log.info('agent.stopped');
}

function load(file: string): LoadedConfig {
  const { config, text } = readConfig(file, driverNames);
  return { config, sha256: createHash('sha256').update(text).digest('hex') };
}
