import { AgentError } from '../errors.ts';
import type { LinkStatus } from './status.ts';

type Named = Pick<LinkStatus, 'peer' | 'link_id' | 'module'>;

/**
 * The link that people call `name`: by the KMA ID of its peer, the link ID that the configuration or the module gives, or the module ID.
 * @throws AgentError `module.unknown`
 */
export function linkNamed<Link extends Named>(links: readonly Link[], name: string): Link {
  const found =
    links.find(({ peer }) => peer === name) ??
    links.find(({ link_id, module }) => [link_id, module?.linkId, module?.moduleId].includes(name));
  if (found !== undefined) return found;
  const known = links.map(({ peer }) => peer).join(', ');
  throw new AgentError('module.unknown', `no QKD link here is called ${name}`, {
    fault: 'application',
    remedy: known === '' ? 'This node has no links.' : `Name the link by its peer: ${known}.`,
  });
}
