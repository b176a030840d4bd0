/** A pretrained model's chat template: how a conversation becomes the text that the model is given, as transformers renders it. */
import { Template } from '@huggingface/jinja';
import { z } from 'zod';
import type { Chat } from '../data/format.js';
import { InvalidModel } from '../errors.js';
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
  const template = named(place, () => new Template(noClock + source));
  const functions = stripAsInPython(template);
  const chat: Chat = (messages) =>
    named(place, () =>
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
  const said = named(name, () => schema.parse(JSON.parse(Buffer.from(bytes).toString())));
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value != null)) as Partial<Read>;
}

function named<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const problem =
      error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : error;
    throw new InvalidModel(`${place} cannot be used: ${problem}`, { cause: error });
  }
}
