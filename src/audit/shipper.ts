import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Audit } from '../env/audit.ts';
import type { Clock } from '../env/clock.ts';
import type { Disk } from '../env/disk.ts';
import type { Log } from '../env/log.ts';
import { AgentError, messageOf, rethrowInvariant } from '../errors.ts';
import { limits } from '../limits.ts';
import { linesBehind, type Place, placeBehind } from './reading-place.ts';
import { syslogFrame } from './syslog.ts';

export type Collector = {
  readonly host: string;
  readonly port: number;
  /** PEM; undefined: no TLS. */
  readonly tls?:
    | undefined
    | { readonly ca: Buffer; readonly cert?: Buffer | undefined; readonly key?: Buffer | undefined };
};

export type ShipperOptions = {
  readonly directory: string;
  readonly kmaId: string;
  readonly collector: Collector;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly log: Log;
  /** How long lines go over one connection before the collector is asked to acknowledge them. */
  readonly acknowledgeMs?: number;
};

const PLACE_FILE = 'shipped.json';

/**
 * Ships the trail to a syslog collector, out of its files, so that nothing waits for it. Syslog knows no acknowledgement: we end a connection
 * now and then and wait until the collector ends it too, which it does when it has read all. What was not acknowledged so is sent again; a
 * line that comes twice is known by its number.
 */
export class Shipper {
  readonly #options: ShipperOptions;
  #tls: Collector['tls'];
  /** Up to which line it is on record that some were never shipped. */
  #missedTo = 0;
  /** Behind what is acknowledged; undefined until it has been looked for. */
  #place: Place | undefined;
  /** Lines up to this one are acknowledged. */
  acknowledged = 0;
  #stopping = false;
  #wake = (): void => {};
  #running: Promise<void> | undefined;
  #socket: Socket | undefined;
  failure: string | undefined;

  constructor(options: ShipperOptions) {
    this.#options = options;
    this.#tls = options.collector.tls;
  }

  /** Shown and believed from the next connection on, which is not far. The private key is the shipper's. */
  use(tls: Collector['tls']): void {
    this.#tls?.key?.fill(0);
    this.#tls = tls;
  }

  /** The trail is there by now. */
  start(): void {
    this.#running = this.#run();
  }

