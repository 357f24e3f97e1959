import { type Command, InvalidArgumentError, Option } from 'commander';
import { isName } from '../../firmware-bridge/message.ts';
import { limits } from '../limits.ts';
import { systemClock } from '../node/clock.ts';
import { systemDisk } from '../node/disk.ts';
import { systemEntropy } from '../node/entropy.ts';
import { readKeyFile } from '../node/key-file.ts';
import { type SimulateReport, simulate } from '../simulator/simulate.ts';

type Options = {
  seed: Buffer;
  role: 'tx' | 'rx';
  linkId: string;
  moduleId?: string;
  blockBytes: number;
  blocksPerSecond: number;
  qber: number;
  symlink?: string;
  start: number;
  bufferBlocks: number;
  corruptEvery: number;
  moduleKey?: string;
  json?: boolean;
};

const START_DEFAULT = Date.UTC(2026, 0, 1);
const RATE_MAX = 100_000;

/** `keyferry simulate-module`: one end of a QKD link without its hardware. */
export function register(program: Command): void {
  program
    .command('simulate-module')
    .summary('be one end of a simulated QKD link, on a pseudo-terminal')
    .description(
      [
        'Runs a simulated QKD module that speaks the firmware bridge on a pseudo-terminal. Give both ends of a link the',
        'same --seed, --link-id, --block-bytes, --blocks-per-second and --start: block n exists at start + n / rate and',
        'has the same bits at both ends, though they never talk to each other. Not a source of secret key.',
      ].join(' '),
    )
    .requiredOption('--seed <HEX|TEXT>', 'what the key is computed from: hexadecimal bytes or any text', seed)
    .addOption(new Option('--role <ROLE>', 'end of the link').choices(['tx', 'rx']).makeOptionMandatory())
    .requiredOption('--link-id <ID>', 'name of the QKD link', name)
    .option('--module-id <ID>', 'name of this module (default: LINK-ID-ROLE)', name)
    .option('--block-bytes <N>', 'bytes of a block', integer(1, limits.bridgeBlockBytesMax), 4096)
    .option('--blocks-per-second <R>', 'blocks a second; may be a fraction', decimal(0, RATE_MAX), 10)
    .option('--qber <Q>', 'reported quantum bit error rate, 0 to 0.5', decimal(0, 0.5, true), 0.02)
    .option(
      '--symlink <PATH>',
      'symbolic link to the pseudo-terminal, replaced at start and removed at the end',
    )
    .addOption(
      new Option('--start <UNIXMS>', 'when block 0 existed, in milliseconds since 1970-01-01T00:00:00Z')
        .argParser(integer(0, Number.MAX_SAFE_INTEGER))
        .default(START_DEFAULT, new Date(START_DEFAULT).toISOString()),
    )
    .option(
      '--buffer-blocks <N>',
      'blocks held until the agent answers for them, 256 MiB in all at most; beyond it the oldest is dropped',
      integer(1, limits.simulatorBufferBlocksMax),
      256,
    )
    .option(
      '--corrupt-every <N>',
      'invert one bit of every Nth block; 0 for never',
      integer(0, limits.blockNumberMax),
      0,
    )
    .option(
      '--module-key <FILE>',
      "the key that the agent's configuration gives as module_key; without it the module proves nothing",
    )
    .option('--json', 'print one JSON object a line: ready, status (once a second), stopped')
    .addHelpText(
      'after',
      [
        '',
        'Needs util-linux (script) and coreutils (stty, tail). Runs until SIGINT or SIGTERM.',
        '',
        'Example, both ends of link L1:',
        '  keyferry simulate-module --seed demo --link-id L1 --role tx --symlink /tmp/a.tty &',
        '  keyferry simulate-module --seed demo --link-id L1 --role rx --symlink /tmp/b.tty &',
        '',
        'Exit code: 0 stopped by a signal, 1 the pseudo-terminal could not be had or was lost, 2 wrong usage.',
      ].join('\n'),
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  // Whoever read the status lines has gone.
  process.stdout.on('error', onSignal);
  const print = options.json === true ? jsonLine : textLine;
  try {
    await simulate(
      {
        ...options,
        bufferBlocks: Math.min(
          options.bufferBlocks,
          Math.floor(limits.simulatorBufferBytesMax / options.blockBytes),
        ),
        moduleId: options.moduleId ?? `${options.linkId}-${options.role}`.slice(-limits.bridgeIdBytesMax),
        startMs: options.start,
        firmwareVersion: 'simulated 1',
        moduleKey:
          options.moduleKey === undefined
            ? undefined
            : readKeyFile(systemDisk, options.moduleKey, 'module_key'),
      },
      systemClock,
      systemEntropy,
      (report) => void process.stdout.write(print(report)),
      stop.signal,
    );
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

function jsonLine(report: SimulateReport): string {
  return `${JSON.stringify(report)}\n`;
}

function textLine(report: SimulateReport): string {
  if (report.event === 'ready') return `ready: ${report.path} (link ${report.link_id}, ${report.role})\n`;
  const { event, open, sent, stored, refused, held, dropped } = report;
  const state = event === 'stopped' ? 'stopped' : open ? 'open' : 'waiting for an agent';
  return `${state}: ${sent} blocks sent, ${stored} stored, ${refused} refused, ${held} held, ${dropped} dropped\n`;
}

function seed(text: string): Buffer {
  if (text === '') throw new InvalidArgumentError('The seed is empty.');
  const hexadecimal = text.length % 2 === 0 && /^[0-9a-f]+$/i.test(text);
  return Buffer.from(text, hexadecimal ? 'hex' : 'utf8');
}

function name(text: string): string {
  if (isName(text, limits.bridgeIdBytesMax)) return text;
  throw new InvalidArgumentError(`1 to ${limits.bridgeIdBytesMax} printable ASCII characters without space.`);
}

function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`A whole number from ${min} to ${max}.`);
  };
}

function decimal(min: number, max: number, minAllowed = false): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const inRange = (value > min || (minAllowed && value === min)) && value <= max;
    if (text.trim() !== '' && inRange) return value;
    throw new InvalidArgumentError(
      `A number from ${min} to ${max}${minAllowed ? '' : `, not ${min} itself`}.`,
    );
  };
}
