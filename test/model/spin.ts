import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Far more than any path of the models takes: one that is cut off fails the check. */
const DEPTH_MAX = 20_000;
const MEGABYTES_MAX = 2000;

/** Why models can't be checked here; false when they can. Fits `skip`. */
export function whyNoSpin(): string | false {
  const needed = [
    ['spin', '-V'],
    ['gcc', '--version'],
  ] as const;
  const missing = needed.filter(([program, ask]) => spawnSync(program, [ask]).status !== 0);
  return missing.length === 0
    ? false
    : `missing: ${missing.map(([program]) => program).join(', ')} (Debian: apt-get install spin gcc libc6-dev)`;
}

export type Search = {
  /** The property that does not hold, as spin writes it; undefined when all hold. */
  readonly violated: string | undefined;
  /** Whether every state was looked at. */
  readonly exhaustive: boolean;
  readonly states: number;
  readonly seconds: number;
  readonly megabytes: number;
  /** Statements that no path has come to. */
  readonly unreached: readonly string[];
};

/**
 * Searches all states of a model in this folder, until a property does not hold.
 * @param macros as `NAME` or `NAME=VALUE`
 * @param quick to compile; slow to search
 */
export async function search(model: string, macros: readonly string[], quick = false): Promise<Search> {
  const cwd = mkdtempSync(join(tmpdir(), 'keyferry-model-'));
  try {
    const defined = macros.map((macro) => `-D${macro}`);
    const translated = await run('spin', [...defined, '-a', join(import.meta.dirname, model)], { cwd });
    // What it has to say is about the model, and it goes on after most errors.
    if (translated.stdout !== '') throw new Error(translated.stdout);
    // What it generates is not free of warnings. Nothing is hashed away: COLLAPSE stores each state, in less memory.
    const options = [quick ? '-O0' : '-O2', '-w', '-DSAFETY', '-DCOLLAPSE', `-DMEMLIM=${MEGABYTES_MAX}`];
    await run('gcc', [...options, '-o', 'pan', 'pan.c'], { cwd });
    const { stdout } = await run(join(cwd, 'pan'), [`-m${DEPTH_MAX}`], { cwd });
    return read(stdout);
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

function read(report: string): Search {
  const number = (pattern: RegExp) => {
    const found = pattern.exec(report)?.[1];
    if (found === undefined) throw new Error(report);
    return Number(found);
  };
  const errors = number(/errors: (\d+)/);
  return {
    violated: errors === 0 ? undefined : (/^pan:1: (.*)$/m.exec(report)?.[1] ?? report),
    exhaustive: !/not completed|depth too small|out of memory|truncated/.test(report),
    states: number(/([\d.e+]+) states, stored/),
    seconds: number(/elapsed time ([\d.e+-]+) seconds/),
    megabytes: number(/([\d.]+)\s+total actual memory usage/),
    // No process that serves for ever comes to its end.
    unreached: [...report.matchAll(/^\t\S+, state \d+, "(.*)"$/gm)]
      .map((match) => match[1]!)
      .filter((statement) => statement !== '-end-'),
  };
}

/** @param floor fewer states than there are: a model that has lost its way does not have so many */
export function testHolds(model: string, macros: readonly string[], floor: number): void {
  test(`${model} (${macros.join(', ')}): all properties hold in each state`, async (t) => {
    const { violated, exhaustive, states, seconds, megabytes, unreached } = await search(model, macros);
    t.diagnostic(`${states} states in ${seconds} s, ${megabytes} MB`);
    assert.equal(violated, undefined);
    assert.ok(exhaustive, 'the search was cut off');
    assert.ok(states >= floor, `${states} states of at least ${floor}`);
    assert.deepEqual(unreached, []);
  });
}
