/** How many calls may wait at once. */
export interface PlacesMax {
  readonly waitingMax: number;
  /** Of one tenant. */
  readonly waitingPerTenantMax: number;
}

/** Calls that wait hold their bodies: so much of memory in all, and for one tenant. */
const BYTES_MAX = 268_435_456;
const TENANT_BYTES_MAX = 67_108_864;

interface Taken {
  calls: number;
  bytes: number;
}

/** Who waits takes a place; there are so many, and so many for one tenant. */
export class Places {
  readonly #all: Taken = { calls: 0, bytes: 0 };
  readonly #tenants = new Map<string, Taken>();

  get taken(): number {
    return this.#all.calls;
  }

  /** False where there is none left. The first call of a tenant may be of any size. */
  take(tenant: string, { bytes, max }: { readonly bytes: number; readonly max: PlacesMax }): boolean {
    const own = this.#tenants.get(tenant) ?? { calls: 0, bytes: 0 };
    if (this.#all.calls >= max.waitingMax || this.#all.bytes + bytes > BYTES_MAX) return false;
    if (own.calls >= max.waitingPerTenantMax || (own.calls > 0 && own.bytes + bytes > TENANT_BYTES_MAX)) return false;
    this.#tenants.set(tenant, own);
    for (const taken of [this.#all, own]) {
      taken.calls += 1;
      taken.bytes += bytes;
    }
    return true;
  }

  giveBack(tenant: string, bytes: number): void {
    const own = this.#tenants.get(tenant) as Taken;
    for (const taken of [this.#all, own]) {
      taken.calls -= 1;
      taken.bytes -= bytes;
    }
    if (own.calls === 0) this.#tenants.delete(tenant);
  }
}
