import { randomUUID } from 'node:crypto';
import { type Check, fail, notAnswered, pass, type Verdict } from '../check.ts';
import { code, frame, type Spelling, spellings } from '../encode.ts';
import { type Completed, type Probe, type RelayFields, requestId, saysSuccess } from '../probe.ts';
import { badRelay, refusal, survival } from '../provoke.ts';
import { extensionFault } from '../table-types.ts';

const relayClause = '§7.1; §8.1, Table 1';
const completionClause = '§7.1; §8.2, Table 2';

/** Key relay with the KM as its destination. */
export const relayChecks: readonly Check[] = [
  {
    name: 'completion',
    title:
      'a key relay is answered by a completion notification with a response, and no other request ID than its own',
    clause: completionClause,
    protocol: 'plain',
    needsKey: true,
    async run(probe) {
      const dialogue = await probe.open();
      const request = randomUUID();
      const payload = await probe.relay({ request });
      dialogue.send(frame({ id: dialogue.nextId(), command: code.relay }, payload));
      const heard = await dialogue.find(({ command }) => command !== code.relay, probe.timeoutMs);
      if (typeof heard === 'string') return silent(heard);
      const { command, members } = heard;
      if (command !== code.completion) return fail(`answered with command code 0x${command.toString(16)}`);
      const response = members.get('response');
      if (typeof response !== 'string' || response === '')
        return fail('it has no response, or none that is a text');
      const fault = extensionFault(heard);
      if (fault !== undefined) return fail(`${fault}; response "${response}"`);
      const named = members.has(requestId);
      if (named && members.get(requestId) !== request) return fail('it has another request ID');
      return pass(worded({ response, named }));
    },
  },
  relay('accepted', 'key for the KM is accepted', () => ({})),
  relay('optional-absent', 'accepted without transit list and extension', () => ({
    transit: undefined,
    extension: undefined,
  })),
  relay(
    'optional-present',
    'accepted with every optional parameter, also an unknown extension',
    ({ options }) => ({
      transit: [options.kmaId ?? 'X'],
      keys: [{ id: randomUUID(), bytes: 32, extension: { probe: 'of no meaning' } }],
      extension: [{ keyferry_probe: { unknown: true } }],
    }),
  ),
  relay('several-keys', 'ten keys in one message are accepted', () => ({
    keys: Array.from({ length: 10 }, () => ({ id: randomUUID(), bytes: 32 })),
  })),
  relay('short-keys', 'keys of 128 bits are accepted', () => ({ keys: [{ id: randomUUID(), bytes: 16 }] })),
  relay('key-id-form', 'a key ID that is no UUID is accepted: it is a text', () => ({
    keys: [{ id: `probe key ${Date.now()}`, bytes: 32 }],
  })),
  ...spellings.map((spelling, i) => spelt(spelling, i)),
  {
    name: 'request-id-absent',
    title: 'without a request ID, a completion notification comes all the same',
    clause: completionClause,
    protocol: 'plain',
    needsKey: true,
    async run(probe) {
      const dialogue = await probe.open();
      const payload = await probe.relay({ request: undefined });
      dialogue.send(frame({ id: dialogue.nextId(), command: code.relay }, payload));
      const heard = await dialogue.find(({ command }) => command === code.completion, probe.timeoutMs);
      if (typeof heard === 'string') return silent(heard);
      if (heard.members.has(requestId)) return fail('it has a request ID that nobody gave');
      return pass(`response "${String(heard.members.get('response'))}"`);
    },
  },
  badRelay(
    { name: 'unknown-members', title: 'an unknown member does no harm', clause: relayClause },
    async (probe, request) => {
      const good = await probe.relay({ request });
      return Buffer.concat([good.subarray(0, -1), Buffer.from(',"keyferry_probe":[1,{"a":null}]}')]);
    },
    survival,
  ),
  badRelay(
    { name: 'many-keys', title: 'as many keys as a message holds do no harm', clause: relayClause },
    (probe, request) =>
      probe.relay({ request, keys: Array.from({ length: 600 }, () => ({ id: randomUUID(), bytes: 32 })) }),
    survival,
  ),
  badRelay(
    {
      name: 'unknown-destination',
      title: 'key for a KMA that nobody knows is not said to be there',
      clause: completionClause,
    },
    (probe, request) => probe.relay({ request, destination: 'keyferry-probe-nobody' }),
  ),
  badRelay(
    { name: 'own-name', title: "key whose source is the KM's own KMA is not taken", clause: relayClause },
    async (probe, request) => probe.relay({ request, source: await probe.kmaId() }),
  ),
  {
    name: 'same-key-again',
    title: 'a relay that comes again is answered as before',
    clause: relayClause,
    protocol: 'plain',
    needsKey: true,
    async run(probe) {
      const { request, payload } = await prepared(probe);
      const dialogue = await probe.open();
      const first = await probe.relayed(dialogue, request, payload);
      if (typeof first === 'string') return silent(first);
      const second = await probe.relayed(dialogue, request, payload);
      if (typeof second === 'string') return notAnswered(`the first: "${first.response}", then ${second}`);
      if (second.response === first.response) return pass(`"${first.response}" both times`);
      return fail(`"${first.response}", then "${second.response}"`);
    },
  },
  {
    name: 'other-key-same-id',
    title: 'other key under a key ID that is taken is not accepted',
    clause: relayClause,
    protocol: 'plain',
    needsKey: true,
    hostile: true,
    async run(probe) {
      const keys = [{ id: randomUUID(), bytes: 32 }];
      const dialogue = await probe.open();
      const send = async (): Promise<Completed> => {
        const request = randomUUID();
        return probe.relayed(dialogue, request, await probe.relay({ request, keys }));
      };
      const first = await send();
      if (typeof first === 'string') return silent(first);
      if (!saysSuccess(first.response)) return notAnswered(`the first key is refused: "${first.response}"`);
      const second = await send();
      if (typeof second === 'string') return pass(`the second: ${second}`);
      return refusal({ response: second.response, afterwards: 'went on' });
    },
  },
  {
    name: 'replayed-message',
    title: 'a message that comes again byte for byte does no harm',
    clause: 'App. I, Figure I.1',
    protocol: 'plain',
    needsKey: true,
    hostile: true,
    async run(probe) {
      const { request, payload } = await prepared(probe);
      const dialogue = await probe.open();
      const bytes = frame({ id: 1, command: code.relay }, payload);
      dialogue.send(Buffer.concat([bytes, bytes]));
      const first = await probe.completion(dialogue, request);
      if (typeof first === 'string') return silent(first);
      const second = await probe.completion(dialogue, request, Math.min(500, probe.timeoutMs));
      return pass(
        typeof second === 'string' ? `answered once, then ${second}` : `answered "${second.response}" again`,
      );
    },
  },
  {
    name: 'stray-completion',
    title: 'a completion notification of nothing does no harm',
    clause: completionClause,
    protocol: 'plain',
    hostile: true,
    async run(probe) {
      const dialogue = await probe.open();
      dialogue.send(frame({ id: dialogue.nextId(), command: code.completion }, probe.stray()));
      const heard = await dialogue.answer(Math.min(500, probe.timeoutMs));
      return typeof heard === 'string'
        ? pass(heard === 'closed' ? 'closed the connection' : 'passed over')
        : fail('answered');
    },
  },
];

