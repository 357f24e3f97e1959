import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Command } from 'commander';
import { type Result, runBenchmarks, tableOf } from '../bench/harness.ts';
import { ownBenchmarks } from '../bench/own.ts';
import { AgentError, messageOf } from '../errors.ts';

type Options = { directory: string; quick?: true; json?: true };

const names = ownBenchmarks.map(({ name }) => name).join(' ');
/** `f_type` of tmpfs and ramfs in statfs(2): a sync costs nothing there. */
const IN_MEMORY = [0x01021994, 0x858458f6];

/** `keyferry bench`: how much this machine and its disk carry. */
export function register(program: Command): void {
  program
    .command('bench')
    .summary('measure what this machine and its disk carry')
    .description(
      [
        'Measures the parts of the agent that a machine may be too slow for: messages of a node in transit (codec-), messages of modules (bridge-), key to durable on the disk (store-), and keys taken out of the store, burnt first (burn-). Each is held against a simple way to do the same, measured in turn.',
        'All that it writes is random, lies in a folder of its own, and is removed: up to 5 GB, with --quick a tenth. It touches no store of a node. Beside an agent that runs, both are slower.',
      ].join('\n'),
    )
    .argument('[NAME...]', 'only these benchmarks')
    .option(
      '--directory <DIR>',
      'a directory on the disk of the data directory, where you may write',
      tmpdir(),
    )
    .option('--quick', 'shorter and fewer rounds')
    .option('--json', 'print the results as one JSON array')
    .addHelpText(
      'after',
      `\nBenchmarks: ${names}\n\nExit code: 0 all were measured, 1 one of them could not be, 130 interrupted. How quick it is makes no difference.`,
    )
    .action(bench);
}

async function bench(wanted: readonly string[], { directory, quick, json }: Options): Promise<void> {
  const selected = ownBenchmarks.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const odd = wanted.find((name) => !ownBenchmarks.some((benchmark) => benchmark.name === name));
  if (odd !== undefined) throw unknown(odd);
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  if (isInMemory(directory))
    say(`${directory} is in memory: store- and burn- say nothing of a disk. Give one with --directory.`);
  const results = await untilInterrupted((stop) =>
    runBenchmarks(selected, { quick: quick === true, directory, stop, progress: say }, (name, thrown) => {
      say(`${name} failed: ${messageOf(thrown)}`);
      process.exitCode = 1;
    }),
  );
  if (results === undefined) return;
  process.stdout.write(json === true ? `${JSON.stringify(results, null, 2)}\n` : `${tableOf(results)}\n`);
}

/** @returns undefined after an interruption, once all is put away */
async function untilInterrupted(
  run: (stop: AbortSignal) => Promise<Result[]>,
): Promise<Result[] | undefined> {
  const stop = new AbortController();
  // The second time without waiting for a disk that may never answer.
  const interrupt = (): void => (stop.signal.aborted ? process.exit(130) : stop.abort());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  const results = await run(stop.signal);
  if (!stop.signal.aborted) return results;
  process.exitCode = 130;
  return undefined;
}

function isInMemory(directory: string): boolean {
  try {
    return IN_MEMORY.includes(statfsSync(directory).type);
  } catch (thrown) {
    throw new AgentError('configuration.bench_directory', `${directory}: ${messageOf(thrown)}`, {
      fault: 'configuration',
      remedy: 'Give a directory that exists and in which you may write with --directory.',
    });
  }
}

function unknown(name: string): AgentError {
  return new AgentError('configuration.bench_name', `there is no benchmark ${name}`, {
    fault: 'configuration',
    remedy: `These there are: ${names}.`,
  });
}
