import { AgentError } from '../../errors.ts';
import { limits } from '../../limits.ts';

/**
 * Why a request gets no key, as the application is told. GS QKD 014 clause 5 knows 400, 401 and 503; what HTTP itself
 * has a code for (404, 405, 413, 414, 415) gets that one.
 */
export class Refusal {
  readonly status: number;
  /** Stable, like the codes of `AgentError`. */
  readonly code: string;
  readonly message: string;
  readonly remedy: string | undefined;
  /** More header fields, names and values in turn. */
  readonly headers: readonly string[];

  constructor(
    status: number,
    code: string,
    message: string,
    remedy?: string,
    headers: readonly string[] = [],
  ) {
    this.status = status;
    this.code = code;
    this.message = message;
    this.remedy = remedy;
    this.headers = headers;
  }

  /** The Error data format (clause 6.5): `message`, and our code and remedy as the one entry of `details`. */
  body(): Buffer {
    const detail = this.remedy === undefined ? { code: this.code } : { code: this.code, remedy: this.remedy };
    return Buffer.from(JSON.stringify({ message: this.message, details: [detail] }));
  }
}

/** The messages that the standard words itself (clauses 5.2 and 5.3). */
export const standardMessages = {
  sizeMultiple: 'size shall be a multiple of 8',
  extensionMandatory: 'not all extension_mandatory parameters are supported',
  keysNotFound: 'one or more keys specified are not found on KME',
} as const;

/** A request that is not in the form the standard gives it. */
export function badRequest(message: string): Refusal {
  return new Refusal(400, 'application.bad_request', message);
}

export function keysNotFound(remedy?: string): Refusal {
  return new Refusal(400, 'application.key_not_found', standardMessages.keysNotFound, remedy);
}

export function extensionMandatory(): Refusal {
  return new Refusal(
    400,
    'application.extension_mandatory',
    standardMessages.extensionMandatory,
    'The one that is known is {"keyferry_notify": true}, or false, where the far node can be notified; put others into extension_optional.',
  );
}

export function tooManyStreams(): Refusal {
  return new Refusal(
    429,
    'application.too_many_streams',
    `an application may hold ${limits.supplyStreamsPerApplicationMax} streams, one for each master`,
    'End a stream first.',
  );
}

export function unknownSae(): Refusal {
  return new Refusal(
    400,
    'application.unknown_sae',
    'no key is supplied here to the calling application together with the one in the path',
    'Compare the SAE ID in the path with the applications that both nodes are configured to serve.',
  );
}

/** What the application is told of an error of the supply. Only what is the application's business crosses over. */
export function refusalOf(thrown: unknown): Refusal {
  if (!(thrown instanceof AgentError) || thrown.fault === 'us') {
    return new Refusal(503, 'us.internal', 'internal error');
  }
  if (thrown.code === 'application.key_not_found') return keysNotFound(thrown.remedy);
  if (thrown.fault === 'application') {
    const status = thrown.code === 'application.not_authorised' ? 401 : 400;
    return new Refusal(status, thrown.code, thrown.message, thrown.remedy);
  }
  // A store's message may name paths of the node: its code is enough for the application to report.
  if (!thrown.code.startsWith('kma.')) return new Refusal(503, thrown.code, 'Error on server side');
  return new Refusal(503, thrown.code, thrown.message, thrown.remedy);
}
