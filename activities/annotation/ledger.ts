/**
 * What an annotation has spent, and what it may still spend.
 *
 * A request begins only where its worst case fits beside what is spent and what is under way. So no budget is ever exceeded, and where
 * requests begin in one order, it ends at the same request however many are under way at once: near the end they wait for each
 * other. Pure.
 */

/** Answers and tokens; money follows from the tokens. */
export interface Usage {
  /** Answers that were paid for. */
  readonly requests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** Per million tokens, in whatever currency. */
export interface Price {
  readonly input: number;
  readonly output: number;
}

/** Null is no limit. */
export interface Budget {
  readonly requests: number | null;
  readonly tokens: number | null;
  readonly money: number | null;
}

export type BudgetName = keyof Budget;

export const noUsage: Usage = { requests: 0, promptTokens: 0, completionTokens: 0 };

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    requests: a.requests + b.requests,
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
  };
}

export function costOf({ promptTokens, completionTokens }: Usage, { input, output }: Price): number {
  return (promptTokens * input + completionTokens * output) / 1e6;
}

/** What is left of each limit that there is; never below 0. */
export function leftOf(budget: Budget, spent: Usage, price: Price): Readonly<Partial<Record<BudgetName, number>>> {
  const used = amounts(spent, price);
  return Object.fromEntries(
    names.flatMap((name) => {
      const limit = budget[name];
      return limit === null ? [] : [[name, Math.max(0, limit - used[name])]];
    }),
  );
}

export interface Ledger {
  readonly spent: Usage;
  /** The budget that a request of this worst case would exceed, if all under way took theirs; undefined where it may begin. */
  obstacle(worst: Usage): BudgetName | undefined;
  /** Begins a request. What is returned ends it: with what it took, or nothing where it brought no answer. */
  begin(worst: Usage): (took: Usage | null) => void;
}

export function createLedger(budget: Budget, price: Price, before: Usage): Ledger {
  let spent = before;
  let reserved = noUsage;
  return {
    get spent() {
      return spent;
    },
    obstacle(worst) {
      const then = amounts(addUsage(addUsage(spent, reserved), worst), price);
      return names.find((name) => {
        const limit = budget[name];
        return limit !== null && then[name] > limit;
      });
    },
    begin(worst) {
      reserved = addUsage(reserved, worst);
      return (took) => {
        reserved = addUsage(reserved, negative(worst));
        if (took !== null) spent = addUsage(spent, took);
      };
    },
  };
}

const names = ['requests', 'tokens', 'money'] as const satisfies readonly BudgetName[];

function amounts(usage: Usage, price: Price): Readonly<Record<BudgetName, number>> {
  const { requests, promptTokens, completionTokens } = usage;
  return { requests, tokens: promptTokens + completionTokens, money: costOf(usage, price) };
}

function negative({ requests, promptTokens, completionTokens }: Usage): Usage {
  return { requests: -requests, promptTokens: -promptTokens, completionTokens: -completionTokens };
}
