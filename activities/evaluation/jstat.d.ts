/** The part of jStat, which has no types of its own, that `chance.ts` uses. */
declare module 'jstat' {
  const jStat: {
    /** Student's t. */
    readonly studentt: {
      cdf(value: number, degrees: number): number;
      /** The quantile of a probability. */
      inv(probability: number, degrees: number): number;
    };
  };
  export default jStat;
}
