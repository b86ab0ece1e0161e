import type { ActionId } from './catalogue'

/** What makes an action possible now. */
export interface Offer {
  run: () => void
  /** Otherwise why not, in words that go on from "Unavailable:". */
  available?: () => true | string
}

/** A function alone is an action that is available as long as it is offered. */
export type Offers = Partial<Record<ActionId, Offer | (() => void)>>

export interface OfferedAction {
  id: ActionId
  available: true | string
}

/** Milliseconds that an action waits for whoever will offer it. */
const patience = 5_000

/** Who offers which action at the moment. An action that nobody offers cannot be done here and now. */
export class Registry {
  private readonly offers = new Map<ActionId, Offer>()
  private awaited: { id: ActionId; until: number } | null = null

  /** The last one to offer an action has it. Returns what takes the offers back. */
  offer(offers: Offers): () => void {
    const mine = Object.entries(offers).map(
      ([id, offer]) => [id as ActionId, typeof offer === 'function' ? { run: offer } : offer] as const,
    )
    for (const [id, offer] of mine) {
      this.offers.set(id, offer)
      if (this.awaited?.id === id) this.runAwaited(id)
    }
    return () => {
      for (const [id, offer] of mine) if (this.offers.get(id) === offer) this.offers.delete(id)
    }
  }

  list(): OfferedAction[] {
    return [...this.offers].map(([id, { available }]) => ({ id, available: available?.() ?? true }))
  }

  has(id: ActionId): boolean {
    return this.offers.has(id)
  }

  /** Does it if it can be done; whether it could. */
  run(id: ActionId): boolean {
    const offer = this.offers.get(id)
    if (offer === undefined || (offer.available?.() ?? true) !== true) return false
    this.awaited = null
    offer.run()
    return true
  }

  /** Does it as soon as somebody offers it, who is about to appear on the page. */
  runWhenOffered(id: ActionId): void {
    this.awaited = { id, until: Date.now() + patience }
  }

  private runAwaited(id: ActionId): void {
    const late = this.awaited === null || Date.now() > this.awaited.until
    this.awaited = null
    // Not before all of the page that appears with it is there.
    if (!late) setTimeout(() => this.run(id))
  }
}

/** That of this page. */
export const registry = new Registry()
