/**
 * Encrypts payloads on their way to Temporal and decrypts them on their way back (AES-256-GCM): inputs, results, heartbeats, memos,
 * queries, signals, updates and the texts of failures are then unreadable in histories, in the server's database and to its operators.
 *
 * The form is that of the encryption samples of Temporal's SDKs, so that a scorer in another language reads it with theirs: `data` is
 * 12 bytes of nonce, the encrypted payload (protobuf) and 16 bytes of tag; `metadata` has `encoding: binary/encrypted`,
 * `encryption-cipher: AES/GCM` and `encryption-key-id`. 2^32 payloads may be encrypted by one key (NIST SP 800-38D, 8.3).
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { MissingCodecKey } from '../../../activities/errors.js';
import type { CodecKey } from './keys.js';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;
const encoding = Buffer.from('binary/encrypted');
const cipherName = Buffer.from('AES/GCM');

/**
 * @param keys the first encrypts. With none, payloads are passed on as they are, and those that are encrypted are refused.
 */
export function createCodec(keys: readonly CodecKey[]): PayloadCodec {
  const [newest] = keys;
  return {
    encode: async (payloads) =>
      newest === undefined ? payloads : payloads.map((payload) => encryptPayload(newest, payload)),
    /** @throws MissingCodecKey when a payload's key is not among `keys` */
    decode: async (payloads) =>
      payloads.map((payload) => (keyIdOf(payload) === undefined ? payload : decryptPayload(keys, payload))),
  };
}

/** Which key a payload is encrypted with; undefined for one that is not encrypted. */
export function keyIdOf({ metadata }: Payload): string | undefined {
  if (!metadata?.encoding || !encoding.equals(metadata.encoding)) return undefined;
  return Buffer.from(metadata['encryption-key-id'] ?? []).toString();
}

/** What is said when a payload is encrypted with a key that is not given. */
export function missingKey(id: string, keys: readonly CodecKey[]): MissingCodecKey {
  const given = keys.length === 0 ? 'none is given' : `given are ${keys.map((key) => key.id).join(', ')}`;
  return new MissingCodecKey(
    `what Temporal holds is encrypted with the key ${JSON.stringify(id)}, which is not given (${given}): ` +
      'set REFT_CODEC_KEY or REFT_CODEC_KEY_FILE as where it was written',
  );
}

function encryptPayload({ id, secret }: CodecKey, payload: Payload): Payload {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, secret, nonce);
  const plain = PayloadMessage.encode(payload).finish();
  const data = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return { metadata: { encoding, 'encryption-cipher': cipherName, 'encryption-key-id': Buffer.from(id) }, data };
}

function decryptPayload(keys: readonly CodecKey[], payload: Payload): Payload {
  const id = keyIdOf(payload) ?? '';
  const key = keys.find((one) => one.id === id);
  if (key === undefined) throw missingKey(id, keys);
  const data = Buffer.from(payload.data ?? []);
  try {
    const decipher = createDecipheriv(algorithm, key.secret, data.subarray(0, nonceBytes));
    decipher.setAuthTag(data.subarray(-tagBytes));
    const plain = Buffer.concat([decipher.update(data.subarray(nonceBytes, -tagBytes)), decipher.final()]);
    return PayloadMessage.decode(plain);
  } catch {
    throw new MissingCodecKey(
      `what Temporal holds cannot be decrypted with the key ${JSON.stringify(id)}: another key has that name in REFT_CODEC_KEY or ` +
        'REFT_CODEC_KEY_FILE where it was written, or it was changed since',
    );
  }
}
