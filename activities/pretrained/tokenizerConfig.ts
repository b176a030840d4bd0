/** What `tokenizer_config.json` writes in more than one way. */
import { z } from 'zod';

/** A token is named by its text, in older files inside an object. */
export const tokenName = z
  .union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)])
  .nullish();
