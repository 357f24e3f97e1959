import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { type Benchmark, runBenchmarks, tableOf } from '../../src/bench/harness.ts';
import { ownBenchmarks } from '../../src/bench/own.ts';
import { attackBenchmarks } from './attack.ts';
import { binaryBenchmarks } from './binary.ts';
import { framingBenchmarks } from './framing.ts';
import { ingestBenchmarks } from './ingest.ts';
import { shapeBenchmarks } from './ingest-shapes.ts';
import { endChildren } from './processes.ts';
import { relayBenchmarks } from './relay.ts';
import { stockBenchmarks } from './stock.ts';
import { startBenchmarks } from './store-start.ts';
import { supplyBenchmarks } from './supply.ts';
import { transitBenchmarks } from './transit.ts';

/** Every benchmark there is; a new one is added here. */
const benchmarks: readonly Benchmark[] = [
  ...ownBenchmarks,
  ...framingBenchmarks,
  ...transitBenchmarks,
  ...ingestBenchmarks,
  ...shapeBenchmarks,
  ...supplyBenchmarks,
  ...stockBenchmarks,
  ...startBenchmarks,
  ...relayBenchmarks,
  ...attackBenchmarks,
  ...binaryBenchmarks,
];

const USAGE = `npm run bench -- [NAME …] [--json FILE] [--quick]
Names: ${benchmarks.map(({ name }) => name).join(', ')}
`;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(text: string): never {
  process.stderr.write(`${text}\n${USAGE}`);
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'string' },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function chosen(names: readonly string[]): readonly Benchmark[] {
  const unknown = names.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) fail(`no such benchmark: ${unknown.join(', ')}`);
  return names.length === 0 ? benchmarks : benchmarks.filter(({ name }) => names.includes(name));
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help) return void process.stdout.write(USAGE);
  const selected = chosen(positionals);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      process.exitCode = 130;
      stop.abort();
      // What runs now fails for want of its processes, and cleans up as after any failure.
      void endChildren();
    });
  }
  const rounds = { quick: values.quick, directory: tmpdir(), stop: stop.signal, progress: say };
  const results = await runBenchmarks(selected, rounds, (name, error) => {
    if (stop.signal.aborted) return;
    process.exitCode = 1;
    process.stderr.write(
      `${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
  });
  // A benchmark that failed half-way may have left some.
  await endChildren();
  if (stop.signal.aborted) return;
  say(`\n${tableOf(results)}`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, undefined, 2)}\n`);
}

await main();
