/** What OpenAI's clients ask: the fields that are obeyed, and those that are refused because they would be ignored. */
import { z } from 'zod';

/** A mistake of the client's, in the form of OpenAI's errors. */
export class RequestError extends Error {
  constructor(
    message: string,
    readonly status = 400,
    readonly param: string | null = null,
    readonly code: string | null = null,
  ) {
    super(message);
  }
}

const mostAnswers = 128;
const mostStops = 4;
const largestSeed = 2 ** 32 - 1;

const stop = z.string().min(1);
const shared = {
  model: z.string(),
  n: z.int().min(1).max(mostAnswers).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  stop: z.union([stop, z.array(stop).max(mostStops)]).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
  seed: z.int().nullish(),
  // What changes an answer and is not done here is allowed where it changes nothing.
  top_p: z.literal(1).nullish(),
  presence_penalty: z.literal(0).nullish(),
  frequency_penalty: z.literal(0).nullish(),
  logit_bias: z.strictObject({}).nullish(),
};

const text = z.union([
  z.string(),
  z
    .array(z.looseObject({ type: z.literal('text'), text: z.string() }))
    .transform((parts) => parts.map((part) => part.text).join('')),
]);

export const chatSchema = z.looseObject({
  ...shared,
  messages: z.array(z.looseObject({ role: z.string(), content: text })).min(1),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.literal(0).nullish(),
  tools: z.array(z.never()).nullish(),
  functions: z.array(z.never()).nullish(),
  response_format: z.looseObject({ type: z.literal('text') }).nullish(),
});

export const completionSchema = z.looseObject({
  ...shared,
  prompt: z.union([z.string(), z.array(z.string()).min(1)]),
  max_tokens: z.int().min(1).nullish(),
  logprobs: z.literal(0).nullish(),
  best_of: z.int().nullish(),
  echo: z.literal(false).nullish(),
  suffix: z.literal('').nullish(),
});

export type ChatRequest = z.output<typeof chatSchema>;
export type CompletionRequest = z.output<typeof completionSchema>;

/** @throws RequestError naming the first field at fault */
export function readRequest<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const param = issue === undefined ? '' : issue.path.join('.');
  throw new RequestError(`${param || 'the request'}: ${issue?.message}`, 400, param || null, 'invalid_value');
}

/** What both kinds of request say alike. */
export function settingsOf(request: ChatRequest | CompletionRequest, limit: number) {
  const { n, temperature, stop: given, seed } = request;
  return {
    n: n ?? 1,
    temperature: temperature ?? 1,
    limit,
    stops: typeof given === 'string' ? [given] : (given ?? []),
    // Without one each request draws anew.
    seed: seed == null ? Math.floor(Math.random() * largestSeed) : Math.abs(seed) % largestSeed,
  };
}
