import {
  type AgentChannel,
  PlainAgentChannel,
  SealedAgentChannel,
} from '../../firmware-bridge/agent-channel.ts';
import { ModuleChannel } from '../../firmware-bridge/module-channel.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';

export const KEY = Buffer.alloc(32, 0x42);

let secrets = 0;

/** Both ends of a channel and the wire between them, whose messages wait until they are moved, changed or lost. */
export class ChannelLine {
  readonly toAgent: Buffer[] = [];
  readonly toModule: Buffer[] = [];
  /** What the agent and the module said of the channel, and the envelopes that they took. */
  readonly agentSaw: string[] = [];
  readonly moduleSaw: string[] = [];
  readonly agent: AgentChannel;
  module: ModuleChannel;
  nowMs = 1000;

  constructor(agentKey: Buffer | undefined, moduleKey: Buffer | undefined) {
    const onEffect: ConstructorParameters<typeof PlainAgentChannel>[0] = (effect) => {
      if (effect.type === 'send') this.toModule.push(Buffer.from(effect.message));
      else if (effect.type === 'envelope') this.agentSaw.push(effect.bytes.toString('hex'));
      else this.agentSaw.push('reason' in effect ? `${effect.type}: ${effect.reason}` : effect.type);
    };
    this.agent =
      agentKey === undefined
        ? new PlainAgentChannel(onEffect)
        : new SealedAgentChannel(SecretBytes.copyOf(agentKey), this.#fresh, onEffect);
    this.module = this.#newModule(moduleKey);
  }

  restartModule(key: Buffer | undefined): void {
    this.module.wipe();
    this.module = this.#newModule(key);
    this.module.started();
  }

  /** Moves all messages, in order and as they are, until none is left. */
  run(): void {
    for (let i = 0; i < 100 && this.toAgent.length + this.toModule.length > 0; i++) {
      this.moveToModule();
      this.moveToAgent();
    }
  }

  moveToModule(): void {
    const message = this.toModule.shift();
    if (message !== undefined) this.module.message(message);
  }

  moveToAgent(): void {
    const message = this.toAgent.shift();
    if (message !== undefined) this.agent.message(message, this.nowMs);
  }

  pass(ms: number): void {
    for (let left = ms; left > 0; left -= 250) {
      this.nowMs += Math.min(250, left);
      this.agent.tick(this.nowMs);
    }
  }

  fromAgent(hex: string): boolean {
    const message = this.agent.seal(Buffer.from(hex, 'hex'));
    if (message !== undefined) this.toModule.push(message);
    return message !== undefined;
  }

  fromModule(hex: string): boolean {
    const message = this.module.seal(Buffer.from(hex, 'hex'));
    if (message !== undefined) this.toAgent.push(message);
    return message !== undefined;
  }

  /** Another secret at each call. */
  readonly #fresh = (): SecretBytes => {
    secrets += 1;
    const secret = Buffer.alloc(32, 1);
    // The lowest bits of an X25519 secret don't count.
    secret.writeUInt32LE(secrets, 8);
    return SecretBytes.adopt(secret);
  };

  #newModule(key: Buffer | undefined): ModuleChannel {
    const own = key && SecretBytes.copyOf(key);
    return new ModuleChannel(own, this.#fresh, (effect) => {
      if (effect.type === 'send') this.toAgent.push(Buffer.from(effect.message));
      else this.moduleSaw.push(effect.type === 'envelope' ? effect.bytes.toString('hex') : effect.type);
    });
  }
}
