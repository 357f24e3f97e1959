import { messageOf } from '../errors.ts';
import { type Check, fail, notAnswered, type Verdict } from './check.ts';
import { Probe, type ProbeOptions } from './probe.ts';

export type Finding = Pick<Check, 'name' | 'title' | 'clause'> & Verdict & { readonly milliseconds: number };

const WAITS_PER_CHECK = 4;
const GONE_AFTER = 3;

/**
 * Runs checks one after the other; each has its end, whatever the KM does.
 * @param onFinding called as soon as a check is done
 */
export async function runChecks(
  checks: readonly Check[],
  options: ProbeOptions,
  onFinding: (finding: Finding) => void = () => {},
): Promise<Finding[]> {
  const probe = new Probe(options);
  const findings: Finding[] = [];
  let unserved = 0;
  for (const check of checks) {
    const startMs = performance.now();
    const gone = unserved >= GONE_AFTER;
    const verdict = gone
      ? notAnswered('not run: the KM serves no good connection')
      : await judge(check, probe);
    if (check.essential === true && verdict.result === 'fail') unserved = GONE_AFTER;
    else if (!gone) unserved = verdict.reason.startsWith(UNSERVED) ? unserved + 1 : 0;
    const { name, title, clause } = check;
    const finding = {
      name,
      title,
      clause,
      ...verdict,
      milliseconds: Math.round(performance.now() - startMs),
    };
    findings.push(finding);
    onFinding(finding);
  }
  return findings;
}

const UNSERVED = 'afterwards a good connection is not served';

async function judge(check: Check, probe: Probe): Promise<Verdict> {
  const { protocol, unprotectedKey } = probe.options;
  if (check.protocol !== undefined && check.protocol !== protocol)
    return notAnswered(`only with --protocol ${check.protocol}`);
  if (check.needsKey === true && !unprotectedKey)
    return notAnswered('sends key: only with --unprotected-key');
  // What a good connection gets has to be known before anything bad is done.
  if (check.hostile === true) await probe.baseline().catch(() => undefined);
  const verdict = await bounded(check.run(probe), probe.timeoutMs * WAITS_PER_CHECK);
  probe.endAll();
  if (check.hostile !== true) return verdict;
  const served = probe.serves().then((why) => (why === undefined ? verdict : fail(`${UNSERVED}: ${why}`)));
  const afterwards = await bounded(served, probe.timeoutMs * WAITS_PER_CHECK);
  probe.endAll();
  return afterwards;
}

async function bounded(running: Promise<Verdict>, ms: number): Promise<Verdict> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Verdict>((resolve) => {
    timer = setTimeout(() => resolve(fail(`not done within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([running, late]);
  } catch (thrown) {
    return fail(messageOf(thrown));
  } finally {
    clearTimeout(timer);
  }
}
