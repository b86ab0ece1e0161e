import { Facet } from '@codemirror/state'
import type { Decision } from '../api/types'
import type { PlacedHunk } from './placement'

/** What the drawn proposals can ask of the page around the editor. */
export interface ReviewHandlers {
  /** Viewers see everything and decide nothing. */
  canDecide: boolean
  decide: (suggestion: string, hunks: string[], decision: Decision) => void
  /** Anew, for all of a suggestion that has become stale, as the text stands by now. */
  askAgain: (suggestion: string) => void
  dismiss: (hunk: PlacedHunk) => void
}

const idle: ReviewHandlers = {
  canDecide: false,
  decide: () => undefined,
  askAgain: () => undefined,
  dismiss: () => undefined,
}

export const reviewHandlers = Facet.define<ReviewHandlers, ReviewHandlers>({
  combine: (values) => values.at(-1) ?? idle,
})
