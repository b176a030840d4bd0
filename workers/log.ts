/**
 * The one logger of a process: ours, the activities' and the Temporal SDK's lines, on standard error.
 *
 * A line has the fields `time`, `level` and `message`, and of an activity `runId` (the workflow's id), `activity` and
 * `attempt`. It is JSON, or easier to read where standard error is a terminal.
 */
import { asyncLocalStorage } from '@temporalio/activity';
import { ApplicationFailure, type Logger, type LogMetadata, type LogLevel as SdkLevel } from '@temporalio/common';
import type { Log } from '../activities/log.js';

export interface LogEntry {
  readonly time: Date;
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The entry as one line, without its end. */
export function formatEntry({ time, level, message, fields }: LogEntry, forTerminal: boolean): string {
  const texts = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)]));
  if (!forTerminal) return JSON.stringify({ time: time.toISOString(), level, message, ...texts });
  const details = Object.entries(texts).map(([name, value]) => `${name}=${quoted(value)}`);
  return [time.toTimeString().slice(0, 8), level.padEnd(5), message, ...details].join(' ');
}

const levels: Readonly<Partial<Record<SdkLevel, LogEntry['level']>>> = { INFO: 'info', WARN: 'warn', ERROR: 'error' };

/** Fields of the SDK's lines that have another name here. */
const renamed: ReadonlyMap<string, string> = new Map([
  ['workflowId', 'runId'],
  ['activityType', 'activity'],
]);
/** Fields of the SDK's lines that tell an operator nothing more. */
const dropped = new Set(['sdkComponent', 'isLocal', 'namespace', 'taskToken', 'activityId', 'workflowRunId']);

/** What the engine's worker, which serves no workflows, is told each time. */
const expected = /^No workflows registered/;

/** A logger for the SDK, and for ours on top of it. Of what the SDK has to say only warnings and errors are passed on. */
export function createLogger(write: (entry: LogEntry) => void): Logger {
  const log = (sdkLevel: SdkLevel, message: string, meta: LogMetadata = {}): void => {
    const level = levels[sdkLevel];
    const { sdkComponent } = meta;
    const isOurs = sdkComponent === undefined || sdkComponent === 'activity' || sdkComponent === 'workflow';
    if (level === undefined || (level === 'info' && !isOurs) || expected.test(message)) return;
    const fields = Object.entries(meta).filter(([name, value]) => value !== undefined && !dropped.has(name));
    const named = fields.map(([name, value]) => [renamed.get(name) ?? name, value]);
    write({ time: new Date(), level, message, fields: Object.fromEntries(named) });
  };
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  };
}

export const logger = createLogger((entry) => {
  process.stderr.write(`${formatEntry(entry, process.stderr.isTTY)}\n`);
});

/** Within an activity the line bears its run, name and attempt. */
export const log: Log = (level, message, fields) => {
  const ofActivity = asyncLocalStorage.getStore()?.log;
  (ofActivity ?? logger)[level](message, { ...fields });
};

function plain(value: unknown): unknown {
  if (value instanceof ApplicationFailure && value.type) return `${value.type}: ${value.message}`;
  if (value instanceof Error) return String(value);
  return typeof value === 'bigint' ? String(value) : value;
}

function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
