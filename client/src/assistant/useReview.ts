import { Compartment, type Extension } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'
import { useEffect, useMemo, useRef, useState } from 'react'
import { askAgain, decide } from '../api/workspace'
import type { Decision } from '../api/types'
import type { DocumentSession } from '../document/session'
import { useStore } from '../lib/store'
import type { TreeNode } from '../tree/rules'
import { attempt, tell } from '../ui/toasts'
import { useRole, useWorkspace } from '../workspace/context'
import { type ReviewHandlers, reviewHandlers } from './handlers'
import { placeHunks } from './placement'
import { proposals, show } from './proposals'
import { reviewKeys } from './reviewKeys'
import type { SuggestionStore } from './store'
import { inDocument, revisionsOf } from './suggestions'
import { Unheard } from './unheard'
import { watchScreen } from './watchScreen'

const failures: Record<Decision, string> = {
  accept: 'The change was not accepted',
  reject: 'The change was not rejected',
  undo: 'The decision was not undone',
}

interface UnderWay {
  decision: Decision
  answered: Promise<unknown>
}

/**
 * Sends decisions, each once however often a button is pressed meanwhile. Another one on the same hunk follows the first:
 * everybody hears of that before it is answered, and may click on what they read then.
 */
function useDecide({ screen, state }: SuggestionStore, { undo }: DocumentSession): ReviewHandlers['decide'] {
  const underWay = useRef(new Map<string, UnderWay>())
  return useMemo(() => {
    const send = async (suggestion: string, hunks: string[], decision: Decision, seen: Record<string, number>) => {
      const shown = screen.of(hunks, performance.now())
      const earlier = hunks.flatMap((hunk) => underWay.current.get(hunk)?.answered ?? [])
      const answered = Promise.all(earlier).then(() =>
        attempt(failures[decision], () => decide(suggestion, hunks, decision, shown, seen)),
      )
      const mine = { decision, answered }
      for (const hunk of hunks) underWay.current.set(hunk, mine)
      const done = await answered
      for (const hunk of hunks) if (underWay.current.get(hunk) === mine) underWay.current.delete(hunk)
      return done
    }
    return (suggestion, hunks, decision) => {
      const fresh = hunks.filter((hunk) => underWay.current.get(hunk)?.decision !== decision)
      if (fresh.length === 0) return
      const sent = send(suggestion, fresh, decision, revisionsOf(state.get(), suggestion))
      if (decision === 'undo') return
      let failed = false
      void sent.then((done) => (failed = !done))
      // As the link beside the text does, and only what nobody else has taken back.
      undo.noteStep(() => {
        const known = state.get().byId.get(suggestion)?.hunks ?? []
        const left = known.filter(({ id, state: now }) => fresh.includes(id) && now !== 'undone' && now !== 'stale')
        if (failed || left.length === 0) return false
        const takeBack = () =>
          send(
            suggestion,
            left.map(({ id }) => id),
            'undo',
            {},
          )
        void sent.then(async (done) => {
          if (done && (await takeBack()))
            tell('Your decision was undone', 'It was the last thing that you had done here.')
        })
        return true
      })
    }
  }, [screen, state, undo])
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
  const decideOnce = useDecide(suggestions, session)
  const [compartment] = useState(() => new Compartment())
  const [unheard] = useState(() => new Unheard())
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
    let timer: ReturnType<typeof setTimeout> | undefined
    const place = () => {
      frame = 0
      clearTimeout(timer)
      const slice = (from: number, to: number) => view.state.sliceDoc(from, to)
      const found = placeHunks(state, relevant, document, session.text, slice)
      const { hunks: placed, wait } = unheard.sift(found, performance.now())
      if (wait !== null) timer = setTimeout(schedule, wait)
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
      clearTimeout(timer)
      session.doc.off('update', schedule)
    }
  }, [view, state, document, session, dismissed, suggestions, unheard])

  return { extensions, handlers, unfit }
}