/** Whether a relay is accepted. A refusal is an answer that the Recommendation has room for. */
export function relay(
  name: string,
  title: string,
  fields: (probe: Probe) => RelayFields,
  clause = relayClause,
): Check {
  return {
    name,
    title,
    clause,
    protocol: 'plain',
    needsKey: true,
    async run(probe) {
      await probe.kmaId();
      const request = randomUUID();
      const payload = await probe.relay({ ...fields(probe), request });
      return accepted(await probe.relayed(await probe.open(), request, payload));
    },
  };
}

export function accepted(completed: Completed): Verdict {
  if (typeof completed === 'string') return silent(completed);
  if (saysSuccess(completed.response)) return pass(worded(completed));
  return notAnswered(`refused: "${completed.response}"`);
}

// Table 2 has the request ID optional; Appendix I, note 1, lets control information link an answer to its message instead.
function worded({ response, named }: Exclude<Completed, string>): string {
  return `response "${response}"${named ? '' : ', without request ID: the connection alone links it to the relay'}`;
}

function spelt(spelling: Spelling, i: number): Check {
  const title = `members spelt as in "${spelling}" are understood`;
  return {
    ...relay(`spelling-${i + 1}`, title, () => ({ spelling }), '§8'),
    async run(probe) {
      const request = randomUUID();
      const payload = await probe.relay({ request, spelling });
      const completed = await probe.relayed(await probe.open(), request, payload);
      return typeof completed === 'string' ? silent(completed) : pass(worded(completed));
    },
  };
}

async function prepared(probe: Probe): Promise<{ request: string; payload: Buffer }> {
  const request = randomUUID();
  return { request, payload: await probe.relay({ request }) };
}

function silent(heard: 'closed' | 'silence'): Verdict {
  return notAnswered(heard === 'closed' ? 'the connection was closed' : 'no answer came');
}
