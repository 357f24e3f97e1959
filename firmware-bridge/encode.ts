import { assert } from '../src/errors.ts';
import { limits } from '../src/limits.ts';
import { keyferry } from './generated/bridge.js';
import type { BridgeMessage } from './message.ts';

const v1 = keyferry.bridge.v1;
type Fields = keyferry.bridge.v1.Envelope.$Properties;

/** The envelope of `message`, in memory of its own; whoever encodes key wipes it after use. `message` stays the caller's. */
export function encodeMessage(message: BridgeMessage): Uint8Array {
  const bytes = v1.Envelope.encode(fields(message)).finish();
  assert(bytes.length <= bytesMax(message), 'bridge message length');
  return bytes;
}

/** Bytes of an envelope: firmware receives into a small buffer, so what goes to it is always short. */
function bytesMax(message: BridgeMessage): number {
  switch (message.type) {
    case 'agent_hello':
    case 'credit':
    case 'acknowledge':
    case 'zeroize':
    case 'ping':
      return limits.bridgeAgentMessageBytesMax;
    default:
      return limits.bridgeMessageBytesMax;
  }
}

function fields(message: BridgeMessage): Fields {
  switch (message.type) {
    case 'hello':
      return {
        hello: {
          opening: message.opening,
          protocol_min: message.protocolMin,
          protocol_max: message.protocolMax,
          module_id: message.moduleId,
          link_id: message.linkId,
          role: message.role === 'tx' ? v1.Role.ROLE_TX : v1.Role.ROLE_RX,
          firmware_version: message.firmwareVersion,
          max_block_bytes: message.maxBlockBytes,
        },
      };
    case 'agent_hello':
      return {
        agent_hello: {
          opening: message.opening,
          protocol_min: message.protocolMin,
          protocol_max: message.protocolMax,
          max_block_bytes: message.maxBlockBytes,
        },
      };
    case 'credit':
      return { credit: { blocks: message.blocks } };
    case 'key_block':
      return { key_block: { number: message.number, bytes: message.bytes.view() } };
    case 'acknowledge':
      return { acknowledge: { stored: [...message.stored], refused: message.refused ?? null } };
    case 'telemetry':
      return { telemetry: { qber: message.qber ?? null, skr: message.skr ?? null } };
    case 'alarm':
      return { alarm: { code: message.code, text: message.text, active: message.active } };
    case 'zeroize':
      return { zeroize: { token: message.token } };
    case 'zeroized':
      return { zeroized: { token: message.token, blocks: message.blocks } };
    case 'ping':
      return { ping: { token: message.token } };
    case 'pong':
      return {
        pong: {
          token: message.token,
          blocks_sent: message.blocksSent,
          blocks_answered: message.blocksAnswered,
          credit: message.credit,
        },
      };
  }
}
