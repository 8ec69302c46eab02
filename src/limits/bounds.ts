// Constants that both ledgers share; the Redis scripts get them as a first line.

/** Parts of a rolling window. What was spent in a part counts until the whole of it is older than the window. */
export const SLOTS = 60;

/** Lapsed leases that one admission sweeps before it looks at its own claims. */
export const SWEEP_MAX = 8;

/** How long a call that has ended is remembered, so that its admission repeated books nothing. */
export const ENDED_MS = 60_000;

/** How long state is kept past its meaning: longer than any lease and any step of the clock. */
export const GRACE_MS = 86_400_000;

/** How long what is known of a run is kept after its last call, and what it has spent of limits that last as long as runs do. */
export const LIFE_MS = 30 * 86_400_000;

/** The longest lease, so that `GRACE_MS` outlives it. */
export const LEASE_MAX_MS = 3_600_000;

/** How long a reservation outlives a gateway that crashed, where the config does not say. */
export const LEASE_MS = 60_000;

/** How long a call waits for the store, where the config does not say. Decisions are due within 250 ms. */
export const COMMAND_TIMEOUT_MS = 150;

/** How long a call waits for room, where neither the config nor the limit says it. */
export const WAIT_MS = 20_000;

/** The longest wait: clients give up or ask again after a minute or five. */
export const WAIT_MAX_MS = 300_000;
