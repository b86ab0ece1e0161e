import { type RefObject, useCallback, useEffect, useRef } from 'react'
import { useHalf, useWorkspace } from '../workspace/context'
import { pageWith, type Place, type VersionShown } from './onScreen'

/** Milliseconds between two tellings: each goes to everybody in the workspace. */
const every = 200

/** What scrolls, or is moved otherwise. */
export interface Movable {
  scroller: RefObject<HTMLElement | null>
  /** Where it is; null while nobody can tell. */
  read: () => Place | null
  go: (at: Place) => void
}

const leaving = new Set(['PageUp', 'PageDown', 'Home', 'End', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', ' '])

/**
 * Tells everybody as what this file is on the screen, and where, and goes where the person is whom one follows, until
 * one does something oneself. With `as` null nothing is told. Returns what tells it again.
 */
export function useOnScreen(
  document: string,
  as: string | null,
  movable?: Movable,
  version?: VersionShown,
): () => void {
  const { tree, following } = useWorkspace()
  const { focused } = useHalf()
  const isTold = focused && as !== null
  const latest = useRef(movable)
  useEffect(() => {
    latest.current = movable
  })
  const scroller = movable?.scroller

  const { id, against } = version ?? {}
  const tell = useCallback(() => {
    if (!isTold) return
    const shown = id !== undefined && against !== undefined ? { version: { id, against } } : {}
    tree.show({ document, as, at: latest.current?.read() ?? null, ...shown })
  }, [tree, document, as, isTold, id, against])

  useEffect(() => {
    if (!isTold) return undefined
    tell()
    let timer: ReturnType<typeof setTimeout> | undefined
    const later = () => {
      timer ??= setTimeout(() => {
        timer = undefined
        tell()
      }, every)
    }
    const element = scroller?.current
    element?.addEventListener('scroll', later, { passive: true })
    return () => {
      clearTimeout(timer)
      element?.removeEventListener('scroll', later)
      tree.show(null)
    }
  }, [tree, isTold, tell, scroller])

  useEffect(() => {
    const element = scroller?.current
    if (!isTold || !element) return undefined
    let last: Place | null = null
    let frame = 0
    const show = () => {
      frame = 0
      const user = following.user.get()
      const theirs = user === null ? null : pageWith(tree.pages.get(), user, document)?.screen
      if (!theirs?.at || theirs.as !== as || theirs.at.join() === last?.join()) return
      last = theirs.at
      latest.current?.go(theirs.at)
    }
    const schedule = () => {
      if (following.user.get() === null) last = null
      else if (frame === 0) frame = requestAnimationFrame(show)
    }
    const stops = [following.user.subscribe(schedule), tree.pages.subscribe(schedule)]
    schedule()
    const over = new AbortController()
    const options = { signal: over.signal, passive: true }
    for (const doing of ['wheel', 'touchmove', 'mousedown'] as const) {
      element.addEventListener(doing, following.stop, options)
    }
    element.addEventListener('keydown', ({ key }) => (leaving.has(key) ? following.stop() : undefined), options)
    return () => {
      cancelAnimationFrame(frame)
      over.abort()
      for (const stop of stops) stop()
    }
  }, [tree, following, isTold, document, as, scroller])

  return tell
}

/** Pixels that a place may be off: numbers are rounded on their way. */
const near = 2

/** Scrolls `scroller` unless it is there. */
export function scrollNear(scroller: HTMLElement, left: number, top: number): void {
  if (Math.abs(scroller.scrollLeft - left) > near) scroller.scrollLeft = left
  if (Math.abs(scroller.scrollTop - top) > near) scroller.scrollTop = top
}

const part = (of: number, whole: number) => Math.round((of / Math.max(1, whole)) * 1e5) / 1e5

/** The same for what only scrolls: by how much of it has been scrolled out at the left and at the top. */
export function useScrolledOnScreen(document: string, as: string, scroller: RefObject<HTMLElement | null>): void {
  useOnScreen(document, as, {
    scroller,
    read() {
      const element = scroller.current
      if (element === null) return null
      return [part(element.scrollLeft, element.scrollWidth), part(element.scrollTop, element.scrollHeight)]
    },
    go([left = 0, top = 0]) {
      const element = scroller.current
      if (element !== null) scrollNear(element, left * element.scrollWidth, top * element.scrollHeight)
    },
  })
}
