/** A number that many fields share. */
import { z } from 'zod';

/** How many of something, at least one. */
export const count = z.int().min(1);
