import type { EditorView } from '@codemirror/view'
import { type RefObject, useEffect, useRef } from 'react'
import type { DocumentSession } from '../document/session'
import { readTop, topAt } from '../editor/peers'
import { scrollNear } from '../people/useOnScreen'
import { useHalf, useWorkspace } from '../workspace/context'
import type { Drawing } from './drawing'
import { previewLine, previewTop } from './useScrollTogether'

/** Milliseconds between two tellings: each goes to everybody in the text. */
const every = 150

const leaving = new Set(['PageUp', 'PageDown', 'Home', 'End', 'ArrowUp', 'ArrowDown', ' '])

/**
 * What the editor does where it is seen, done by the preview that has taken its place: tells others which line is at the
 * top, in the presence field `top`, and goes where the person is whom one follows. Returns what is to be called whenever
 * another text is drawn.
 */
export function useSharedTop(
  { awareness, text }: DocumentSession,
  view: EditorView | null,
  alone: boolean,
  scroller: RefObject<HTMLElement | null>,
  drawing: RefObject<Drawing | null>,
): RefObject<(() => void) | null> {
  const { following } = useWorkspace()
  const { focused } = useHalf()
  const onDrawn = useRef<(() => void) | null>(null)
  useEffect(() => {
    const preview = scroller.current
    if (view === null || preview === null || !alone || !focused) return undefined
    let timer: ReturnType<typeof setTimeout> | undefined
    let frame = 0
    let last: string | null = null

    const tell = () => {
      timer = undefined
      if (drawing.current === null) return
      const line = previewLine(drawing.current, preview)
      const whole = Math.min(view.state.doc.lines - 1, Math.floor(line))
      const part = Math.round((line - whole) * 1_000) / 1_000
      awareness.setLocalStateField('top', topAt(text, view.state.doc.line(whole + 1).from, part))
    }
    const later = () => {
      timer ??= setTimeout(tell, every)
    }
    const show = () => {
      frame = 0
      const user = following.user.get()
      const top = user === null ? null : readTop(awareness, text, user)
      if (top === null || top.name === last || drawing.current === null) return
      last = top.name
      const line = view.state.doc.lineAt(Math.min(top.index, view.state.doc.length)).number - 1
      scrollNear(preview, preview.scrollLeft, previewTop(drawing.current, preview, line + top.part))
    }
    const follow = () => {
      if (following.user.get() === null) last = null
      else if (frame === 0) frame = requestAnimationFrame(show)
    }
    let isTold = false
    onDrawn.current = () => {
      if (!isTold) later()
      isTold = true
      follow()
    }
    onDrawn.current()
    const stopFollowing = following.user.subscribe(follow)
    awareness.on('change', follow)
    const over = new AbortController()
    const options = { signal: over.signal, passive: true }
    preview.addEventListener('scroll', later, options)
    for (const doing of ['wheel', 'touchmove', 'mousedown'] as const) {
      preview.addEventListener(doing, following.stop, options)
    }
    preview.addEventListener('keydown', ({ key }) => (leaving.has(key) ? following.stop() : undefined), options)
    return () => {
      onDrawn.current = null
      clearTimeout(timer)
      cancelAnimationFrame(frame)
      over.abort()
      stopFollowing()
      awareness.off('change', follow)
    }
  }, [awareness, text, view, alone, focused, scroller, drawing, following])
  return onDrawn
}
