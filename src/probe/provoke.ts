import { randomUUID } from 'node:crypto';
import { type Check, fail, notAnswered, pass, type Verdict } from './check.ts';
import type { Dialogue } from './dialogue.ts';
import { code, frame } from './encode.ts';
import { type Probe, requestId, saysSuccess } from './probe.ts';

/** What became of a message that should not have been sent. */
export type Outcome = {
  readonly response: string | undefined;
  /** What it says of a good message; undefined where that is not known. */
  readonly usual?: string | undefined;
  readonly afterwards: 'closed' | 'went on' | 'silent' | 'unknown';
};

/**
 * Sends something bad on a good connection and a good message behind it.
 * @param request ID in the bad message, whose completion would be its answer
 */
export async function provoke(
  probe: Probe,
  bad: (dialogue: Dialogue) => Buffer,
  request: string,
): Promise<Outcome> {
  const { protocol, unprotectedKey } = probe.options;
  const usual = protocol === 'plain' && unprotectedKey ? await probe.baseline() : undefined;
  const answers = protocol === 'keyferry' || usual !== undefined;
  const dialogue = await probe.open();
  dialogue.send(bad(dialogue));
  let response = probe.unnamed ? await answerBefore(probe, dialogue, request) : undefined;
  const good = await goodMessage(probe, dialogue);
  dialogue.send(good.bytes);
  const endMs = performance.now() + probe.timeoutMs;
  for (;;) {
    const heard = await dialogue.next(Math.max(0, endMs - performance.now()));
    if (heard === 'closed') return { response, usual, afterwards: 'closed' };
    if (heard === 'silence') return { response, usual, afterwards: answers ? 'silent' : 'unknown' };
    const id = heard.members.get(requestId);
    if (heard.command === code.completion && id === request) response = String(heard.members.get('response'));
    if (good.isAnswer(heard.command, id)) return { response, usual, afterwards: 'went on' };
  }
}

// An answer without request ID could be to either message: so it has a while to come before the good one is sent.
async function answerBefore(probe: Probe, dialogue: Dialogue, request: string): Promise<string | undefined> {
  const completed = await probe.completion(dialogue, request, Math.min(500, probe.timeoutMs));
  return typeof completed === 'string' ? undefined : completed.response;
}

async function goodMessage(probe: Probe, dialogue: Dialogue) {
  const { protocol, unprotectedKey } = probe.options;
  const id = dialogue.nextId();
  if (protocol === 'keyferry')
    return {
      bytes: frame({ id, command: code.ping }, '{}'),
      isAnswer: (command: number) => command === code.pong,
    };
  const request = randomUUID();
  if (!unprotectedKey)
    return { bytes: frame({ id, command: code.completion }, probe.stray()), isAnswer: () => false };
  const answered = probe.unnamed ? undefined : request;
  return {
    bytes: frame({ id, command: code.relay }, await probe.relay({ request })),
    isAnswer: (command: number, completed: unknown) => command === code.completion && completed === answered,
  };
}

/** The verdict on a message that must not be taken for a good one. */
export function refusal(outcome: Outcome): Verdict {
  const { response, usual } = outcome;
  if (response !== undefined && saysSuccess(response))
    return fail(`it was taken: the response is "${response}"`);
  // A word of its own, which may be one for success.
  if (response !== undefined && response === usual)
    return notAnswered(`the response is "${response}", as to a good message: look up what it means`);
  return survival(outcome);
}

/** The verdict on a message that may be taken or not, and must not do harm. */
export function survival({ response, afterwards }: Outcome): Verdict {
  const said = response === undefined ? '' : `answered "${response}", `;
  switch (afterwards) {
    case 'closed':
      return pass(`${said}closed the connection`);
    case 'went on':
      return pass(
        response === undefined ? 'passed over, the connection goes on' : `${said}the connection goes on`,
      );
    case 'silent':
      return fail(`${said}then neither closed the connection nor answered on it`);
    case 'unknown':
      return pass(`${said}the connection stays open`);
    default:
      return afterwards satisfies never;
  }
}

/**
 * A check that sends one key relay with a fault in its payload.
 * @param payload with this request ID, so that it can be seen when it is taken
 */
export function badRelay(
  check: Pick<Check, 'name' | 'title' | 'clause'>,
  payload: (probe: Probe, request: string) => Buffer | Promise<Buffer>,
  judge: (outcome: Outcome) => Verdict = refusal,
): Check {
  return {
    ...check,
    protocol: 'plain',
    needsKey: true,
    hostile: true,
    async run(probe) {
      const request = randomUUID();
      const bytes = await payload(probe, request);
      const bad = (dialogue: Dialogue) => frame({ id: dialogue.nextId(), command: code.relay }, bytes);
      return judge(await provoke(probe, bad, request));
    },
  };
}

/** Puts a member before all others of a payload. */
export function withMember(payload: Buffer, member: Buffer | string): Buffer {
  return Buffer.concat([Buffer.from('{'), Buffer.from(member), Buffer.from(','), payload.subarray(1)]);
}
