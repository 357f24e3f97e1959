import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { mutants } from './mutants.ts';

/** Each bug must be caught within so many seeds of so many minutes. */
const SEEDS = 30;
const MINUTES = 4;

function simulate(mutant: (typeof mutants)[number]): Promise<{ code: number | string | null; said: string }> {
  const here = import.meta.dirname;
  const faults = mutant.faults.length > 0 ? ['--faults', mutant.faults.join(',')] : [];
  const program = [join(here, 'simulate.ts'), '--seeds', `${SEEDS}`, '--minutes', `${MINUTES}`, ...faults];
  const env = { ...process.env, KEYFERRY_MUTANT: mutant.name };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', join(here, 'mutate.ts'), ...program],
      { env },
      (error, out, err) => resolve({ code: error?.code ?? 0, said: out + err }),
    );
  });
}

describe(`a planted bug is found within ${SEEDS} seeds:`, { concurrency: 1 }, () => {
  for (const mutant of mutants)
    test(mutant.name, async () => {
      const { code, said } = await simulate(mutant);
      assert.equal(code, 1, said.slice(-2_000));
      assert.match(said, /^FAILED: /m);
    });
});
