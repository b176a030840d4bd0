/** `reft codec-server`: decrypts what Temporal's UI and command line show, on this machine. */
import { InvalidSettings } from '../../activities/errors.js';
import { createCodec } from '../../infra/temporal/codec/codec.js';
import { codecKeysFrom } from '../../infra/temporal/codec/keys.js';
import { startCodecServer } from '../../infra/temporal/codec/server.js';
import { findRunningTemporal } from '../../infra/temporal/local.js';
import { aborted, abortOnInterrupt } from '../interruption.js';
import { dataDirectory } from '../settings.js';
import { UsageError } from './usageError.js';

export interface CodecServerCommand {
  readonly port: string;
  readonly uiOrigin?: string;
}

/** @throws UsageError when port or origin is none; InvalidSettings when no key is given or the port is taken */
export async function codecServer({ port, uiOrigin }: CodecServerCommand): Promise<void> {
  const keys = codecKeysFrom(process.env);
  if (keys.length === 0) throw new InvalidSettings('no key is given: set REFT_CODEC_KEY or REFT_CODEC_KEY_FILE');
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new UsageError(`--port is "${port}": allowed is a whole number up to 65535`);
  const signal = abortOnInterrupt();
  const origins = uiOrigin === undefined ? await localOrigins() : [readOrigin(uiOrigin)];
  const server = await startCodecServer({ codec: createCodec(keys), port: Number(port), origins });
  console.log(`Codec server at ${server.address}, for pages of ${origins.join(' and ')}. Ctrl-C stops it.`);
  await aborted(signal);
  await server.close();
}

function readOrigin(text: string): string {
  const { origin, href } = URL.canParse(text) ? new URL(text) : { origin: 'null', href: '' };
  if (origin === 'null' || (href !== `${origin}/` && href !== origin))
    throw new UsageError(
      `--ui-origin is "${text}": allowed is an address without a path, such as https://cloud.temporal.io`,
    );
  return origin;
}

/** The UI of the server in the data directory by both of its names, or where such a UI is by custom. */
async function localOrigins(): Promise<readonly string[]> {
  const running = await findRunningTemporal(dataDirectory, process.env.TEMPORAL_NAMESPACE || 'default');
  const { port } = new URL(running?.access.uiUrl ?? 'http://127.0.0.1:8233');
  return [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
}
