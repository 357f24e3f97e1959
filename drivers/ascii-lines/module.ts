import { limits } from '../../src/limits.ts';
import type { DriverContext, ModuleSink, OpenModule } from '../driver.ts';
import { PortKeeper } from '../ports/keeper.ts';
import { lineBytesPerSecond, openSerialPort } from '../ports/serial.ts';
import {
  blockNumber,
  type KeyName,
  LINE_BYTES_MAX,
  LineReader,
  parseKey,
  parseModule,
  parseTelemetry,
  startsWith,
} from './lines.ts';
import { manifest } from './manifest.ts';

/** What to say of a key once it is stored, or will never be. */
type Verdict = { readonly name: KeyName; readonly word: 'DONE' | 'DROP' };
type Question = 'WHO' | 'NEXT' | 'STAT' | Verdict['word'];

/** The empty line ends whatever an earlier opening left half said. */
const WHO = '\nWHO';
const WHO_MS = 1_000;
const STAT_MS = 1_000;
const REST_MS = 200;

/** One module of text lines (README.md in this folder): asks one question at a time and reads one answer to each. */
export class AsciiModule implements OpenModule {
  readonly #context: DriverContext;
  readonly #sink: ModuleSink;
  readonly #port: PortKeeper;
  readonly #lines = new LineReader();
  readonly #answerMsMax: number;
  /** The question that waits for its answer. */
  #asked: Question | undefined;
  #heardMs = 0;
  /** When it was first asked: a module that goes on talking does not answer either. */
  #askedMs = 0;
  #whoMs = 0;
  /** How often `WHO` has been asked again, and not been answered yet. */
  #whosOwed = 0;
  #statMs = 0;
  /** Until then there is nothing to ask for. */
  #restUntilMs = 0;
  #isOpen = false;
  /** Counts openings: an answer of an earlier one means nothing. */
  #opening = 0;
  #underWay = new Set<number>();
  #verdicts: Verdict[] = [];