  /** Ships what there still is, for as long as a stop may take. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    const cancel = this.#options.clock.after(limits.auditShipStopMs, () => this.#socket?.destroy());
    await this.#running;
    cancel();
  }

  async #run(): Promise<void> {
    let backOffMs: number = limits.auditShipBackOffMsMin;
    for (;;) {
      try {
        await this.#session();
        if (this.failure !== undefined)
          this.#options.log.info('audit.shipped_again', { seq: this.acknowledged });
        this.failure = undefined;
        backOffMs = limits.auditShipBackOffMsMin;
        if (this.#stopping) return;
      } catch (thrown) {
        rethrowInvariant(thrown);
        const reason = messageOf(thrown);
        if (reason !== this.failure) this.#options.log.warn('audit.not_shipped', { reason });
        this.failure = reason;
        // Its file has been removed. To look for the place else, each time that the collector does not answer, would keep everything waiting.
        if (thrown instanceof AgentError && thrown.code === 'host.audit_unreadable') this.#place = undefined;
        if (this.#stopping) return;
        await this.#pause(backOffMs);
        backOffMs = Math.min(2 * backOffMs, limits.auditShipBackOffMsMax);
      }
    }
  }

  // One connection, from the first line that is not acknowledged to the collector's word that it has read all.
  async #session(): Promise<void> {
    const begun = await this.#begin();
    if (begun === undefined) return;
    const { acknowledgeMs = limits.auditShipAcknowledgeMs, clock } = this.#options;
    const socket = await this.#connected();
    const end = ended(socket);
    try {
      let place = begun;
      const endMs = clock.monotonicMs() + acknowledgeMs;
      for (;;) {
        const next = linesBehind(this.#options.disk, this.#options.directory, place);
        const moved = next.place.file !== place.file || next.lines.length > 0;
        if (next.lines.length > 0) await this.#write(socket, next.lines, end);
        place = next.place;
        if (moved && clock.monotonicMs() < endMs) continue;
        if (this.#stopping || (clock.monotonicMs() >= endMs && place.seq > begun.seq)) break;
        await Promise.race([this.#pause(limits.auditShipTickMs), end.early]);
      }
      await this.#acknowledged(socket, end);
      this.#keep(place);
    } finally {
      socket.destroy();
      this.#socket = undefined;
    }
  }

  // Waits until there is something to ship; undefined when it shall not any more.
  async #begin(): Promise<Place | undefined> {
    for (;;) {
      this.#place ??= this.#remembered();
      if (this.#place !== undefined) {
        const { lines, place } = linesBehind(this.#options.disk, this.#options.directory, this.#place);
        if (lines.length > 0) return this.#place;
        this.#place = place;
      }
      if (this.#stopping) return undefined;
      await this.#pause(limits.auditShipTickMs);
    }
  }

  #remembered(): Place | undefined {
    const { directory, audit, disk } = this.#options;
    const seq = Math.max(this.acknowledged, readPlace(disk, join(directory, PLACE_FILE)));
    this.acknowledged = seq;
    const place = placeBehind(disk, directory, seq);
    const from = Math.max(seq, this.#missedTo);
    if (place !== undefined && place.seq > from) {
      // Once: while the collector is away this comes again and again.
      this.#missedTo = place.seq;
      const facts = { from_seq: from + 1, to_seq: place.seq };
      const reason = 'they were removed before the collector had them';
      audit.record({ what: 'audit.not_shipped', who: 'agent', outcome: 'failed', reason, facts });
    }
    return place;
  }

  #keep(place: Place): void {
    this.#place = place;
    this.acknowledged = place.seq;
    const path = join(this.#options.directory, PLACE_FILE);
    // Lost with the power, it costs some lines that come twice.
    this.#options.disk.writeFileSync(`${path}.new`, JSON.stringify({ seq: place.seq }), { mode: 0o600 });
    this.#options.disk.renameSync(`${path}.new`, path);
  }

  #connected(): Promise<Socket> {
    const { host, port } = this.#options.collector;
    const tls = this.#tls;
    return new Promise((resolve, reject) => {
      const ready = () => resolve(socket);
      const socket =
        tls === undefined
          ? connectTcp({ host, port, keepAlive: true }, ready)
          : connectTls({ ...tls, ...tlsTo(host), host, port }, ready);
      this.#socket = socket;
      const cancel = this.#options.clock.after(limits.auditShipWaitMs, () =>
        socket.destroy(new Error('the collector does not answer')),
      );
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('the collector hung up')));
      socket.once(tls === undefined ? 'connect' : 'secureConnect', cancel);
    });
  }

  async #write(socket: Socket, lines: readonly Buffer[], end: Ended): Promise<void> {
    const { kmaId, clock } = this.#options;
    const frames = Buffer.concat(lines.map((line) => syslogFrame(line, kmaId, process.pid)));
    if (socket.write(frames)) return;
    const cancel = clock.after(limits.auditShipWaitMs * 6, () =>
      socket.destroy(new Error('the collector takes nothing')),
    );
    const drained = new Promise<void>((resolve) => socket.once('drain', resolve));
    await Promise.race([drained, end.early]).finally(cancel);
  }

  async #acknowledged(socket: Socket, end: Ended): Promise<void> {
    end.asked();
    socket.end();
    const cancel = this.#options.clock.after(limits.auditShipWaitMs, () =>
      socket.destroy(new Error('the collector does not end the connection, and so acknowledges nothing')),
    );
    await end.orderly.finally(cancel);
  }

  #pause(ms: number): Promise<void> {
    if (this.#stopping) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

type Ended = {
  /** From now on the collector may end. */
  asked(): void;
  /** Rejects when the connection ends before we have asked for it. */
  readonly early: Promise<never>;
  /** Resolves when the collector has ended the connection after us. */
  readonly orderly: Promise<void>;
};

function ended(socket: Socket): Ended {
  let asked = false;
  let fault: Error | undefined;
  let isRead = false;
  const early = Promise.withResolvers<never>();
  const orderly = Promise.withResolvers<void>();
  // Whoever waits for neither has been told by the other.
  early.promise.catch(() => {});
  orderly.promise.catch(() => {});
  socket.resume();
  socket.on('error', (error) => {
    fault = error;
  });
  socket.once('end', () => {
    isRead = asked;
    if (!asked) socket.destroy(new Error('the collector ended the connection'));
  });
  socket.once('close', () => {
    const reason = fault ?? new Error('the collector hung up');
    early.reject(reason);
    if (isRead && fault === undefined) orderly.resolve();
    else orderly.reject(reason);
  });
  return {
    asked: () => {
      asked = true;
    },
    early: early.promise,
    orderly: orderly.promise,
  };
}

function readPlace(disk: Disk, path: string): number {
  try {
    const { seq } = JSON.parse(disk.readFileSync(path, 'utf8')) as { seq: unknown };
    return Number.isSafeInteger(seq) && (seq as number) > 0 ? (seq as number) : 0;
  } catch {
    return 0;
  }
}

// Said, and not left to what Node.js takes for usual: NODE_TLS_REJECT_UNAUTHORIZED would change that.
function tlsTo(host: string): ConnectionOptions {
  return { servername: isIP(host) === 0 ? host : '', minVersion: 'TLSv1.2', rejectUnauthorized: true };
}
