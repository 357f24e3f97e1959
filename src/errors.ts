/** Who has to act: this program's makers, whoever wrote the configuration, the neighbour KM, the QKD module, the cryptographic application, or whoever looks after the machine. */
export type Fault = 'us' | 'configuration' | 'peer' | 'module' | 'application' | 'host';

/** Exit code of an agent whose node was zeroized: the supervisor is not to start it again. */
export const ZEROIZED = 3;

export type AgentErrorInit = {
  readonly fault: Fault;
  /** What the operator does next, as one sentence in the imperative. */
  readonly remedy: string;
  readonly cause?: unknown;
};

/**
 * An error that an operator may see. `code` is stable and documented; `message` says what happened; neither ever
 * holds key bytes.
 */
export class AgentError extends Error {
  readonly code: string;
  readonly fault: Fault;
  readonly remedy: string;

  constructor(code: string, message: string, init: AgentErrorInit) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'AgentError';
    this.code = code;
    this.fault = init.fault;
    this.remedy = init.remedy;
  }

  toJSON(): { code: string; fault: Fault; message: string; remedy: string } {
    return { code: this.code, fault: this.fault, message: this.message, remedy: this.remedy };
  }
}

/** An invariant of ours does not hold: stop rather than go on with key of unknown state. Never caught and ignored. */
export class InvariantError extends AgentError {
  constructor(message: string) {
    super('us.invariant', message, {
      fault: 'us',
      remedy: 'Restart the agent; report this message and the log before it.',
    });
    this.name = 'InvariantError';
  }
}

/** For the end of a chain of promises: what breaks an invariant ends the process, anything else is for the caller to report. */
export function rethrowInvariant(thrown: unknown): void {
  if (thrown instanceof InvariantError) throw thrown;
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** What nobody has foreseen, in a form that an operator can report. */
export function unexpected(thrown: unknown): AgentError {
  return new AgentError('us.unexpected', `something went wrong that should not: ${messageOf(thrown)}`, {
    fault: 'us',
    remedy: 'Look at the log; report this message and the lines before it.',
    cause: thrown,
  });
}

/** The text of anything thrown, for a log line. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
