import type { ToyFaults } from './toy-km.ts';

type Members = Record<string, unknown>;

// What Table 2 leaves out of a completion where it is optional.
const without = (name: string) => (members: Members) =>
  Object.fromEntries(Object.entries(members).filter(([other]) => other !== name));

/** KMs that do otherwise than ours and as the Recommendation has room for, and what the check `check` says of them. */
export const legal: readonly {
  readonly name: string;
  readonly faults: ToyFaults;
  readonly check: string;
  readonly says: RegExp;
}[] = [
  {
    name: 'names no request in its completions',
    faults: { completion: without('key_relay_request_ID') },
    check: 'completion',
    says: /"success", without request ID: the connection alone/,
  },
  {
    name: 'has null for what is optional',
    faults: {
      completion: (members) => ({ key_relay_request_ID: null, extension: null, ...members }),
      supplyResponse: (members) => ({ extension: null, ...members }),
    },
    check: 'request-id-absent',
    says: /"success"/,
  },
  {
    name: 'has null for the request ID everywhere',
    faults: { completion: (members) => ({ ...members, key_relay_request_ID: null }) },
    check: 'completion',
    says: /without request ID/,
  },
  {
    name: 'extends its answers',
    faults: {
      completion: (members) => ({ ...members, extension: [{ x: 1 }, {}] }),
      supplyResponse: (members) => ({ ...members, extension: [] }),
    },
    check: 'completion',
    says: /^response "success"$/,
  },
  {
    name: 'has several key IDs in an array',
    faults: { supplyResponse: (members) => ({ ...members, key_ID: ['a', 'b'] }) },
    check: 'supply-number-size',
    says: /"success"/,
  },
  {
    name: 'names no key where it supplies none',
    faults: { supplyResponse: (members) => ({ ...members, response: 'no_such_session', key_ID: '' }) },
    check: 'supply',
    says: /"no_such_session"/,
  },
];
