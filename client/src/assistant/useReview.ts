import { Compartment, type Extension } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'
import { useEffect, useMemo, useRef, useState } from 'react'
import { askAgain, decide } from '../api/workspace'
import type { Decision } from '../api/types'
import type { DocumentSession } from '../document/session'
import { useStore } from '../lib/store'
import type { TreeNode } from '../tree/rules'
import { attempt } from '../ui/toasts'
import { useRole, useWorkspace } from '../workspace/context'
import { type ReviewHandlers, reviewHandlers } from './handlers'
import { placeHunks } from './placement'
import { proposals, show } from './proposals'
import { reviewKeys } from './reviewKeys'
import type { SuggestionStore } from './store'
import { inDocument, revisionsOf } from './suggestions'
import { watchScreen } from './watchScreen'

const failures: Record<Decision, string> = {
  accept: 'The change was not accepted',
  reject: 'The change was not rejected',
  undo: 'The decision was not undone',
}

/** Sends decisions, each once however often a button is pressed meanwhile. */
function useDecide({ screen, state }: SuggestionStore): ReviewHandlers['decide'] {
  const underWay = useRef(new Set<string>())
  return useMemo(
    () => (suggestion, hunks, decision) => {
      const fresh = hunks.filter((hunk) => !underWay.current.has(hunk))
      if (fresh.length === 0) return
      for (const hunk of fresh) underWay.current.add(hunk)
      const shown = screen.of(fresh, performance.now())
      void attempt(failures[decision], () =>
        decide(suggestion, fresh, decision, shown, revisionsOf(state.get(), suggestion)),
      ).then(() => {
        for (const hunk of fresh) underWay.current.delete(hunk)
      })
    },
    [screen, state],
  )
}

const notAsked = 'The assistant was not asked again'

export interface Review {
  /** For the editor, the same ones all its life. */
  extensions: Extension
  handlers: ReviewHandlers
  unfit: ReadonlySet<string>
}

const nothing: ReadonlySet<string> = new Set()

/** Keeps the proposals drawn in `view` true to the suggestions of the workspace and to the text. */
export function useReview(view: EditorView | null, session: DocumentSession, { id: document }: TreeNode): Review {
  const { suggestions } = useWorkspace()
  const { canEdit } = useRole()
  const isOpen = useStore(session.phase).is === 'open'
  const canDecide = canEdit && isOpen
  const state = useStore(suggestions.state)
  const [unfit, setUnfit] = useState(nothing)
  const [dismissed, setDismissed] = useState<ReadonlySet<string>>(new Set())
  const decideOnce = useDecide(suggestions)
  const [compartment] = useState(() => new Compartment())
  const extensions = useMemo(
    () => [proposals, reviewKeys, watchScreen(suggestions.screen), compartment.of([])],
    [compartment, suggestions],
  )

  const handlers = useMemo<ReviewHandlers>(
    () => ({
      canDecide,
      decide: decideOnce,
      askAgain: (suggestion) => void attempt(notAsked, () => askAgain(suggestion)),
      dismiss: ({ hunk }) => setDismissed((known) => new Set(known).add(hunk)),
    }),
    [canDecide, decideOnce],
  )

  useEffect(() => {
    view?.dispatch({ effects: compartment.reconfigure(reviewHandlers.of(handlers)) })
  }, [view, handlers, compartment])

  useEffect(() => {
    if (view === null) return undefined
    const relevant = inDocument(state, document)
    if (relevant.length === 0) {
      show(view, [])
      return undefined
    }
    let frame = 0
    const place = () => {
      frame = 0
      const slice = (from: number, to: number) => view.state.sliceDoc(from, to)
      const placed = placeHunks(state, relevant, document, session.text, slice)
      const stale = placed.filter((hunk) => hunk.show === 'stale').map(({ hunk }) => hunk)
      setUnfit((known) => (known.size === stale.length && stale.every((id) => known.has(id)) ? known : new Set(stale)))
      suggestions.markUnfit(document, stale)
      show(
        view,
        placed.filter(({ hunk }) => !dismissed.has(hunk)),
      )
    }
    // Between two pictures the drawings move along with the text by themselves; the anchors have the last word.
    const schedule = () => {
      if (frame === 0) frame = requestAnimationFrame(place)
    }
    place()
    session.doc.on('update', schedule)
    return () => {
      cancelAnimationFrame(frame)
      session.doc.off('update', schedule)
    }
  }, [view, state, document, session, dismissed, suggestions])

  return { extensions, handlers, unfit }
}
