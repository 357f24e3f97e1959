import { assert } from '../src/errors.ts';
import { limits } from '../src/limits.ts';
import { keyferry } from './generated/bridge.js';
import {
  ACTIONS,
  type BridgeMessage,
  type KeyBlock,
  LINK_STATUSES,
  OUTCOMES,
  type TelemetryMessage,
} from './message.ts';

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
    case 'command':
      return limits.bridgeAgentEnvelopeBytesMax;
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
          max_part_bytes: message.maxPartBytes ?? 0,
        },
      };
    case 'agent_hello':
      return {
        agent_hello: {
          opening: message.opening,
          protocol_min: message.protocolMin,
          protocol_max: message.protocolMax,
          max_block_bytes: message.maxBlockBytes,
          max_part_bytes: message.maxPartBytes ?? 0,
        },
      };
    case 'credit':
      return { credit: { parts: message.parts } };
    case 'key_block':
      return { key_block: keyBlock(message) };
    case 'acknowledge':
      return { acknowledge: { stored: [...message.stored], refused: message.refused ?? null } };
    case 'telemetry':
      return { telemetry: telemetry(message) };
    case 'alarm':
      return {
        alarm: {
          code: message.code,
          text: message.text,
          active: message.active,
          suspect: message.suspect ?? false,
        },
      };
    case 'zeroize':
      return { zeroize: { token: message.token } };
    case 'zeroized':
      return { zeroized: { token: message.token, blocks: message.blocks } };
    case 'command':
      return { command: { token: message.token, action: ACTIONS.indexOf(message.action) + 1 } };
    case 'command_result': {
      const { token, outcome, text } = message;
      return { command_result: { token, outcome: OUTCOMES.indexOf(outcome) + 1, text } };
    }
    case 'ping':
      return { ping: { token: message.token } };
    case 'pong':
      return {
        pong: {
          token: message.token,
          parts_sent: message.partsSent,
          blocks_answered: message.blocksAnswered,
          credit: message.credit,
        },
      };
  }
}

function keyBlock({ number, bytes, part, qber }: KeyBlock): keyferry.bridge.v1.KeyBlock.$Properties {
  return {
    number,
    bytes: bytes.view(),
    offset: part?.offset ?? 0,
    total: part?.total ?? 0,
    qber: qber ?? null,
  };
}

function telemetry(message: TelemetryMessage): keyferry.bridge.v1.Telemetry.$Properties {
  const { qber, skr, eskr, visibility, status, temperatures, detectorCounts } = message;
  return {
    qber: qber ?? null,
    skr: skr ?? null,
    eskr: eskr ?? null,
    visibility: visibility ?? null,
    status: status === undefined ? 0 : LINK_STATUSES.indexOf(status) + 1,
    temperatures: [...(temperatures ?? [])],
    detector_counts: [...(detectorCounts ?? [])],
  };
}
