/**
 * Metrics as a run of an MLflow tracking server, by its REST API: https://mlflow.org/docs/latest/rest-api.html. The specification's fields are
 * the run's parameters. A second export of a run takes the place of the first one's, which MLflow keeps among its deleted runs.
 *
 * The environment says what MLflow's own client reads of it: MLFLOW_EXPERIMENT_NAME, MLFLOW_TRACKING_TOKEN, and MLFLOW_TRACKING_USERNAME with
 * MLFLOW_TRACKING_PASSWORD.
 */
import { z } from 'zod';
import { messageOf } from '../../activities/errors.js';
import { parseForeignJson } from '../../activities/foreignJson.js';
import { fetchFromWeb } from '../../activities/network/fetch.js';
import type { CurvePoint } from '../../activities/report/types.js';
import { isRecord } from '../../workflows/config/explain.js';
import { UsageError } from '../command/usageError.js';
import { packageVersion } from '../packageRoot.js';
import type { MetricSink } from './sink.js';

const usualExperiment = 'reft';
const timeoutMs = 30_000;
/** The server's limits of one request, and of a parameter's value in characters. */
const [mostMetrics, mostParameters, longestParameter] = [1_000, 100, 6_000];
/** Which run of ours it is. */
const runTag = 'reft.run';

const experimentReply = z.object({ experiment: z.object({ experiment_id: z.string() }) });
const createdExperiment = z.object({ experiment_id: z.string() });
const runReply = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) });
const runsReply = z.object({ runs: z.array(runReply.shape.run).optional() });
const anyReply = z.object({});

/**
 * @param url of the tracking server
 * @param spec of the run, with every default
 * @throws UsageError when the server does not answer, or refuses
 */
export async function openMlflowRun(url: string, id: string, startedAt: Date, spec: unknown): Promise<MetricSink> {
  const base = readUrl(url);
  const experiment = await findExperiment(base, process.env.MLFLOW_EXPERIMENT_NAME || usualExperiment);
  // A name in a filter stands between quotes.
  const tag = encodeURIComponent(id).replaceAll("'", '%27');
  const earlier = await call(base, 'runs/search', runsReply, {
    experiment_ids: [experiment],
    filter: `tags.\`${runTag}\` = '${tag}'`,
    max_results: mostMetrics,
  });
  for (const { info } of earlier.runs ?? []) await call(base, 'runs/delete', anyReply, { run_id: info.run_id });
  const { run } = await call(base, 'runs/create', runReply, {
    experiment_id: experiment,
    run_name: id,
    start_time: startedAt.getTime(),
    tags: [
      { key: runTag, value: tag },
      { key: 'mlflow.source.name', value: `reft ${packageVersion()}` },
      { key: 'mlflow.source.type', value: 'JOB' },
    ],
  });
  const { run_id } = run.info;
  for (const params of batches(parametersOf(spec), mostParameters))
    await call(base, 'runs/log-batch', anyReply, { run_id, params });
  return {
    place: `${base}/#/experiments/${experiment}/runs/${run_id}`,
    async write(points) {
      for (const metrics of batches(metricsOf(points), mostMetrics))
        await call(base, 'runs/log-batch', anyReply, { run_id, metrics });
    },
    async close(state) {
      const status = statusOf(state);
      if (status !== 'RUNNING') await call(base, 'runs/update', anyReply, { run_id, status, end_time: Date.now() });
    },
  };
}

/** Without a slash at its end. */
function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash)
    throw new UsageError(
      `--mlflow is "${text}": allowed is the address of a tracking server, such as http://127.0.0.1:5000 (user name and password: MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD)`,
    );
  return url.href.replace(/\/+$/, '');
}

async function findExperiment(base: string, name: string): Promise<string> {
  const query = `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
  const found = await ask(base, query);
  if (found.status === 404) return (await call(base, 'experiments/create', createdExperiment, { name })).experiment_id;
  return read(base, query, found, experimentReply).experiment.experiment_id;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function call<Reply>(base: string, path: string, form: z.ZodType<Reply>, body: object): Promise<Reply> {
  return read(base, path, await ask(base, path, body), form);
}

/** GET where there is no body. */
async function ask(base: string, path: string, body?: object): Promise<Answer> {
  try {
    const response = await fetchFromWeb(`${base}/api/2.0/mlflow/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      // What the headers hold is for this address.
      redirect: 'manual',
      headers: { accept: 'application/json', 'content-type': 'application/json', ...credentials() },
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new UsageError(`MLflow at ${base} does not answer: ${messageOf(cause)}`);
  }
}

function credentials(): Record<string, string> {
  const { MLFLOW_TRACKING_TOKEN, MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD = '' } = process.env;
  if (MLFLOW_TRACKING_TOKEN) return { authorization: `Bearer ${MLFLOW_TRACKING_TOKEN}` };
  if (!MLFLOW_TRACKING_USERNAME) return {};
  const pair = Buffer.from(`${MLFLOW_TRACKING_USERNAME}:${MLFLOW_TRACKING_PASSWORD}`).toString('base64');
  return { authorization: `Basic ${pair}` };
}

const refusal = z.object({ error_code: z.string(), message: z.string() });

function read<Reply>(base: string, path: string, { status, text }: Answer, form: z.ZodType<Reply>): Reply {
  const parsed = parseForeignJson(text);
  const value = 'value' in parsed ? parsed.value : undefined;
  if (status === 200) {
    const reply = form.safeParse(value);
    if (reply.success) return reply.data;
  }
  const { error_code, message } = refusal.safeParse(value).data ?? { error_code: '', message: text };
  const why = `${error_code} ${message}`.trim().slice(0, 200);
  throw new UsageError(`MLflow at ${base} answered ${path.split('?')[0]} with status ${status}: ${why}`);
}

/** As MLflow's own client names them; `RUNNING` for what goes on. */
function statusOf(state: string): string {
  if (state === 'RUNNING') return state;
  if (state === 'COMPLETED') return 'FINISHED';
  return state === 'CANCELLED' || state === 'TERMINATED' ? 'KILLED' : 'FAILED';
}

/** Called `<phase>/<metric>`, as in TensorBoard. Values that are not finite are left out. */
function metricsOf(points: readonly CurvePoint[]) {
  const timestamp = Date.now();
  return points.flatMap(({ phase, step, metrics }) =>
    Object.entries(metrics).flatMap(([name, value]) =>
      Number.isFinite(value) ? [{ key: `${phase}/${name}`, value, step, timestamp }] : [],
    ),
  );
}

/** `ppo.optimiser.learningRate`; lists as JSON. */
function parametersOf(value: unknown, path = ''): readonly { readonly key: string; readonly value: string }[] {
  if (isRecord(value))
    return Object.entries(value).flatMap(([name, inner]) =>
      parametersOf(inner, path === '' ? name : `${path}.${name}`),
    );
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text === undefined) return [];
  const cut = text.length > longestParameter ? `${text.slice(0, longestParameter - 1)}…` : text;
  return [{ key: path, value: cut }];
}

function batches<Item>(items: readonly Item[], most: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / most) }, (_, index) =>
    items.slice(index * most, (index + 1) * most),
  );
}
