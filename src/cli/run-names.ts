/** Where `waygate run` shows spending. Apart from what shows it, so that `--help` loads nothing else. */
export const LIVES = ['title', 'lines', 'off'] as const;
export type Live = (typeof LIVES)[number];
