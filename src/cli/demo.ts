import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { AgentError, messageOf } from '../errors.ts';
import { limits } from '../limits.ts';
import { Lab, labDefaults } from './demo/lab.ts';
import { Screen } from './demo/screen.ts';
import { startAll, tellStory } from './demo/story.ts';
import { whole } from './whole.ts';

type Options = {
  keep?: boolean;
  dir?: string;
  blockBytes: number;
  blocksPerSecond: number;
  lowWater: number;
  highWater: number;
};

/** `keyferry demo`: the main job on this machine, with real processes, terminals, TLS and stores. */
export function register(program: Command): void {
  program
    .command('demo')
    .summary('show the main job: key from modules to two applications, two hops apart')
    .description(
      'Starts three agents A, B, C and four simulated QKD modules (links A–B and B–C), relays key from A to C through B, and lets an application at A and one at C fetch the same keys. Stops everything that it started.',
    )
    .option('--keep', 'leave it running until Ctrl-C')
    .option(
      '--dir <DIR>',
      'keep its files there; with --keep also DIR/demo.json, which tells how to reach the nodes',
    )
    .option(
      '--block-bytes <N>',
      'bytes of a raw key block',
      whole(128, limits.bridgeBlockBytesMax),
      labDefaults.blockBytes,
    )
    .option(
      '--blocks-per-second <N>',
      'blocks a second and link',
      whole(1, 1000),
      labDefaults.blocksPerSecond,
    )
    .option(
      '--low-water <N>',
      'KMA-keys below which a relay pool is refilled',
      whole(1, 1_000_000),
      labDefaults.lowWater,
    )
    .option(
      '--high-water <N>',
      'KMA-keys to which it is refilled',
      whole(1, 1_000_000),
      labDefaults.highWater,
    )
    .addHelpText('after', '\nExit code: 0 only if both applications got equal keys and nobody else got any.')
    .action(run);
}

async function run(options: Options, command: Command): Promise<void> {
  const { lowWater, highWater } = options;
  if (lowWater > highWater)
    command.error(`error: --low-water ${lowWater} is above --high-water ${highWater}`);
  if (options.dir !== undefined) refuseUsed(options.dir);
  const screen = new Screen(process.stdout);
  const directory = options.dir ?? mkdtempSync(join(tmpdir(), 'keyferry-demo-'));
  const interrupted = interruption();
  let lab: Lab | undefined;
  try {
    lab = await Lab.make(directory, { ...options, logLevel: 'info' });
    screen.done(`lab in ${directory}: authorities, certificates and configuration for nodes A, B, C`);
    startAll(lab, screen);
    const outcome = await Promise.race([tellStory(lab, screen), interrupted.then(() => undefined)]);
    const good = outcome !== undefined && outcome.equal === outcome.compared && outcome.refusals;
    if (!good) process.exitCode = 1;
    if (options.keep === true && outcome !== undefined) await keep(lab, options, screen, interrupted);
  } catch (cause) {
    throw new AgentError('demo.failed', `the demo did not come through: ${messageOf(cause)}`, {
      fault: cause instanceof AgentError ? cause.fault : 'us',
      remedy:
        cause instanceof AgentError ? cause.remedy : 'Run it again with --dir DIR and read the logs in DIR.',
      cause,
    });
  } finally {
    await lab?.stop();
    if (options.dir === undefined) rmSync(directory, { recursive: true, force: true });
    screen.done('everything that was started has been stopped');
  }
}

/** Keys and certificates of an earlier demo are never written over: its stores would open no more. */
function refuseUsed(directory: string): void {
  if (!existsSync(join(directory, 'pki'))) return;
  throw new AgentError('demo.directory_used', `${directory} holds the files of a demo already`, {
    fault: 'configuration',
    remedy: 'Name another directory, or remove this one first.',
  });
}

async function keep(lab: Lab, options: Options, screen: Screen, interrupted: Promise<void>): Promise<void> {
  if (options.dir !== undefined) {
    const file = join(lab.directory, 'demo.json');
    writeFileSync(`${file}.new`, `${JSON.stringify(describe(lab), null, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    screen.done(`${file} tells how to reach the nodes`);
  }
  screen.text('', 'Running. Ctrl-C stops everything.');
  await interrupted;
}

function describe(lab: Lab): object {
  return {
    nodes: lab.nodes.map((node) => ({
      kma_id: node.kmaId,
      pid: lab.programs.get(node.kmaId)?.pid,
      kx: `127.0.0.1:${node.kxPort}`,
      supply_url: node.kmaId === 'B' ? null : `https://127.0.0.1:${node.supplyPort}`,
      control_socket: node.socket,
      config: node.config,
    })),
    modules: lab.modules.map(({ kmaId, linkId }) => ({
      link_id: linkId,
      kma_id: kmaId,
      pid: lab.programs.get(`${linkId}-${kmaId}`)?.pid,
    })),
    applications: lab.applications.map((application) => ({
      sae_id: application.saeId,
      kma_id: application.kmaId,
      cert: application.certificate,
      key: application.key,
      ca: application.ca,
    })),
  };
}

function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolve());
    // Nobody reads any more; what was started is to be stopped all the same.
    process.stdout.on('error', () => resolve());
  });
}
