/**
 * The channel written down a second time on node:crypto, without any of the agent's code, for the golden vectors:
 * `node test/firmware-bridge/naive-channel.ts > firmware-bridge/channel-vectors.json` makes them anew.
 */
import {
  createCipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
} from 'node:crypto';

const NAME = 'Noise_NNpsk0_25519_ChaChaPoly_BLAKE2b';
const PRIVATE = Buffer.from('302e020100300506032b656e04220420', 'hex');
const PUBLIC = Buffer.from('302a300506032b656e032100', 'hex');

const join = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts);
const hash = (...parts: readonly Uint8Array[]): Buffer =>
  createHash('blake2b512')
    .update(join(...parts))
    .digest();
const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer =>
  createHmac('blake2b512', key)
    .update(join(...parts))
    .digest();

function hkdf(chain: Buffer, material: Uint8Array): [Buffer, Buffer, Buffer] {
  const t = hmac(chain, material);
  const o1 = hmac(t, Buffer.of(1));
  const o2 = hmac(t, o1, Buffer.of(2));
  return [o1, o2, hmac(t, o2, Buffer.of(3))];
}

export function naiveAead(key: Buffer, counter: number, bound: Buffer, plain: Buffer): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32LE(counter % 2 ** 32, 4);
  nonce.writeUInt32LE(Math.floor(counter / 2 ** 32), 8);
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  cipher.setAAD(bound, { plaintextLength: plain.length });
  return join(cipher.update(plain), cipher.final(), cipher.getAuthTag());
}

const secretOf = (bytes: Buffer) =>
  createPrivateKey({ key: join(PRIVATE, bytes), format: 'der', type: 'pkcs8' });
const publicOf = (bytes: Buffer): Buffer =>
  createPublicKey(secretOf(bytes)).export({ format: 'der', type: 'spki' }).subarray(-32);
const shared = (secret: Buffer, theirs: Buffer): Buffer =>
  diffieHellman({
    privateKey: secretOf(secret),
    publicKey: createPublicKey({ key: join(PUBLIC, theirs), format: 'der', type: 'spki' }),
  });

export type NaiveInputs = {
  readonly moduleKey: Buffer;
  readonly agentSecret: Buffer;
  readonly moduleSecret: Buffer;
  readonly prologue?: Buffer;
  /** The channel's are empty; others only to compare with other implementations of Noise. */
  readonly payloads?: readonly [Buffer, Buffer];
};

/** The whole handshake from its inputs, with the values between. */
export function naiveHandshake(inputs: NaiveInputs) {
  const { moduleKey, agentSecret, moduleSecret } = inputs;
  const prologue = inputs.prologue ?? Buffer.from('keyferry bridge channel 1');
  const [first, second] = inputs.payloads ?? [Buffer.alloc(0), Buffer.alloc(0)];
  let h: Buffer = Buffer.alloc(64);
  h.write(NAME);
  let ck = h;
  h = hash(h, prologue);
  const afterPrologue = h;
  const [chain, t, keyOfModule] = hkdf(ck, moduleKey);
  let k = keyOfModule;
  ck = chain;
  h = hash(h, t);
  const afterModuleKey = { h, ck, k: k.subarray(0, 32) };
  const agentPublic = publicOf(agentSecret);
  h = hash(h, agentPublic);
  [ck, k] = hkdf(ck, agentPublic);
  const sealedOpen = naiveAead(k.subarray(0, 32), 0, h, first);
  h = hash(h, sealedOpen);
  const afterOpen = { h, ck };
  const modulePublic = publicOf(moduleSecret);
  h = hash(h, modulePublic);
  [ck, k] = hkdf(ck, modulePublic);
  const sharedSecret = shared(moduleSecret, agentPublic);
  [ck, k] = hkdf(ck, sharedSecret);
  const sealedAnswer = naiveAead(k.subarray(0, 32), 0, h, second);
  const [agentKey, ourKey] = hkdf(ck, Buffer.alloc(0));
  return {
    afterPrologue,
    afterModuleKey,
    afterOpen,
    agentPublic,
    modulePublic,
    sharedSecret,
    open: join(Buffer.of(1), agentPublic, sealedOpen),
    answer: join(Buffer.of(2), modulePublic, sealedAnswer),
    agentKey: agentKey.subarray(0, 32),
    moduleKey: ourKey.subarray(0, 32),
  };
}

export function naiveRecord(key: Buffer, counter: number, envelope: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUInt32LE(counter % 2 ** 32, 1);
  head.writeUInt32LE(Math.floor(counter / 2 ** 32), 5);
  return join(head, naiveAead(key, counter, Buffer.alloc(0), envelope));
}

const RECORDS = [
  { from: 'agent', counter: 0, envelope: '120a08071001180120808004' },
  { from: 'module', counter: 0, envelope: '22031201aa' },
  { from: 'agent', counter: 300, envelope: '1a020840' },
  { from: 'module', counter: 2 ** 32 + 1, envelope: '22031201aa' },
  { from: 'module', counter: 2 ** 48 - 1, envelope: '220c080112080000000000000000' },
] as const;

/** The vectors, in hexadecimal. The keys are from no random source: never use them. */
export function naiveChannelVectors() {
  const keys = [
    ['00', '11', '22'],
    ['a5', '5a', 'c3'],
  ] as const;
  return keys.map(([module_key, agent, module], number) => {
    const count = (start: string): Buffer =>
      Buffer.from(
        Array.from({ length: 32 }, (_, i) => (Number.parseInt(start, 16) + i * (number === 0 ? 1 : 7)) & 255),
      );
    const inputs = { moduleKey: count(module_key), agentSecret: count(agent), moduleSecret: count(module) };
    const made = naiveHandshake(inputs);
    const hex = (bytes: Buffer): string => bytes.toString('hex');
    return {
      module_key: hex(inputs.moduleKey),
      e_a: hex(inputs.agentSecret),
      E_a: hex(made.agentPublic),
      e_m: hex(inputs.moduleSecret),
      E_m: hex(made.modulePublic),
      h_after_prologue: hex(made.afterPrologue),
      h_after_module_key: hex(made.afterModuleKey.h),
      ck_after_module_key: hex(made.afterModuleKey.ck),
      h_after_open: hex(made.afterOpen.h),
      ck_after_open: hex(made.afterOpen.ck),
      x25519: hex(made.sharedSecret),
      channel_open: hex(made.open),
      channel_answer: hex(made.answer),
      k_a: hex(made.agentKey),
      k_m: hex(made.moduleKey),
      records: RECORDS.map(({ from, counter, envelope }) => ({
        from,
        counter,
        envelope,
        record: hex(
          naiveRecord(
            from === 'agent' ? made.agentKey : made.moduleKey,
            counter,
            Buffer.from(envelope, 'hex'),
          ),
        ),
      })),
    };
  });
}

export type ChannelVector = ReturnType<typeof naiveChannelVectors>[number];

if (import.meta.main) process.stdout.write(`${JSON.stringify(naiveChannelVectors(), null, 2)}\n`);
