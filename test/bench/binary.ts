import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { BenchContext, Benchmark, Opened, Side } from '../../src/bench/harness.ts';
import { Lab } from '../../src/cli/demo/lab.ts';
import { buildAll, whyNoBinary } from '../binary/built.ts';

const run = promisify(execFile);
const IDLE_MS = 4_000;
const READY_MS = 20_000;

type Bench = {
  readonly binary: string;
  readonly config: string;
  /** An empty script. */
  readonly nothing: string;
  readonly compressed: string;
  close(): Promise<void>;
};

type Sides = (bench: Bench) => readonly [Side, Side];

async function open(context: BenchContext, sidesOf: Sides): Promise<Opened> {
  const bench = await context.shared('binary', start);
  return { sides: sidesOf(bench), close: async () => {} };
}

const allowed = (name: string, measure: () => Promise<number>): Side => ({ name, measure });

const versionSides: Sides = ({ binary, nothing }) => [
  { name: 'keyferry', measure: () => timed(binary, ['--version']) },
  allowed('bare Node.js + 40 ms', async () => (await timed(process.execPath, [nothing])) + 40),
];

const readySides: Sides = ({ binary, config, nothing }) => [
  { name: 'keyferry', measure: () => whenReady(binary, config, async (ms) => ms) },
  allowed('1.5 × bare Node.js + 150 ms', async () => 1.5 * (await timed(process.execPath, [nothing])) + 150),
];

const idleSides: Sides = ({ binary, config }) => [
  {
    name: 'keyferry',
    measure: () =>
      whenReady(binary, config, async (_, pid) => {
        await sleep(IDLE_MS);
        return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
      }),
  },
  allowed('asked for', async () => 96),
];

const downloadSides: Sides = ({ compressed }) => [
  { name: 'keyferry', measure: async () => statSync(compressed).size / 1e6 },
  allowed('asked for', async () => 33),
];

/**
 * The single binary held against what is asked of it: the start of the bare Node.js beside it (an empty script) and so many
 * milliseconds more; 96 MiB of memory at rest, with TLS and the drivers for serial ports and HID loaded; 33 MB to download, by xz.
 */
export const binaryBenchmarks: readonly Benchmark[] = (
  [
    ['version', 'ms', versionSides],
    ['ready', 'ms', readySides],
    ['idle', 'MiB', idleSides],
    ['download', 'MB', downloadSides],
  ] as const
).map(([name, unit, sides]) => ({
  name: `binary-${name}`,
  unit,
  better: 'less',
  target: 1,
  open: (context) => open(context, sides),
}));

async function start(): Promise<Bench> {
  const missing = whyNoBinary();
  if (missing !== false) throw new Error(missing);
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-bench-binary-'));
  const binary = join(await buildAll(), 'keyferry-linux-x64');
  const nothing = join(folder, 'nothing.cjs');
  writeFileSync(nothing, '');
  const compressed = join(folder, 'keyferry.xz');
  await run('sh', ['-c', `xz -9e -c '${binary}' >'${compressed}'`]);
  const lab = await Lab.make(join(folder, 'lab'));
  const { config } = lab.node('B');
  // One link by a serial port and one by HID, neither of them plugged in.
  const text = readFileSync(config, 'utf8');
  const at = text.lastIndexOf('driver: bridge-serial');
  const hid = text
    .slice(at)
    .replace('bridge-serial', 'bridge-hid')
    .replace(/path: .*/, 'usb: {vendor: "1209", product: "0001"}');
  writeFileSync(config, text.slice(0, at) + hid);
  return {
    binary,
    config,
    nothing,
    compressed,
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function timed(command: string, parameters: readonly string[]): Promise<number> {
  const startMs = performance.now();
  await run(command, parameters);
  return performance.now() - startMs;
}

/** Starts an agent, and has `measure` look at it as soon as it is ready: milliseconds since its start, and its process. */
async function whenReady(
  binary: string,
  config: string,
  measure: (ms: number, pid: number) => Promise<number>,
): Promise<number> {
  const startMs = performance.now();
  const child = spawn(binary, ['run', config], { stdio: ['ignore', 'pipe', 'ignore'] });
  const late = setTimeout(() => child.kill('SIGKILL'), READY_MS);
  try {
    for await (const line of createInterface(child.stdout)) {
      if (!line.includes('agent.ready')) continue;
      clearTimeout(late);
      return await measure(performance.now() - startMs, child.pid!);
    }
    throw new Error('the agent was not ready');
  } finally {
    clearTimeout(late);
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
}
