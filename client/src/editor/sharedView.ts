import type { Extension } from '@codemirror/state'
import { EditorView, ViewPlugin } from '@codemirror/view'
import type { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'

/** Milliseconds between two tellings: each goes to everybody in the text. */
const every = 150

/** Tells others which line is the first on the screen, in the presence field `top`, for whoever follows. */
class SharedView {
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly view: EditorView,
    private readonly awareness: Awareness,
    private readonly text: Y.Text,
  ) {
    view.scrollDOM.addEventListener('scroll', this.later, { passive: true })
  }

  destroy(): void {
    clearTimeout(this.timer)
    this.view.scrollDOM.removeEventListener('scroll', this.later)
  }

  private readonly later = () => {
    this.timer ??= setTimeout(() => {
      this.timer = undefined
      this.tell()
    }, every)
  }

  private tell(): void {
    if (!this.view.dom.isConnected || this.view.dom.closest('.half:not([data-focused])') !== null) return
    const { from } = this.view.lineBlockAtHeight(this.view.scrollDOM.scrollTop)
    // The other side of the line end in front of it: what is typed at the beginning of the line belongs to it.
    this.awareness.setLocalStateField(
      'top',
      Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(this.text, from, from === 0 ? 0 : -1)),
    )
  }
}

export const sharedView = (awareness: Awareness, text: Y.Text): Extension =>
  ViewPlugin.define((view) => new SharedView(view, awareness, text))
