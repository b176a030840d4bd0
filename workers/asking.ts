/** The sub-commands that ask a model: once, and as a server. */
import { type Command, Option } from 'commander';
import type { AskOptions } from './command/ask.js';
import type { ServeOptions } from './command/serveModel.js';
import { answerKinds, promptForms, servePort } from './names.js';

export function addAskingCommands(reft: Command): void {
  const form = (): Option =>
    new Option('--prompt <form>', 'how it is asked; left out, as its run’s data were, or by its chat template').choices(
      promptForms,
    );
  const model = 'a finished run, or the folder of a model';
  reft
    .command('ask')
    .description('ask a model: sampled chains of thought, what their programs compute, and the vote')
    .argument('<model>', model)
    .argument('<question>', 'the question')
    .option('--samples <k>', 'answers that vote', '8')
    .option('--temperature <t>', '0 takes the most likely tokens', '1')
    .option('--seed <n>', 'the same seed gives the same answers', '0')
    .addOption(new Option('--answers <kind>', 'what an answer is').choices(answerKinds).default('number'))
    .addOption(form())
    .option('--json', 'print {question, samples, votes, answer}')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx reft ask mine-1 "Tom has 3 apples and buys 4. How many has he?" --samples 4',
    )
    .action(async (what: string, question: string, options: AskOptions) => {
      process.exitCode = await (await import('./command/ask.js')).ask(what, question, options);
    });
  reft
    .command('serve')
    .description('serve a model as OpenAI’s API does: /v1/chat/completions, /v1/completions, /v1/models')
    .argument('<model>', model)
    .option('--host <address>', 'where it listens; whoever reaches it may ask', '127.0.0.1')
    .option('--port <n>', '0 takes a free one', String(servePort))
    .addOption(form())
    .option('--json', 'print {url, model} when it listens')
    .addHelpText('after', '\nExample:\n  $ npx reft serve mine-1 --port 0')
    .action(async (what: string, options: ServeOptions) =>
      (await import('./command/serveModel.js')).serveModel(what, options),
    );
}
