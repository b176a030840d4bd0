/** A pretrained model's chat template: how a conversation becomes the text that the model is given, as transformers renders it. */
import { Template } from '@huggingface/jinja';
import { z } from 'zod';
import type { Chat } from '../data/format.js';
import type { Message } from '../data/types.js';
import { InvalidModel, messageOf } from '../errors.js';
import { refusedWithinTime } from '../withinTime.js';
import { parseModelFile } from './modelFile.js';
import { stripAsInPython } from './pythonStrip.js';

/** A token is named by its text, in older files inside an object. */
export const tokenName = z
  .union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)])
  .nullish();

const templateFile = 'chat_template.jinja';
const configFile = 'tokenizer_config.json';
/** Where older models name their tokens. */
const mapFile = 'special_tokens_map.json';

const namedTemplates = z.array(z.object({ name: z.string(), template: z.string() }));
const tokensSchema = z.object({
  bos_token: tokenName,
  eos_token: tokenName,
  pad_token: tokenName,
  unk_token: tokenName,
});
const configSchema = tokensSchema.extend({ chat_template: z.union([z.string(), namedTemplates]).nullish() });

/** Some templates name the day. One that is always the same, or the data would depend on when they were prepared. */
const fixedDay = '26 Jul 2024';
/** Twenty times the longest that is published. */
const mostTemplateCharacters = 500_000;
const noClock = '{% set strftime_now = no_clock %}\n';

/**
 * @param files a tokenizer's files beside tokenizer.json, by name. chat_template.jinja, where there is one, stands above
 * tokenizer_config.json.
 * @throws InvalidModel when there is no template, or it cannot be used.
 */
export function readChatTemplate(files: ReadonlyMap<string, Uint8Array>): Chat {
  const { chat_template: given, ...tokens } = {
    ...read(files, mapFile, tokensSchema),
    ...read(files, configFile, configSchema),
  };
  const file = files.get(templateFile);
  const source = file === undefined ? defaultOf(given) : Buffer.from(file).toString();
  const place = file === undefined ? `chat_template in ${configFile}` : templateFile;
  if (source === undefined)
    throw new InvalidModel(
      `data.promptFormat is chat, but the model has no chat template (neither ${templateFile} nor one in ${configFile})`,
    );
  if (source.length > mostTemplateCharacters)
    throw new InvalidModel(`${place} has more than ${mostTemplateCharacters} characters, the most that are read`);
  const { template, functions } = named(place, source.length, () => {
    const made = new Template(noClock + source);
    return { template: made, functions: stripAsInPython(made) };
  });
  const chat: Chat = (messages) =>
    named(place, lengthOf(messages), () =>
      template.render({
        ...functions,
        ...tokens,
        messages,
        // There, and null, as transformers has it: a template may ask for either.
        tools: null,
        documents: null,
        add_generation_prompt: messages.at(-1)?.role !== 'assistant',
        date_string: fixedDay,
        no_clock: () => {
          throw new Error('it writes the current date, so the same run would differ from day to day');
        },
      }),
    );
  // A template that fails, fails for any question: found out before the first.
  chat([{ role: 'user', content: '' }]);
  return chat;
}

/** Models with several templates call the one for plain conversations `default`. */
function defaultOf(given: z.output<typeof configSchema>['chat_template']): string | undefined {
  if (!Array.isArray(given)) return given ?? undefined;
  return given.find(({ name }) => name === 'default')?.template;
}

/** What a file says, without what it says nothing of. */
function read<Read extends object>(
  files: ReadonlyMap<string, Uint8Array>,
  name: string,
  schema: z.ZodType<Read>,
): Partial<Read> {
  const bytes = files.get(name);
  if (bytes === undefined) return {};
  const said = named(name, 0, () => schema.parse(parseModelFile(name, bytes)));
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value != null)) as Partial<Read>;
}

function lengthOf(messages: readonly Message[]): number {
  return messages.reduce((total, { content }) => total + content.length, 0);
}

/** @param length of the text that is worked on */
function named<T>(place: string, length: number, work: () => T): T {
  const refused = (problem: string, cause?: unknown): InvalidModel =>
    new InvalidModel(`${place} cannot be used: ${problem}`, { cause });
  return refusedWithinTime(length, work, refused, (error) =>
    error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error),
  );
}
