import { useLayoutEffect } from 'react'
import { type Offers, registry } from './registry'

/** Offers actions as long as the component is there, each time as it was last rendered. */
export function useActions(offers: Offers): void {
  // Without dependencies: what is offered holds on to what was rendered, and offering is cheap.
  useLayoutEffect(() => registry.offer(offers))
}
