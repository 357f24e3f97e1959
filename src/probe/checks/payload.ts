import type { Check, Verdict } from '../check.ts';
import type { Probe } from '../probe.ts';
import { badRelay, type Outcome, survival, withMember } from '../provoke.ts';

const clause = 'App. I; RFC 8259';
const DEPTH = 5_000;
const MEMBERS = 4_000;

/** What is no JSON object, or a strange one. */
export const payloadChecks: readonly Check[] = [
  edited({ name: 'not-json', title: 'a payload that is no JSON is not taken', clause }, () =>
    Buffer.from('source_KMA_ID=A&destination_KMA_ID=B'),
  ),
  edited({ name: 'array-payload', title: 'a payload that is no object is not taken', clause }, (good) =>
    Buffer.concat([Buffer.from('['), good, Buffer.from(']')]),
  ),
  edited({ name: 'trailing-garbage', title: 'text behind the object is not taken', clause }, (good) =>
    Buffer.concat([good, Buffer.from('{}')]),
  ),
  edited({ name: 'trailing-comma', title: 'almost JSON is not taken', clause }, (good) =>
    Buffer.concat([good.subarray(0, -1), Buffer.from(',}')]),
  ),
  edited(
    {
      name: 'invalid-utf8',
      title: 'a payload that is not UTF-8 is not taken',
      clause: 'App. I; RFC 8259, 8.1',
    },
    (good) =>
      withMember(
        good,
        Buffer.concat([Buffer.from('"probe":"'), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('"')]),
      ),
  ),
  edited(
    {
      name: 'duplicate-members',
      title: 'an object with one name twice, which means two things, is not taken',
      clause: 'App. I; RFC 8259, 4',
    },
    (good, probe) => withMember(good, `"${probe.name('destination')}":"keyferry-probe-nobody"`),
  ),
  edited(
    {
      name: 'deep-nesting',
      title: `${DEPTH} arrays inside one another do no harm`,
      clause: 'App. I; RFC 8259, 9',
    },
    (good) => withMember(good, `"probe":${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}`),
    survival,
  ),
  edited(
    { name: 'many-members', title: `${MEMBERS} unknown members do no harm`, clause: 'App. I; RFC 8259, 9' },
    (good) => withMember(good, Array.from({ length: MEMBERS }, (_, i) => `"m${i}":0`).join(',')),
    survival,
  ),
  edited(
    { name: 'long-number', title: 'a number of 10,000 digits does no harm', clause: 'App. I; RFC 8259, 6' },
    (good) => withMember(good, `"probe":${'9'.repeat(10_000)}`),
    survival,
  ),
];

/** A good key relay, changed. */
function edited(
  check: Pick<Check, 'name' | 'title' | 'clause'>,
  edit: (good: Buffer, probe: Probe) => Buffer,
  judge?: (outcome: Outcome) => Verdict,
): Check {
  return badRelay(check, async (probe, request) => edit(await probe.relay({ request }), probe), judge);
}
