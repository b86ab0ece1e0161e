import type { EditorView } from '@codemirror/view'
import { type RefObject, useEffect, useState } from 'react'
import { commentOn } from '../comments/layer'
import { isOpen, type Threads } from '../comments/threads'
import { placeOf } from '../comments/useComments'
import type { DocumentSession } from '../document/session'
import { useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'
import { rangesOf, selectedPassage } from './blockPassages'
import type { Drawing } from './drawing'

/** What somebody has selected in the preview. */
interface Selected {
  range: Range
  words: string
  /** Pixels in what scrolls, where it ends. */
  left: number
  top: number
}

/** Drawn by the browser over the text that is there: nothing is put into it. */
const painted =
  typeof Highlight === 'undefined' ? null : { 'comment-mark': new Highlight(), 'comment-focus': new Highlight() }
if (painted !== null) for (const [name, highlight] of Object.entries(painted)) CSS.highlights.set(name, highlight)

function selectedIn(scroller: HTMLElement, drawing: Drawing | null): Selected | null {
  const selection = getSelection()
  if (selection === null || selection.isCollapsed || selection.rangeCount === 0 || drawing === null) return null
  const range = selection.getRangeAt(0)
  if (!drawing.box.contains(range.startContainer) || !scroller.contains(range.endContainer)) return null
  const words = selection.toString().trim()
  if (words === '') return null
  const end = [...range.getClientRects()].at(-1) ?? range.getBoundingClientRect()
  const zero = scroller.getBoundingClientRect()
  return {
    range: range.cloneRange(),
    words,
    left: end.right - zero.left + scroller.scrollLeft,
    top: end.bottom - zero.top + scroller.scrollTop,
  }
}

/** Every thread that is marked in the preview, where it is. */
function markedIn(threads: Threads, session: DocumentSession, view: EditorView | null, drawing: Drawing | null) {
  if (view === null || drawing === null) return []
  const { doc } = view.state
  return [...threads.values()].flatMap((thread) => {
    const place = thread.document === session.document && isOpen(thread) ? placeOf(thread, session.text) : null
    if (place === null || place.from === place.to || place.to > doc.length) return []
    return [{ thread: thread.id, ranges: rangesOf([place.from, place.to], drawing, doc) }]
  })
}

/** Comments in the preview: what is commented on is marked, and what is selected can be. */
export function useCommenting(
  session: DocumentSession,
  view: EditorView | null,
  scroller: RefObject<HTMLElement | null>,
  drawing: RefObject<Drawing | null>,
) {
  const { comments } = useWorkspace()
  const threads = useStore(comments.threads)
  const focus = useStore(comments.focus)
  const [drawn, setDrawn] = useState(0)
  const [selected, setSelected] = useState<Selected | null>(null)

  useEffect(() => {
    const onChange = () => {
      // The list of commands takes the selection along with the focus; what is chosen there is about what was selected.
      if (document.activeElement?.closest('[role="dialog"]')) return
      setSelected(scroller.current && selectedIn(scroller.current, drawing.current))
    }
    document.addEventListener('selectionchange', onChange)
    return () => document.removeEventListener('selectionchange', onChange)
  }, [scroller, drawing])

  useEffect(() => {
    if (painted === null) return undefined
    const added = markedIn(threads, session, view, drawing.current).flatMap(({ thread, ranges }) =>
      ranges.map((range) => [thread === focus ? painted['comment-focus'] : painted['comment-mark'], range] as const),
    )
    for (const [highlight, range] of added) highlight.add(range)
    return () => {
      for (const [highlight, range] of added) highlight.delete(range)
    }
  }, [threads, session, view, drawing, focus, drawn])

  useEffect(() => {
    const found = markedIn(threads, session, view, drawing.current).find(({ thread }) => thread === focus)
    found?.ranges[0]?.startContainer.parentElement?.scrollIntoView({ block: 'nearest' })
    // Once, when somebody goes to it.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [focus])

  return {
    selected,
    /** Begins a comment on what is selected; whether something is. */
    begin(): boolean {
      if (selected === null || view === null || drawing.current === null) return false
      const passage = selectedPassage(selected.range, selected.words, drawing.current, view.state.doc)
      return passage !== null && commentOn(view, ...passage)
    },
    /** Opens the comments on what stands there. */
    openAt(x: number, y: number): void {
      const at = document.caretPositionFromPoint(x, y)
      if (at === null || getSelection()?.isCollapsed === false) return
      const hit = markedIn(threads, session, view, drawing.current).find(({ ranges }) =>
        ranges.some((range) => range.isPointInRange(at.offsetNode, at.offset)),
      )
      if (hit !== undefined) comments.focusOn(hit.thread, true)
    },
    onDrawn: () => setDrawn((times) => times + 1),
  }
}
