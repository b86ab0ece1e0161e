import type { Extension } from '@codemirror/state'
import { EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view'
import type { Awareness } from 'y-protocols/awareness'
import type * as Y from 'yjs'
import type { Following } from '../people/following'
import { readPeers, readTop } from './peers'

/** Pixels above and below the place that is followed. */
const margin = 96

const leaving = new Set(['PageUp', 'PageDown', 'Home', 'End', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'])

/** Shows what the person sees that one follows, and keeps their cursor in sight, until one does something oneself. */
class Followed {
  private readonly stopWatching: () => void
  private place: string | null = null
  private top: string | null = null

  constructor(
    private readonly view: EditorView,
    private readonly awareness: Awareness,
    private readonly text: Y.Text,
    private readonly following: Following,
  ) {
    this.stopWatching = following.user.subscribe(() => {
      this.place = this.top = null
      this.schedule()
    })
    awareness.on('change', this.schedule)
    this.schedule()
  }

  update({ geometryChanged }: ViewUpdate): void {
    if (geometryChanged) this.schedule()
  }

  destroy(): void {
    this.stopWatching()
    this.awareness.off('change', this.schedule)
  }

  // Not within an update of the editor, which a change of presence may come in.
  private readonly schedule = () => {
    if (this.following.user.get() !== null) requestAnimationFrame(() => this.show())
  }

  private show(): void {
    const user = this.following.user.get()
    // Where its preview takes its place, that follows.
    if (user === null || this.view.scrollDOM.clientHeight === 0) return
    // Of two halves with this text, the one with the focus.
    if (this.view.dom.closest('.half:not([data-focused])') !== null) return
    const top = readTop(this.awareness, this.text, user)
    if (top !== null && top.name !== this.top) {
      this.top = top.name
      const first = Math.min(top.index, this.view.state.doc.length)
      this.view.dispatch({ effects: EditorView.scrollIntoView(first, { y: 'start', yMargin: 0 }) })
    }
    const peer = readPeers(this.awareness, this.text).find((one) => one.user === user)
    if (peer === undefined || peer.place === this.place) return
    const arrives = this.place === null
    this.place = peer.place
    // Whoever is looked for and has scrolled away from their cursor is found where they look.
    if (arrives && top !== null) return
    const head = Math.min(peer.head, this.view.state.doc.length)
    this.view.dispatch({ effects: EditorView.scrollIntoView(head, { y: 'nearest', yMargin: margin }) })
  }
}

export function followed(awareness: Awareness, text: Y.Text, following: Following): Extension {
  const stop = () => following.stop()
  return [
    ViewPlugin.define((view) => new Followed(view, awareness, text, following)),
    EditorView.domEventHandlers({
      wheel: stop,
      touchmove: stop,
      mousedown: stop,
      keydown: ({ key }) => (leaving.has(key) ? stop() : undefined),
    }),
    EditorView.updateListener.of(({ transactions }) => {
      if (transactions.some((one) => one.isUserEvent('input') || one.isUserEvent('delete'))) stop()
    }),
  ]
}
