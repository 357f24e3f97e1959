import {
  type AgentChannel,
  type OnChannelEffect,
  PlainAgentChannel,
  SealedAgentChannel,
} from '../../firmware-bridge/agent-channel.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import type { DriverContext } from '../driver.ts';

/** The channel that the configuration asks for. It owns a copy of the module key. */
export function channelFor({ channel }: DriverContext, onEffect: OnChannelEffect): AgentChannel {
  if (channel === undefined) return new PlainAgentChannel(onEffect);
  const { moduleKey, entropy } = channel;
  const freshSecret = (): SecretBytes => {
    const secret = SecretBytes.alloc(32);
    entropy.fill(secret.view());
    return secret;
  };
  return new SealedAgentChannel(SecretBytes.copyOf(moduleKey.view()), freshSecret, onEffect);
}
