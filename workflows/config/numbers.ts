/** Numbers that many fields share. */
import { z } from 'zod';

/** A share of a whole. */
export const share = z.number().min(0).max(1);
/** How many of something, at least one. */
export const count = z.int().min(1);
