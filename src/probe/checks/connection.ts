import { randomUUID } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';
import { messageOf } from '../../errors.ts';
import { type Check, fail, notAnswered, pass, type Verdict } from '../check.ts';
import type { Dialogue } from '../dialogue.ts';
import { code, frame } from '../encode.ts';
import { foreignIdentity } from '../foreign.ts';
import { commonNameOf, type Probe } from '../probe.ts';

/** TLS and mutual authentication before any message. */
export const connectionChecks: readonly Check[] = [
  {
    name: 'tls',
    title: 'TLS is set up, each end with a certificate of the authority',
    clause: 'App. I, note 2',
    essential: true,
    async run(probe) {
      const dialogue = await probe.connect();
      const { standardName } = dialogue.socket.getCipher();
      return pass(`${dialogue.socket.getProtocol()} ${standardName}`);
    },
  },
  {
    name: 'peer-identity',
    title: "the KM's certificate names its KMA ID",
    clause: 'App. I, note 3',
    async run(probe) {
      const name = commonNameOf(await probe.connect());
      if (name === undefined) return fail('its certificate has no common name, or several');
      const expected = probe.options.kmaId ?? name;
      return name === expected ? pass(`KMA ID ${name}`) : fail(`KMA ID ${name}, not ${expected}`);
    },
  },
  stranger(
    'no-certificate',
    'a peer without a certificate is refused',
    ({ cert: _, key: __, ...others }) => others,
  ),
  stranger(
    'foreign-authority',
    'a certificate of another authority is refused',
    async (options, { self }) => ({
      ...options,
      ...(await foreignIdentity(self)).issued,
    }),
  ),
  stranger('self-signed', 'a certificate that vouches for itself is refused', async (options, { self }) => ({
    ...options,
    ...(await foreignIdentity(self)).selfSigned,
  })),
  stranger('tls-1.1', 'TLS older than 1.2 is refused', (options) => ({
    ...options,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  })),
  {
    ...stranger(
      'tls-1.2-anonymous',
      'TLS 1.2 is refused, or asks for a certificate as well',
      ({ cert: _, key: __, ...others }) => ({
        ...others,
        maxVersion: 'TLSv1.2',
      }),
    ),
    protocol: 'plain',
  },
  {
    ...stranger('tls-1.2', 'TLS 1.2 is refused', (options) => ({ ...options, maxVersion: 'TLSv1.2' })),
    clause: 'docs/kx.md, Connection 1',
    protocol: 'keyferry',
  },
  {
    name: 'no-tls',
    title: 'a message without TLS is not answered: authentication comes first',
    clause: 'App. I',
    hostile: true,
    async run(probe) {
      return refused(probe, await probe.connectTcp());
    },
  },
];

type Change = (
  options: ConnectionOptions,
  probe: Probe['options'],
) => ConnectionOptions | Promise<ConnectionOptions>;

function stranger(name: string, title: string, change: Change): Check {
  return {
    name,
    title,
    clause: 'App. I; §9',
    hostile: true,
    async run(probe) {
      const options = await change(probe.tlsOptions, probe.options);
      let dialogue: Dialogue;
      try {
        dialogue = await probe.connect(options);
      } catch (thrown) {
        return pass(`refused in the handshake: ${plainly(messageOf(thrown))}`);
      }
      return refused(probe, dialogue);
    },
  };
}

// Of `40F7…:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:…` what it means.
function plainly(message: string): string {
  return /:SSL routines:[^:]*:([^:]+)/.exec(message)?.[1] ?? message;
}

// In TLS 1.3 a client learns only after its handshake that it was refused.
async function refused(probe: Probe, dialogue: Dialogue): Promise<Verdict> {
  const message = frame(
    { command: code.completion },
    JSON.stringify({ response: 'success', key_relay_request_ID: randomUUID() }),
  );
  dialogue.send(message);
  const heard = await dialogue.next(probe.timeoutMs);
  if (heard === 'closed') return pass('the connection was closed');
  if (heard !== 'silence') return fail(`it answered with 0x${heard.command.toString(16)}`);
  if (dialogue.socket.encrypted !== true) return notAnswered('the connection stays open, unanswered');
  return fail('the connection was let in and stays open');
}
