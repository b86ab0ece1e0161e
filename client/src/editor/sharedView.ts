import type { Extension } from '@codemirror/state'
import { type EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view'
import type { Awareness } from 'y-protocols/awareness'
import type * as Y from 'yjs'
import { topAt } from './peers'

/** Milliseconds between two tellings: each goes to everybody in the text. */
const every = 150

/** Tells others which line is the first on the screen, in the presence field `top`, for whoever follows. */
class SharedView {
  private timer: ReturnType<typeof setTimeout> | undefined
  private wasSeen = true

  constructor(
    private readonly view: EditorView,
    private readonly awareness: Awareness,
    private readonly text: Y.Text,
  ) {
    view.scrollDOM.addEventListener('scroll', this.later, { passive: true })
  }

  /** In place of its preview it tells what that has told before. */
  update({ view, geometryChanged }: ViewUpdate): void {
    if (!geometryChanged) return
    const isSeen = view.scrollDOM.clientHeight > 0
    if (isSeen && !this.wasSeen) this.later()
    this.wasSeen = isSeen
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
    if (this.view.scrollDOM.clientHeight === 0 || this.view.dom.closest('.half:not([data-focused])') !== null) return
    const { from } = this.view.lineBlockAtHeight(this.view.scrollDOM.scrollTop)
    this.awareness.setLocalStateField('top', topAt(this.text, from))
  }
}

export const sharedView = (awareness: Awareness, text: Y.Text): Extension =>
  ViewPlugin.define((view) => new SharedView(view, awareness, text))
