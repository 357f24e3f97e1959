import { randomUUID } from 'node:crypto';
import { type Check, fail, notAnswered, type Verdict } from '../check.ts';
import type { Probe, RelayFields } from '../probe.ts';
import { accepted } from './relay.ts';

/** Key relay with the KM in transit, to a KMA behind it. */
export const transitChecks: readonly Check[] = [
  transit('transit-named', 'key is passed on where the transit list says', (kmaId) => ({ transit: [kmaId] })),
  transit('transit-unnamed', 'key is passed on without a transit list', () => ({})),
  transit('transit-extensions', 'key is passed on with key extension and unknown extensions', (kmaId) => ({
    transit: [kmaId],
    keys: [{ id: randomUUID(), bytes: 32, extension: { probe: 'of no meaning' } }],
    extension: [{ keyferry_probe: { unknown: true } }],
  })),
  {
    ...transit(
      'transit-elsewhere',
      'a message whose transit list does not name the KM is not passed on',
      () => ({
        transit: ['keyferry-probe-nobody'],
      }),
    ),
    hostile: true,
    async run(probe) {
      const verdict = await passedOn(probe, { transit: ['keyferry-probe-nobody'] });
      if (verdict.result === 'pass') return fail(`it was passed on: ${verdict.reason}`);
      return verdict.reason.startsWith('refused') ? { result: 'pass', reason: verdict.reason } : verdict;
    },
  },
];

function transit(name: string, title: string, fields: (kmaId: string) => RelayFields): Check {
  return {
    name,
    title,
    clause: '§7.1; §8.1, Table 1',
    protocol: 'plain',
    needsKey: true,
    run: async (probe) => passedOn(probe, fields(await probe.kmaId())),
  };
}

async function passedOn(probe: Probe, fields: RelayFields): Promise<Verdict> {
  const destination = probe.options.furtherDestination;
  if (destination === undefined) return notAnswered('only with --further-destination');
  const request = randomUUID();
  const payload = await probe.relay({ ...fields, destination, request });
  return accepted(await probe.relayed(await probe.open(), request, payload));
}
