import type { Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { useEffect, useMemo } from 'react'
import * as Y from 'yjs'
import type { Thread } from '../api/types'
import type { DocumentSession } from '../document/session'
import { resolveAnchor } from '../lib/anchors'
import { toBase64 } from '../lib/bytes'
import { useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'
import { type Commented, commentLayer, showCommented } from './layer'
import { isOpen } from './threads'

/** Where a thread is in the text; null when what it was about is gone. */
export function placeOf(thread: Thread, text: Y.Text): Commented | null {
  if (thread.anchors === null) return null
  const [from, to] = thread.anchors.map((anchor) => resolveAnchor(anchor, text))
  if (!from || !to || to.index < from.index) return null
  if (from.index === to.index && from.lost && to.lost) return null
  return { id: thread.id, from: from.index, to: to.index }
}

/**
 * Keeps what is commented on marked in `view`; returns what the editor needs for that, the same all its life. The list
 * of comments goes by the text that has the focus, `focused`.
 */
export function useComments(view: EditorView | null, session: DocumentSession, focused: boolean): Extension {
  const { comments } = useWorkspace()
  const threads = useStore(comments.threads)
  const focus = useStore(comments.focus)
  const { document, text } = session
  const extension = useMemo(() => {
    const at = (index: number, association: number) =>
      toBase64(Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(text, index, association)))
    return commentLayer({
      begin: (start, end) => {
        const anchors: [string, string] = start === end ? [at(start, -1), at(end, 0)] : [at(start, 0), at(end, -1)]
        comments.begin({ document, anchors, quote: text.toString().slice(start, end) })
      },
      open: (thread) => comments.focusOn(thread, true),
    })
  }, [comments, document, text])

  useEffect(() => {
    if (view === null) return undefined
    const here = [...threads.values()].filter((thread) => thread.document === document)
    if (here.length === 0) {
      showCommented(view, [], null)
      if (focused) comments.place(new Map())
      return undefined
    }
    let frame = 0
    const draw = () => {
      frame = 0
      const places = here.map((thread) => [thread, placeOf(thread, text)] as const)
      const drawn = places.flatMap(([thread, at]) => (at && isOpen(thread) && at.from < at.to ? [at] : []))
      showCommented(
        view,
        drawn.filter(({ to }) => to <= view.state.doc.length),
        focus,
      )
      if (focused) comments.place(new Map(places.map(([thread, at]) => [thread.id, at?.from ?? null])))
    }
    // Between two pictures the marks move along with the text by themselves; the anchors have the last word.
    const schedule = () => {
      if (frame === 0) frame = requestAnimationFrame(draw)
    }
    draw()
    session.doc.on('update', schedule)
    return () => {
      cancelAnimationFrame(frame)
      session.doc.off('update', schedule)
    }
  }, [view, session, threads, focus, document, text, comments, focused])

  useEffect(() => {
    const at = focus === null ? null : comments.places.get().get(focus)
    if (view === null || !focused || at === null || at === undefined) return
    view.dispatch({
      effects: EditorView.scrollIntoView(Math.min(at, view.state.doc.length), { y: 'nearest', yMargin: 80 }),
    })
    // Who goes to the other half sees what they saw there.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [view, focus, comments])

  return extension
}
