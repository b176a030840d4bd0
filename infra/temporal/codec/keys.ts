/**
 * The keys that payloads are encrypted with before Temporal gets them: `REFT_CODEC_KEY`, or the file that `REFT_CODEC_KEY_FILE` names.
 *
 * The first key encrypts, all of them decrypt: a new key is put before the old ones, which stay until no history needs them.
 */
import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { InvalidSettings, messageOf } from '../../../activities/errors.js';

export interface CodecKey {
  /** Stands in each payload, in plain text. */
  readonly id: string;
  /** 32 bytes. An object that no log or error prints. */
  readonly secret: KeyObject;
}

const keyBytes = 32;
const idForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const hexForm = /^[0-9a-f]{64}$/i;
const base64Form = /^[A-Za-z0-9+/_-]{43}=?$/;
const allowed =
  'allowed are keys of 32 bytes in base64 or hexadecimal digits (`openssl rand -base64 32`), each alone or behind its name and a colon, ' +
  'the newest first';

/**
 * The keys, newest first; none where neither variable is set, and then payloads stay plain.
 * @throws InvalidSettings naming the variable and what is allowed, never what it says
 */
export function codecKeysFrom(environment: NodeJS.ProcessEnv): readonly CodecKey[] {
  const { REFT_CODEC_KEY: given, REFT_CODEC_KEY_FILE: file } = environment;
  if (given && file) throw new InvalidSettings('REFT_CODEC_KEY and REFT_CODEC_KEY_FILE are both set: set one of them');
  if (given) return parseKeys('REFT_CODEC_KEY', given);
  if (file) return parseKeys('REFT_CODEC_KEY_FILE', readKeyFile(file));
  return [];
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/^\s*#.*$/gm, '');
  } catch (error) {
    throw new InvalidSettings(`REFT_CODEC_KEY_FILE names a file that cannot be read: ${messageOf(error)}`);
  }
}

function parseKeys(variable: string, text: string): readonly CodecKey[] {
  const items = text.split(/[\s,]+/).filter(Boolean);
  const wrong = (problem: string): InvalidSettings => new InvalidSettings(`${variable} ${problem}: ${allowed}`);
  if (items.length === 0) throw wrong('holds no key');
  const keys = items.map((item, index) => {
    const key = parseKey(item);
    if (key === undefined) throw wrong(`holds something else as key ${index + 1} of ${items.length}`);
    return key;
  });
  const ids = keys.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw wrong(`holds two keys called ${JSON.stringify(twice)}`);
  return keys;
}

/** `name:key`, or `key`; undefined for anything else. */
function parseKey(item: string): CodecKey | undefined {
  const colon = item.indexOf(':');
  const name = colon < 0 ? undefined : item.slice(0, colon);
  const bytes = readBytes(item.slice(colon + 1));
  if (bytes === undefined || (name !== undefined && !idForm.test(name))) return undefined;
  return { id: name ?? fingerprint(bytes), secret: createSecretKey(bytes) };
}

function readBytes(text: string): Buffer | undefined {
  const isHex = hexForm.test(text);
  if (!isHex && !base64Form.test(text)) return undefined;
  const bytes = Buffer.from(text, isHex ? 'hex' : 'base64');
  return bytes.length === keyBytes ? bytes : undefined;
}

/** The name of a key that has none: it tells keys apart, and nothing of the key. */
function fingerprint(bytes: Buffer): string {
  return createHash('sha256').update('reft codec key').update(bytes).digest('hex').slice(0, 12);
}