  constructor(context: DriverContext, sink: ModuleSink) {
    this.#context = context;
    this.#sink = sink;
    const lineMs = (LINE_BYTES_MAX / lineBytesPerSecond(context.baudRate)) * 1_000;
    this.#answerMsMax = limits.linesAnswerMsMax + lineMs;
    this.#port = new PortKeeper(context, {
      open: (events) => openSerialPort(context, events),
      onOpen: () => this.#opened(),
      onData: (chunk) => this.#heard(chunk),
      onClosed: (reason) => this.#ended(reason),
      onTick: () => this.#tick(),
    });
  }

  close(): Promise<void> {
    return this.#port.close();
  }

  get #nowMs(): number {
    return this.#context.clock.monotonicMs();
  }

  #opened(): void {
    this.#lines.reset();
    this.#heardMs = this.#nowMs;
    this.#whosOwed = 0;
    this.#ask('WHO', WHO);
  }

  /** A module that was starting up has not heard the first one. */
  #askAgain(): void {
    this.#whosOwed += 1;
    this.#whoMs = this.#nowMs;
    this.#write(WHO);
  }

  #heard(chunk: Buffer): void {
    this.#heardMs = this.#nowMs;
    this.#lines.push(chunk, (line) => {
      if (this.#port.link === undefined || this.#port.stopping) return;
      if (line !== undefined) this.#answered(line);
      else if (this.#isOpen) this.#port.hangUp('the module sent a line longer than a line may be');
    });
  }

  #ended(reason: string): void {
    this.#lines.reset();
    this.#asked = undefined;
    this.#opening += 1;
    this.#underWay.clear();
    this.#verdicts = [];
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#sink.onLost(reason);
  }

  #tick(): void {
    const asked = this.#asked;
    if (asked === undefined) this.#askNext();
    else if (this.#nowMs - this.#askedMs >= this.#answerMsMax)
      this.#port.hangUp(`the module does not answer ${asked}`);
    // What starts up may be silent for longer.
    else if (asked !== 'WHO' && this.#nowMs - this.#heardMs >= limits.linesAnswerMs)
      this.#port.hangUp('the module does not answer');
    else if (asked === 'WHO' && this.#nowMs - this.#whoMs >= WHO_MS) this.#askAgain();
  }

  #answered(line: Buffer): void {
    const asked = this.#asked;
    if (asked === 'WHO') return this.#greeted(line);
    if (this.#whosOwed > 0 && startsWith(line, 'MODULE')) {
      // It had heard them all, and answers each; no question that came after them is answered before.
      this.#whosOwed -= 1;
      return;
    }
    this.#asked = undefined;
    if (asked === 'NEXT' && startsWith(line, 'KEY')) this.#key(line);
    else if (asked === 'NEXT' && startsWith(line, 'NONE')) this.#restUntilMs = this.#nowMs + REST_MS;
    else if (asked === 'STAT' && startsWith(line, 'STAT')) this.#stat(line);
    else if ((asked !== 'DONE' && asked !== 'DROP') || !startsWith(line, 'OK'))
      return this.#port.hangUp(`the module did not answer ${asked ?? 'nothing'} as it should`);
    this.#askNext();
  }

  /** Until the module has said who it is, there may be anything on the line. */
  #greeted(line: Buffer): void {
    const info = parseModule(line);
    if (info === undefined) return;
    this.#asked = undefined;
    const { expectedLinkId } = this.#context;
    if (expectedLinkId !== undefined && info.linkId !== expectedLinkId)
      return this.#port.hangUp(`the module is on link ${info.linkId}, not on ${expectedLinkId}`);
    this.#isOpen = true;
    this.#port.proved();
    this.#statMs = this.#restUntilMs = Number.NEGATIVE_INFINITY;
    this.#sink.onOpen(info);
    this.#askNext();
  }

  #key(line: Buffer): void {
    const key = parseKey(line);
    if ('fault' in key)
      return this.#port.hangUp(`the module sent a key line that is not right: ${key.fault}`);
    const { name, bytes } = key;
    const number = blockNumber(name);
    if (this.#underWay.has(number)) {
      bytes.wipe();
      return this.#port.hangUp(`the module sent key ${name.run} ${name.index} twice`);
    }
    this.#underWay.add(number);
    const opening = this.#opening;
    const answer = (word: Verdict['word']): void => {
      if (opening !== this.#opening || !this.#underWay.delete(number)) return;
      this.#verdicts.push({ name, word });
      this.#askNext();
    };
    this.#sink.onBlock({ number, bytes }, { stored: () => answer('DONE'), refused: () => answer('DROP') });
  }

  #stat(line: Buffer): void {
    const telemetry = parseTelemetry(line);
    if (telemetry === undefined) return this.#port.hangUp('the module sent telemetry that is not right');
    this.#sink.onTelemetry(telemetry);
  }

  /** Verdicts first: they are what lets the module forget. */
  #askNext(): void {
    if (!this.#isOpen || this.#asked !== undefined || this.#port.link === undefined) return;
    const verdict = this.#verdicts.shift();
    const waiting = this.#underWay.size + this.#verdicts.length;
    if (verdict !== undefined) {
      const { word, name } = verdict;
      this.#ask(word, `${word} ${name.run} ${name.index}`);
    } else if (this.#nowMs - this.#statMs >= STAT_MS) {
      this.#statMs = this.#nowMs;
      this.#ask('STAT', 'STAT');
    } else if (waiting < manifest.limits.blocksUnderWayMax && this.#nowMs >= this.#restUntilMs) {
      this.#ask('NEXT', 'NEXT');
    }
  }

  #ask(question: Question, line: string): void {
    this.#asked = question;
    // Silence is counted from the question on.
    this.#heardMs = this.#askedMs = this.#whoMs = this.#nowMs;
    this.#write(line);
  }

  #write(line: string): void {
    this.#port.write(Buffer.from(`${line}\n`, 'latin1'));
  }
}
