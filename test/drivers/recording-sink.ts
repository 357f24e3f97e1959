import type {
  DriverContext,
  ModuleAlarm,
  ModuleInfo,
  ModuleSink,
  RawKeyBlock,
  Telemetry,
} from '../../drivers/driver.ts';
import type { Log, LogFields } from '../../src/env/log.ts';
import { systemClock } from '../../src/node/clock.ts';
import type { Watch } from './simulator-process.ts';

type Answer = Parameters<ModuleSink['onBlock']>[1];

/** A sink that keeps what comes in memory and stores at once, unless told to hold its answers. */
export class RecordingSink implements ModuleSink {
  readonly opens: ModuleInfo[] = [];
  readonly losses: string[] = [];
  readonly blocks = new Map<number, string>();
  readonly telemetry: Telemetry[] = [];
  readonly alarms: ModuleAlarm[] = [];
  readonly held: Answer[] = [];
  deliveries = 0;
  holdAnswers = false;
  readonly #watch: Watch;

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  onOpen(info: ModuleInfo): void {
    this.opens.push(info);
    this.#watch.changed();
  }

  onBlock({ number, bytes }: RawKeyBlock, answer: Answer): void {
    const hex = bytes.view().toString('hex');
    bytes.wipe();
    const known = this.blocks.get(number);
    if (known !== undefined && known !== hex) throw new Error(`block ${number} came with other bits`);
    this.blocks.set(number, hex);
    this.deliveries += 1;
    if (this.holdAnswers) this.held.push(answer);
    else answer.stored();
    this.#watch.changed();
  }

  onTelemetry(telemetry: Telemetry): void {
    this.telemetry.push(telemetry);
    this.#watch.changed();
  }

  onAlarm(alarm: ModuleAlarm): void {
    this.alarms.push(alarm);
  }

  onLost(reason: string): void {
    this.losses.push(reason);
    this.#watch.changed();
  }
}

export class RecordingLog implements Log {
  readonly lines: string[] = [];

  #add(level: string, event: string, fields?: LogFields): void {
    this.lines.push(`${level} ${event} ${JSON.stringify(fields ?? {})}`);
  }

  debug(event: string, fields?: LogFields): void {
    this.#add('debug', event, fields);
  }
  info(event: string, fields?: LogFields): void {
    this.#add('info', event, fields);
  }
  warn(event: string, fields?: LogFields): void {
    this.#add('warn', event, fields);
  }
  error(event: string, fields?: LogFields): void {
    this.#add('error', event, fields);
  }
  with(): Log {
    return this;
  }
}

export function contextFor(path: string, log: Log, more: Partial<DriverContext> = {}): DriverContext {
  return { clock: systemClock, log, port: { path }, baudRate: 115_200, ...more };
}
