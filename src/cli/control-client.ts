import { request } from 'node:http';
import { AgentError, messageOf } from '../errors.ts';
import { limits } from '../limits.ts';

type ErrorAnswer = { readonly error?: ReturnType<AgentError['toJSON']> };

/**
 * One call of a running agent's control interface.
 * @param waitMs for its answer; what only looks (GET) has less to wait for
 * @throws AgentError, the agent's own; `host.agent_unreachable`; `host.agent_silent`: it took the order and does not answer; `us.unexpected` for an answer that is none
 */
export function callAgent<Answer>(
  socketPath: string,
  method: string,
  path: string,
  body?: object,
  waitMs: number = method === 'GET' ? limits.controlLookMs : limits.controlRequestMs,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // A connection for each call: one that is kept may have been closed by the other end, which is heard too late.
    const options = { socketPath, method, path, timeout: waitMs, agent: false } as const;
    const call = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (cause) => reject(brokenOff(socketPath, cause)));
      response.on('end', () => {
        const answer = parseAnswer(Buffer.concat(chunks));
        if (answer === undefined) reject(noAnswer(socketPath));
        else if (response.statusCode === 200) resolve(answer as Answer);
        else reject(fromAnswer(answer.error));
      });
    });
    call.on('timeout', () => {
      reject(silent(socketPath, waitMs));
      call.destroy();
    });
    let connected = false;
    call.on('socket', (socket) => socket.once('connect', () => (connected = true)));
    call.on('error', (cause) => reject((connected ? brokenOff : unreachable)(socketPath, cause)));
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** @returns undefined for what is no JSON object */
function parseAnswer(body: Buffer): ErrorAnswer | undefined {
  try {
    const answer: unknown = JSON.parse(body.toString('utf8'));
    return typeof answer === 'object' && answer !== null ? answer : undefined;
  } catch {
    return undefined;
  }
}

function fromAnswer(error: ErrorAnswer['error']): AgentError {
  const {
    code = 'us.unexpected',
    fault = 'us',
    message = 'the agent gave no reason',
    remedy = 'Read its log.',
  } = error ?? {};
  return new AgentError(code, message, { fault, remedy });
}

function unreachable(socketPath: string, cause: unknown): AgentError {
  return new AgentError('host.agent_unreachable', `no agent answers at ${socketPath}: ${messageOf(cause)}`, {
    fault: 'host',
    remedy: 'Start the agent, name its socket with --socket, or run this as the user that the agent runs as.',
    cause,
  });
}

function silent(socketPath: string, waitMs: number): AgentError {
  const message = `the agent at ${socketPath} did not answer within ${waitMs / 1_000} s`;
  const remedy = 'See what its log says. It may still do what it was told; where it hangs, restart it.';
  return new AgentError('host.agent_silent', message, { fault: 'host', remedy });
}

function brokenOff(socketPath: string, cause: unknown): AgentError {
  const message = `the agent at ${socketPath} broke off before its answer was whole: ${messageOf(cause)}`;
  const remedy =
    'See whether it still runs and what its log says, then what became of the order, before giving it again.';
  return new AgentError('host.agent_unreachable', message, { fault: 'host', remedy, cause });
}

function noAnswer(socketPath: string): AgentError {
  return new AgentError('us.unexpected', `what answers at ${socketPath} does not answer as an agent does`, {
    fault: 'us',
    remedy: 'Name the socket of an agent with --socket; where it is one, report this and its log.',
  });
}
