import { type Check, fail, pass, type Verdict } from '../check.ts';
import type { Dialogue } from '../dialogue.ts';
import { code, frame } from '../encode.ts';
import { commonNameOf, type Probe } from '../probe.ts';

/** keyferry/1 as far as it goes without key: ALPN, greeting, liveness, message IDs. */
export const keyferryChecks: readonly Check[] = [
  {
    ...check('alpn', 'keyferry/1 is agreed on by ALPN', 'Connection 4'),
    async run(probe) {
      const agreed = (await probe.connect()).socket.alpnProtocol;
      return agreed === 'keyferry/1'
        ? pass('keyferry/1')
        : fail(agreed === false ? 'nothing was agreed on' : `${agreed}`);
    },
  },
  {
    ...check('alpn-absent', 'a peer that does not agree on keyferry/1 is refused', 'Connection 4'),
    hostile: true,
    async run(probe) {
      const { ALPNProtocols: _, ...options } = probe.tlsOptions;
      const dialogue = await probe.connect(options);
      dialogue.send(frame({ command: code.greeting }, probe.greeting()));
      return mustClose(probe, dialogue);
    },
  },
  {
    ...check(
      'greeting',
      'the KM greets first, with the KMA ID of its certificate, 256 bits and a store ID',
      'Greeting',
    ),
    async run(probe) {
      const dialogue = await probe.connect();
      const heard = await dialogue.next(probe.timeoutMs);
      if (typeof heard === 'string')
        return fail(heard === 'closed' ? 'it closed the connection' : 'no greeting came');
      if (heard.command !== code.greeting)
        return fail(`its first message has command code 0x${heard.command.toString(16)}`);
      const { members } = heard;
      if (members.get('kmaid') !== commonNameOf(dialogue))
        return fail('it greets with another KMA ID than its certificate has');
      if (members.get('unitbits') !== 256) return fail('its unit_bits is not 256');
      return typeof members.get('storeid') === 'string'
        ? pass('as it should be')
        : fail('it has no store_ID');
    },
  },
  {
    ...check('ping', 'a ping is answered by a pong', 'Liveness'),
    async run(probe) {
      const answer = await probe.exchange(await probe.open());
      return answer === 'pong' ? pass('pong') : fail('no pong came');
    },
  },
  closes('message-first', 'a message before the greeting ends the connection', 'Greeting', async (probe) => {
    const dialogue = await probe.connect();
    dialogue.send(frame({ id: 1, command: code.ping }, '{}'));
    return dialogue;
  }),
  closes('second-greeting', 'a second greeting ends the connection', 'Greeting', async (probe) => {
    const dialogue = await probe.open();
    dialogue.send(frame({ id: dialogue.nextId(), command: code.greeting }, probe.greeting()));
    return dialogue;
  }),
  closes('other-name', 'a greeting in the name of another ends the connection', 'Greeting', async (probe) => {
    const dialogue = await probe.connect();
    dialogue.send(frame({ id: 1, command: code.greeting }, probe.greeting('keyferry-probe-other')));
    return dialogue;
  }),
  closes('malformed-greeting', 'a malformed greeting ends the connection', 'Greeting', async (probe) => {
    const dialogue = await probe.connect();
    dialogue.send(frame({ id: 1, command: code.greeting }, '{"kma_ID":'));
    return dialogue;
  }),
  closes(
    'id-again',
    'a message ID that is not greater than the last ends the connection',
    'Frame',
    async (probe) => {
      const dialogue = await probe.open();
      dialogue.send(frame({ id: 1, command: code.ping }, '{}'));
      return dialogue;
    },
  ),
  closes(
    'unknown-private',
    'a private code that is in no table ends the connection',
    'Frame',
    async (probe) => {
      const dialogue = await probe.open();
      dialogue.send(frame({ id: dialogue.nextId(), command: 0x11f9 }, '{}'));
      return dialogue;
    },
  ),
  closes('version-2', 'another version ends the connection', 'Frame', async (probe) => {
    const dialogue = await probe.open();
    dialogue.send(frame({ id: dialogue.nextId(), version: 2, command: code.ping }, '{}'));
    return dialogue;
  }),
];

function check(
  name: string,
  title: string,
  section: string,
): Pick<Check, 'name' | 'title' | 'clause' | 'protocol'> {
  return { name, title, clause: `docs/kx.md, ${section}`, protocol: 'keyferry' };
}

function closes(
  name: string,
  title: string,
  section: string,
  act: (probe: Probe) => Promise<Dialogue>,
): Check {
  const run = async (probe: Probe): Promise<Verdict> => mustClose(probe, await act(probe));
  return { ...check(name, title, section), hostile: true, run };
}

async function mustClose(probe: Probe, dialogue: Dialogue): Promise<Verdict> {
  const heard = await dialogue.find(({ command }) => command === code.pong, probe.timeoutMs);
  if (heard === 'closed') return pass('it closed the connection');
  return fail(heard === 'silence' ? 'the connection stays open' : 'it was answered');
}
