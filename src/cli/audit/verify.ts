import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuditSealer } from '../../audit/chain/audit-sealer.ts';
import { type Link, linkOf } from '../../audit/chain/line.ts';
import type { Verdict, VerifierOptions } from '../../audit/chain/verifier.ts';
import { verifyTrail } from '../../audit/verify.ts';
import { auditDirectory } from '../../config/audit-rules.ts';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { AgentError, messageOf } from '../../errors.ts';
import { systemDisk } from '../../node/disk.ts';
import { callAgent } from '../control-client.ts';
import { nodeKeyToLook } from '../node-key-to-look.ts';

export type VerifyOptions = {
  readonly directory: string;
  readonly config?: string;
  readonly anchor?: readonly string[];
  readonly json?: boolean;
};

const NOT_LOOKED_AT = 1;
const NOT_WHOLE = 3;
/** A line that is just being written is whole a moment later. */
const AGAIN_MS = 300;

/** Prints what there is to say of a trail and sets the exit code. @throws AgentError when it can't be looked at */
export async function verify(options: VerifyOptions): Promise<void> {
  const config = options.config === undefined ? undefined : loadConfig(options.config);
  const directory = config === undefined ? options.directory : auditDirectory(config);
  const anchors = (options.anchor ?? []).map(anchorIn);
  const live = config && (await headOf(config));
  if (live?.place !== undefined) anchors.push(live.place);
  const sealing = sealerOf(config);
  try {
    const verdict = await looked(directory, { sealer: sealing.sealer, anchors });
    // With a configuration both are to be looked at.
    const unseen = config !== undefined && (sealing.sealer === undefined || live?.failure !== undefined);
    const agent = live?.failure ?? (live?.place === undefined ? 'no agent was asked' : undefined);
    const running = live?.place !== undefined;
    const seen = { ...verdict, directory, running, agent, unseen, seals: sealing.said };
    const text = verdictText(seen);
    process.stdout.write(`${options.json === true ? JSON.stringify(seen) : text}\n`);
    process.exitCode = verdict.fault !== null ? NOT_WHOLE : unseen ? NOT_LOOKED_AT : 0;
  } finally {
    sealing.sealer?.[Symbol.dispose]();
  }
}

async function looked(directory: string, options: VerifierOptions): Promise<Verdict> {
  try {
    const verdict = verifyTrail(systemDisk, directory, options);
    if (verdict.fault?.kind !== 'unfinished' && verdict.fault?.kind !== 'missing') return verdict;
  } catch (thrown) {
    // A file may be removed while it is looked for.
    if (!(thrown instanceof AgentError) || thrown.code !== 'host.audit_unreadable') throw thrown;
  }
  await sleep(AGAIN_MS);
  return verifyTrail(systemDisk, directory, options);
}

function anchorIn(path: string): Link {
  const found = linkOf(textOf(path));
  if (found !== undefined) return found;
  throw new AgentError('application.no_anchor', `${path} holds no place of a trail`, {
    fault: 'application',
    remedy: 'Give a file with one line of the trail, or with what keyferry audit head has printed.',
  });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AgentError('application.no_anchor', `${path} cannot be read: ${messageOf(cause)}`, {
      fault: 'application',
      remedy: 'Name the file in which the place was kept.',
      cause,
    });
  }
}

// Whether an agent runs is not the question: without one there is one place less to compare with. But one that runs has to say where it is.
async function headOf({ control }: Config): Promise<{ place?: Link; failure?: string }> {
  try {
    return { place: await callAgent<Link>(control.socket, 'GET', '/v1/audit') };
  } catch (thrown) {
    if (!(thrown instanceof AgentError)) throw thrown;
    const { code } = (thrown.cause ?? {}) as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return {};
    return { failure: `not from the agent: ${thrown.message}` };
  }
}

function sealerOf(config: Config | undefined): { sealer: AuditSealer | undefined; said: string } {
  if (config === undefined)
    return { sealer: undefined, said: 'not looked at: no node key was given (--config)' };
  try {
    using nodeKey = nodeKeyToLook(config);
    return { sealer: new AuditSealer(nodeKey), said: 'looked at' };
  } catch (thrown) {
    return { sealer: undefined, said: `not looked at: ${messageOf(thrown)}` };
  }
}

type Seen = Verdict & {
  readonly directory: string;
  readonly seals: string;
  /** Why no place of the running agent is among those known. */
  readonly agent: string | undefined;
  /** Something that was to be looked at was not. */
  readonly unseen: boolean;
};

function verdictText(seen: Seen): string {
  const { lines, first, last, begins, ends, removedTo, sealedTo, otherSeals, fault } = seen;
  const sealed =
    sealedTo === null ? 'no line is sealed under this node key' : `sealed up to line ${sealedTo}`;
  return [
    `audit trail in ${seen.directory}: ${lines} lines, ${first ?? '–'} to ${last?.seq ?? '–'}`,
    ...(begins === null ? [] : [`from ${begins} to ${ends}`]),
    ...(removedTo === null ? [] : [`it begins at line ${first}: those before it were removed by rule`]),
    `seals: ${seen.seals === 'looked at' ? sealed : seen.seals}`,
    ...(otherSeals === 0 ? [] : [`seals of other node keys, not looked at: ${otherSeals}`]),
    `places known from elsewhere: ${seen.anchorsHeld} found${seen.agent === undefined ? ', that of the running agent among them' : `; ${seen.agent}`}`,
    ...(last === null ? [] : [`last line: ${last.seq} ${last.hash}`]),
    fault === null
      ? seen.unseen
        ? 'whole as far as it was looked at: see above'
        : 'whole'
      : `NOT WHOLE: ${fault.text} (${fault.file}, line ${fault.line}) [${fault.kind}]`,
  ].join('\n');
}
