/**
 * `npm run simulate -- [--seeds N] [--first-seed S] [--nodes M] [--minutes T] [--faults KIND,…] [--trace]`: runs the network of one seed after the other, until one
 * of them shows a fault. docs/simulation.md says what that means.
 */
import { parseArgs } from 'node:util';
import { type FaultKind, faultKinds, planOf } from './plan.ts';
import { type RunResult, run } from './simulation.ts';

const HOUR = 3_600_000;
const PROGRESS_MS = 5_000;

const USAGE = `npm run simulate -- [--seeds N] [--first-seed S] [--nodes M] [--minutes T] [--faults KIND,…] [--trace]

  --seeds N        so many networks, one after the other (10)
  --first-seed S   the seed of the first (1)
  --nodes M        2 to 16; left out: as the seed has it
  --minutes T      simulated, with faults; five more follow without; left out: as the seed has it
  --faults KIND,…  these kinds and often: ${faultKinds.join(', ')}
  --trace          every event in words

Exit code: 0 clean, 1 a rule does not hold, 2 wrong usage. docs/simulation.md says more.
`;
const { values } = options();
const [seeds, first] = [wholeNumber('seeds', 1), wholeNumber('first-seed', 0)] as [number, number];
const about = { nodes: wholeNumber('nodes', 2, 16), minutes: wholeNumber('minutes', 1), faults: kinds() };
const startedMs = performance.now();
const done = { seeds: 0, hours: 0, nodeHours: 0, events: 0 };
let saidMs = startedMs;

for (let seed = first; seed < first + seeds; seed++) {
  const print = values.trace ? (line: string) => void process.stdout.write(`${line}\n`) : undefined;
  const result = await run(planOf(seed, about), { onEvent: print });
  count(result);
  if (result.failure !== undefined) {
    process.stdout.write(`${failureText(result)}\n`);
    process.exit(1);
  }
  if (performance.now() - saidMs > PROGRESS_MS) say();
}
say();
process.stdout.write(`${seeds === 1 ? 'One seed' : `${seeds} seeds`} clean.\n`);

function options() {
  try {
    const parsed = parseArgs({
      options: {
        seeds: { type: 'string', default: '10' },
        'first-seed': { type: 'string', default: '1' },
        nodes: { type: 'string' },
        minutes: { type: 'string' },
        faults: { type: 'string' },
        trace: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (!parsed.values.help) return parsed;
    process.stdout.write(USAGE);
    process.exit(0);
  } catch (thrown) {
    process.stderr.write(`${(thrown as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function wholeNumber(name: keyof typeof values, least: number, most = 2 ** 31): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  process.stderr.write(`--${name} is a whole number from ${least} to ${most}\n`);
  process.exit(2);
}

function kinds(): FaultKind[] | undefined {
  const names = values.faults?.split(',');
  const unknown = names?.find((name) => !faultKinds.some((kind) => kind === name));
  if (unknown === undefined) return names as FaultKind[] | undefined;
  process.stderr.write(`--faults knows ${faultKinds.join(', ')}; not ${unknown}\n`);
  process.exit(2);
}

function count({ simulatedMs, plan, events }: RunResult): void {
  done.seeds += 1;
  done.hours += simulatedMs / HOUR;
  done.nodeHours += (simulatedMs / HOUR) * plan.nodes.length;
  done.events += events;
}

function say(): void {
  saidMs = performance.now();
  const seconds = (saidMs - startedMs) / 1_000;
  const rate = Math.round((done.nodeHours / seconds) * 3_600);
  const figures = `${done.hours.toFixed(1)} simulated hours, ${done.events} events, ${(done.hours / seconds).toFixed(3)} hours a second, ${rate} node-hours an hour`;
  process.stdout.write(`${done.seeds}/${seeds} seeds: ${figures}\n`);
}

function failureText({ plan, failure, last, counts }: RunResult): string {
  const options = [
    `--first-seed ${plan.seed} --seeds 1`,
    about.nodes === undefined ? '' : ` --nodes ${about.nodes}`,
    about.minutes === undefined ? '' : ` --minutes ${about.minutes}`,
    about.faults === undefined ? '' : ` --faults ${about.faults}`,
  ];
  const faults = [...plan.faults].map(([kind, rate]) => `${kind} ${rate}/h`).join(', ');
  return [
    ...(values.trace ? [] : ['The last events:', ...last.map((line) => `  ${line}`)]),
    `Seed ${plan.seed} (${plan.nodes.length} nodes; ${faults || 'no faults'}):`,
    `  ${JSON.stringify(counts)}`,
    `FAILED: ${failure?.invariant}`,
    `  ${failure?.what}`,
    `  ${failure?.stack.split('\n').slice(1, 6).join('\n  ')}`,
    `Play it again: npm run simulate -- ${options.join('')} --trace`,
  ].join('\n');
}
