import { randomUUID } from 'node:crypto';
import { type Check, fail, notAnswered, pass, type Verdict } from '../check.ts';
import { code, frame, type Parameter, spelt } from '../encode.ts';
import { type Probe, saysSuccess } from '../probe.ts';
import { extensionFault, keyIdFault } from '../table-types.ts';

const supplyClause = '§7.2; §8.3, Table 3; §8.4, Table 4';

/** Key supply notification and its response. */
export const supplyChecks: readonly Check[] = [
  notified('supply', 'a key supply notification is answered with session ID, key ID and response', {}),
  notified('supply-number-size', 'so is one with number and size of keys', { number: 2, size: 256 }),
  notified('supply-extension', 'so is one with an unknown extension', {
    extension: [{ keyferry_probe: true }],
  }),
  impossible('supply-negative', 'a negative number of keys is not supplied', { number: -1 }),
  impossible('supply-huge', 'more keys than there can be are not supplied', {
    number: 2 ** 40,
    size: 2 ** 40,
  }),
  impossible('supply-text', 'a number of keys that is a text is not taken for one', { number: 'many' }),
  impossible('supply-no-session', 'a notification without session is not answered with success', {
    session: undefined,
  }),
  {
    name: 'stray-supply-response',
    title: 'a response to no notification does no harm',
    clause: '§8.4, Table 4',
    protocol: 'plain',
    hostile: true,
    async run(probe) {
      const dialogue = await probe.open();
      const members = { session: randomUUID(), keyId: randomUUID(), response: 'success' };
      dialogue.send(frame({ id: dialogue.nextId(), command: code.supplyResponse }, text(probe, members)));
      const heard = await dialogue.answer(Math.min(500, probe.timeoutMs));
      return typeof heard === 'string'
        ? pass(heard === 'closed' ? 'closed the connection' : 'passed over')
        : fail('answered');
    },
  },
];

type Members = Partial<Record<Parameter, unknown>>;

function notified(name: string, title: string, members: Members): Check {
  const run = async (probe: Probe): Promise<Verdict> => {
    const session = sessionOf(probe);
    const heard = await respond(probe, { session, ...members });
    if (heard === 'closed') return notAnswered('the connection was closed');
    if (heard === 'silence') return notAnswered('no answer came');
    if (heard.faults.length > 0) return fail(`the response has ${heard.faults.join(', ')}`);
    if (heard.members.get('sessionid') !== session)
      return fail('the response has another session ID, or none');
    const response = heard.members.get('response');
    if (typeof response !== 'string' || response === '')
      return fail('it has no response, or none that is a text');
    const fault = keyIdFault(heard, saysSuccess(response)) ?? extensionFault(heard);
    return fault === undefined ? pass(`response "${response}"`) : fail(`${fault}; response "${response}"`);
  };
  return { name, title, clause: supplyClause, protocol: 'plain', run };
}

function impossible(name: string, title: string, members: Members): Check {
  const run = async (probe: Probe): Promise<Verdict> => {
    const heard = await respond(probe, { session: sessionOf(probe), ...members });
    if (heard === 'closed') return pass('the connection was closed');
    if (heard === 'silence') return notAnswered('no answer came');
    const response = String(heard.members.get('response'));
    return saysSuccess(response) ? fail(`response "${response}"`) : pass(`refused: "${response}"`);
  };
  return { name, title, clause: supplyClause, protocol: 'plain', hostile: true, run };
}

async function respond(probe: Probe, members: Members) {
  const dialogue = await probe.open();
  dialogue.send(frame({ id: dialogue.nextId(), command: code.supply }, text(probe, members)));
  return dialogue.find(({ command }) => command === code.supplyResponse, probe.timeoutMs);
}

function sessionOf(probe: Probe): string {
  return probe.options.session ?? randomUUID();
}

function text(probe: Probe, members: Members): string {
  return JSON.stringify(spelt(members, probe.options.spelling));
}
