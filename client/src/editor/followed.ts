import type { Extension } from '@codemirror/state'
import { EditorView, ViewPlugin } from '@codemirror/view'
import type { Awareness } from 'y-protocols/awareness'
import type * as Y from 'yjs'
import type { Following } from '../people/following'
import { readPeers } from './peers'

/** Pixels above and below the place that is followed. */
const margin = 96

/** Keeps the cursor of the person in sight that one follows, until one does something oneself. */
class Followed {
  private readonly stopWatching: () => void
  private place: string | null = null

  constructor(
    private readonly view: EditorView,
    private readonly awareness: Awareness,
    private readonly text: Y.Text,
    private readonly following: Following,
  ) {
    this.stopWatching = following.user.subscribe(() => {
      this.place = null
      this.schedule()
    })
    awareness.on('change', this.schedule)
    this.schedule()
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
    if (user === null || !this.view.dom.isConnected) return
    // Of two halves with this text, the one with the focus.
    if (this.view.dom.closest('.half:not([data-focused])') !== null) return
    const peer = readPeers(this.awareness, this.text).find((one) => one.user === user)
    if (peer === undefined || peer.place === this.place) return
    this.place = peer.place
    const head = Math.min(peer.head, this.view.state.doc.length)
    this.view.dispatch({ effects: EditorView.scrollIntoView(head, { y: 'nearest', yMargin: margin }) })
  }
}

export function followed(awareness: Awareness, text: Y.Text, following: Following): Extension {
  const stop = () => following.stop()
  return [
    ViewPlugin.define((view) => new Followed(view, awareness, text, following)),
    EditorView.domEventHandlers({ wheel: stop, touchmove: stop, mousedown: stop }),
    EditorView.updateListener.of(({ transactions }) => {
      if (transactions.some((one) => one.isUserEvent('input') || one.isUserEvent('delete'))) stop()
    }),
  ]
}
