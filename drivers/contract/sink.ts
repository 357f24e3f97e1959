import { limits } from '../../src/limits.ts';
import type { SecretBytes } from '../../src/secret/secret-bytes.ts';
import type {
  DriverManifest,
  ModuleAlarm,
  ModuleInfo,
  ModuleSink,
  RawKeyBlock,
  Telemetry,
} from '../driver.ts';

export type Answer = Parameters<ModuleSink['onBlock']>[1];
export type Delivery = { readonly opening: number; readonly number: number; readonly answer: Answer };

/** Watches a driver: keeps what it delivers, and every breach of the contract that shows in the order of its calls. */
export class ContractSink implements ModuleSink {
  readonly #manifest: DriverManifest;
  readonly deliveries: Delivery[] = [];
  readonly breaches: string[] = [];
  opens = 0;
  losses = 0;
  /** All calls so far. */
  calls = 0;
  closed = false;
  /** What becomes of a block; `hold` leaves it without an answer. */
  verdict: (delivery: Delivery) => 'store' | 'refuse' | 'hold' = () => 'store';
  readonly #bytes = new Map<number, SecretBytes>();
  #unanswered = new Set<number>();
  #delivered = new Set<number>();
  #wiped = false;

  constructor(manifest: DriverManifest) {
    this.#manifest = manifest;
  }

  get isOpen(): boolean {
    return this.opens > this.losses;
  }

  /** Wipes what came, and what a driver that cannot be closed still delivers. */
  wipe(): void {
    this.#wiped = true;
    for (const bytes of this.#bytes.values()) bytes.wipe();
    this.#bytes.clear();
  }

  onOpen(info: ModuleInfo): void {
    this.#called('onOpen');
    if (this.isOpen) this.#breach('onOpen came twice without onLost between');
    this.opens += 1;
    this.#delivered.clear();
    this.#unanswered.clear();
    for (const [field, text] of Object.entries(info))
      if (text.length > limits.bridgeIdBytesMax || !/^[\x20-\x7e]*$/.test(text))
        this.#breach(`${field} is not up to ${limits.bridgeIdBytesMax} printable ASCII characters`);
    if (info.moduleId === '' || info.linkId === '')
      this.#breach('the module has no ID, or its link has none');
    if (!['tx', 'rx', 'unknown'].includes(info.role)) this.#breach('the role is none of tx, rx, unknown');
  }

  onBlock({ number, bytes }: RawKeyBlock, answer: Answer): void {
    this.#called('onBlock');
    if (!this.isOpen) this.#breach('onBlock came before onOpen');
    if (!Number.isSafeInteger(number) || number < 0 || number > limits.blockNumberMax)
      this.#breach(`${number} is no block number`);
    const { blockBytesMax, blocksUnderWayMax } = this.#manifest.limits;
    if (bytes.length < 1 || bytes.length > blockBytesMax) this.#breach(`a block has ${bytes.length} bytes`);
    if (this.#delivered.has(number)) this.#breach(`block ${number} came twice within one opening`);
    this.#delivered.add(number);
    this.#unanswered.add(number);
    if (this.#unanswered.size > blocksUnderWayMax)
      this.#breach(`${this.#unanswered.size} blocks wait for their answers`);
    this.#compare(number, bytes);
    this.#judge({ opening: this.opens, number, answer: this.#counted(number, answer) });
  }

  onTelemetry({ qber, skr }: Telemetry): void {
    this.#called('onTelemetry');
    if (qber !== undefined && !(qber >= 0 && qber <= 0.5)) this.#breach(`a QBER of ${qber}`);
    if (skr !== undefined && !(skr >= 0)) this.#breach(`a secret key rate of ${skr}`);
  }

  onAlarm({ code }: ModuleAlarm): void {
    this.#called('onAlarm');
    if (code === '') this.#breach('an alarm has no code');
  }

  onLost(): void {
    this.#called('onLost');
    if (!this.isOpen) this.#breach('onLost came without onOpen');
    this.losses += 1;
  }

  #judge(delivery: Delivery): void {
    this.deliveries.push(delivery);
    const verdict = this.verdict(delivery);
    if (verdict === 'store') delivery.answer.stored();
    if (verdict === 'refuse') delivery.answer.refused('the contract suite refuses it');
  }

  #counted(number: number, answer: Answer): Answer {
    const opening = this.opens;
    const answered = (): void => {
      if (opening === this.opens) this.#unanswered.delete(number);
    };
    return {
      stored: () => {
        answered();
        answer.stored();
      },
      refused: (reason) => {
        answered();
        answer.refused(reason);
      },
    };
  }

  #compare(number: number, bytes: SecretBytes): void {
    if (this.#wiped) return bytes.wipe();
    const known = this.#bytes.get(number);
    if (known === undefined) {
      this.#bytes.set(number, bytes);
      return;
    }
    if (!known.view().equals(bytes.view())) this.#breach(`block ${number} came again with other bits`);
    bytes.wipe();
  }

  #called(name: string): void {
    this.calls += 1;
    if (this.closed) this.#breach(`${name} came after close had resolved`);
  }

  #breach(what: string): void {
    this.breaches.push(what);
  }
}
