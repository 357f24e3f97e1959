import { request } from 'node:http';
import { AgentError, type Fault, messageOf } from '../errors.ts';
import { limits } from '../limits.ts';

/** One call of a running agent's control interface. @throws AgentError, the agent's own or `host.agent_unreachable` */
export function callAgent<Answer>(
  socketPath: string,
  method: string,
  path: string,
  body?: object,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // A connection for each call: one that is kept may have been closed by the other end, which is heard too late.
    const options = { socketPath, method, path, timeout: limits.controlRequestMs, agent: false } as const;
    const call = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const answer = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Answer & {
          error?: ReturnType<AgentError['toJSON']>;
        };
        if (response.statusCode === 200) resolve(answer);
        else reject(fromAnswer(answer.error));
      });
    });
    call.on('timeout', () => call.destroy(new Error('no answer came in time')));
    call.on('error', (cause) => reject(unreachable(socketPath, cause)));
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function fromAnswer(
  error: { code: string; fault: Fault; message: string; remedy: string } | undefined,
): AgentError {
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
