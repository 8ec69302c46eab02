/** A straight line through points, and how sure it is. */
export interface Slope {
  /** Of y, for each 1 of x. */
  readonly perUnit: number;
  /** Half the width of its 95 % confidence interval; Infinity for fewer than three points. */
  readonly within: number;
}

/** Of the normal distribution; Student's is wider where there are few points. */
const Z = 1.96;

/** Least squares. Points have to be independent of each other for the interval to hold. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): Slope {
  const count = points.length;
  if (count < 3) return { perUnit: NaN, within: Infinity };
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / count;
  const [x0, y0] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [x]) => sum + (x - x0) ** 2, 0);
  const perUnit = points.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0) / spread;
  const residual = points.reduce((sum, [x, y]) => sum + (y - y0 - perUnit * (x - x0)) ** 2, 0);
  const freedom = count - 2;
  // Cornish and Fisher's first two terms: within 1 % of Student's quantile from 5 degrees of freedom on.
  const quantile = Z + (Z ** 3 + Z) / (4 * freedom) + (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / (96 * freedom ** 2);
  return { perUnit, within: quantile * Math.sqrt(residual / freedom / spread) };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[half] ?? NaN) : ((sorted[half - 1] ?? NaN) + (sorted[half] ?? NaN)) / 2;
}
