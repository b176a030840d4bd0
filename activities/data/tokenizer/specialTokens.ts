/** The special tokens of every tokenizer trained here, in the order of their ids. */
export const padTokenText = '<pad>';
export const endTokenText = '</s>';
/** Word level only: a byte-level tokenizer can spell any text. */
export const unknownTokenText = '<unk>';
