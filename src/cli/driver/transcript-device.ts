import type { ContractDevice } from '../../../drivers/contract/device.ts';
import { type Transcript, TranscriptPlayer } from '../../../drivers/contract/transcript.ts';
import { terminalDevice } from './terminal-device.ts';

/** A device on a real terminal that plays its part of `transcript`, for the contract suite. */
export async function transcriptDevice(transcript: Transcript): Promise<ContractDevice> {
  /** After rubbish there is no telling what the driver asks for, until it is plugged in anew. */
  let deaf = false;
  let send: (bytes: Buffer) => void = () => {};
  const player = new TranscriptPlayer(transcript, (bytes) => send(bytes));
  const device = await terminalDevice({
    blocks: transcript.blocks,
    onPlugged(write) {
      send = write;
      deaf = false;
      player.start();
    },
    onData: (chunk) => deaf || player.receive(chunk),
    forgotten: () => player.forgotten,
    complaint: () => player.complaint,
  });
  const { noise } = device;
  return Object.defineProperties(device, {
    noise: {
      value: (bytes: Buffer) => {
        deaf = true;
        noise(bytes);
      },
    },
  });
}
