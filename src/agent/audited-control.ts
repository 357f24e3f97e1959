import type { Controlled } from '../control/server.ts';
import type { Audit, AuditEvent } from '../env/audit.ts';
import { AgentError, messageOf } from '../errors.ts';

type Done = Pick<AuditEvent, 'outcome' | 'peer' | 'keys' | 'request_id' | 'reason' | 'facts'>;

/** What an operator has the node do goes on record, with what came of it. Looking does not. */
export function auditedControl(controlled: Controlled, audit: Audit): Controlled {
  const on = async <Answer>(
    what: string,
    asked: Omit<Done, 'outcome'>,
    act: () => Promise<Answer>,
    done: (answer: Answer) => Done = () => ({ outcome: 'done' }),
  ): Promise<Answer> => {
    try {
      const answer = await act();
      audit.record({ what, who: 'operator', ...asked, ...done(answer) });
      return answer;
    } catch (thrown) {
      const code = thrown instanceof AgentError ? thrown.code : 'us.unexpected';
      // An operator's own reason stays beside it.
      const reason = [asked.reason, messageOf(thrown)].filter(Boolean).join('; ');
      const failed = { outcome: 'failed', code, reason } as const;
      audit.record({ what, who: 'operator', ...asked, ...failed });
      throw thrown;
    }
  };
  return {
    ...controlled,
    relay: (destination, keys) =>
      on(
        'control.relay',
        { peer: destination, keys },
        () => controlled.relay(destination, keys),
        ({ requestId }) => ({ outcome: 'done', request_id: requestId }),
      ),
    reload: () => on('control.reload', {}, () => controlled.reload()),
    destroyKeys: (request) =>
      on(
        'control.keys_destroy',
        { facts: { ...request } },
        () => controlled.destroyKeys(request),
        ({ keys }) => ({ outcome: 'done', keys }),
      ),
    rotate: (file) => on('control.node_key', {}, () => controlled.rotate(file)),
    // The trail outlives the node's key: who looks for the reason finds it there.
    zeroize: (why) =>
      on(
        'control.zeroize',
        { reason: why },
        () => controlled.zeroize(why),
        ({ failures }) => ({ outcome: failures.length === 0 ? 'done' : 'failed' }),
      ),
    order: (link, order) =>
      on(
        'control.module',
        { facts: { link, order } },
        () => controlled.order(link, order),
        ({ outcome, text }) => ({
          outcome: outcome === 'done' ? 'done' : 'failed',
          reason: text || undefined,
        }),
      ),
  };
}
