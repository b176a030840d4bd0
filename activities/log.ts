/**
 * How any room reports what went wrong and was mended, such as a request sent again or a process started again. Where the
 * lines go is for the worker to say (`workers/log.ts`). Pure.
 */
export type LogLevel = 'info' | 'warn' | 'error';

/** Values become text; an error its name and message. */
export type LogFields = Readonly<Record<string, unknown>>;

export type Log = (level: LogLevel, message: string, fields?: LogFields) => void;
