import { AgentError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { placeOfBlock } from '../block.ts';
import { readMarks } from '../marks.ts';
import type { Findings } from './findings.ts';
import type { CheckedBlock } from './queries.ts';
import type { RecordCheck } from './records.ts';

const LIVE = new Set(['received', 'ready']);
const ENDED = new Set(['used', 'destroyed', 'quarantined', 'expired']);

/** Looks at blocks one by one: what their row says, their sealed key, their marks. */
export class BlockCheck {
  readonly #records: RecordCheck;
  readonly #nowMs: number;
  readonly #findings: Findings;
  #young = 0;

  constructor(records: RecordCheck, nowMs: number, findings: Findings) {
    this.#records = records;
    this.#nowMs = nowMs;
    this.#findings = findings;
  }

  check(row: CheckedBlock): void {
    const name = `block ${row.number} with ${row.pool} (${row.own === 1 ? 'own' : 'theirs'}, ${row.state})`;
    const wrong = wrongNumber(row);
    if (wrong !== undefined) return this.#findings.contradiction(`${name} has ${wrong}`);
    if (row.created_ms > this.#nowMs + limits.clockBackMs) this.#young += 1;
    if (ENDED.has(row.state)) {
      if (row.sealed !== null || row.sealed_key !== null || row.extent !== null)
        this.#findings.contradiction(`${name} still has key`);
      return;
    }
    const at = row.extent ?? row.sealed;
    if (at === null || row.sealed_key === null) this.#findings.damaged(`the key of ${name} is gone`);
    else {
      const place = placeOfBlock(row.pool, row.own === 1, row.number, row.units);
      this.#records.block({ place, units: row.units, sealedKey: row.sealed_key, standing: row, at });
    }
    if (row.own === 1) this.#checkMark(row, name);
    else this.#checkMarks(row, name);
  }

  get notes(): string[] {
    if (this.#young === 0) return [];
    return [`${this.#young} blocks are from the future: the clock was set back, or is wrong now`];
  }

  #checkMark({ mark, marks, recorded, units, first }: CheckedBlock, name: string): void {
    if (marks !== null) this.#findings.contradiction(`${name} has marks as one of theirs has`);
    if (mark !== null && (mark < 0 || mark > units))
      this.#findings.contradiction(`${name} is burnt up to ${mark}, and has ${units} units`);
    else if ((mark ?? 0) < (recorded ?? 0))
      this.#findings.contradiction(
        `${name} is burnt up to ${mark ?? first}, and its strides up to ${recorded}`,
      );
  }

  #checkMarks({ id, mark, marks, units }: CheckedBlock, name: string): void {
    if (mark !== null) this.#findings.contradiction(`${name} has a mark as an own one has`);
    if (marks === null) return;
    try {
      const bits = readMarks(id, marks, units);
      const beyond = units % 8 === 0 ? 0 : bits.at(-1)! >> (units % 8);
      if (beyond !== 0) this.#findings.contradiction(`${name} has marks beyond its ${units} units`);
    } catch (thrown) {
      if (!(thrown instanceof AgentError)) throw thrown;
      this.#findings.damaged(`${name}: ${thrown.message}`);
    }
  }
}

function wrongNumber(row: CheckedBlock): string | undefined {
  const { own, number, origin, state, units, first, epoch } = row;
  if (!LIVE.has(state) && !ENDED.has(state)) return `the state "${state}", which is none`;
  if (own !== 0 && own !== 1) return `the owner ${own}, which is none`;
  if (origin !== 'link' && origin !== 'relay') return `the origin "${origin}", which is none`;
  if (number < 0 || number > limits.blockNumberMax) return 'a number out of range';
  if (units < 1 || units > limits.blockUnitsMax) return `${units} units`;
  if (first < 0 || first > units) return `its first unit at ${first}, of ${units}`;
  return epoch < 0 || epoch > limits.blockNumberMax ? `the epoch ${epoch}` : undefined;
}
