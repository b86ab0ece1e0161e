import { type EditorView, WidgetType } from '@codemirror/view'
import { writtenKey } from '../actions/catalogue'

const keysInWords = `${writtenKey('ghost.take')} takes it, ${writtenKey('ghost.word')} a word of it, ${writtenKey('ghost.line')} a line, Escape none. Switch it off at your picture in the bar.`

/** Who answers while a model does not. */
export const builtIn = (insteadOf: string) => `the built-in assistant, while ${insteadOf} is not answering`

/** The grey text behind the cursor, with the key that takes it, which is a button for those who have no such key. */
export class GreyLine extends WidgetType {
  constructor(
    private readonly text: string,
    private readonly insteadOf: string | null,
    private readonly take: (view: EditorView) => boolean,
  ) {
    super()
  }

  override eq(other: GreyLine) {
    return other.text === this.text && other.insteadOf === this.insteadOf
  }

  override toDOM(view: EditorView) {
    const line = document.createElement('span')
    line.className = 'ghost'
    // It is announced in words instead: met in the middle of a line it would sound like the text itself.
    line.ariaHidden = 'true'
    line.textContent = this.text
    const key = line.appendChild(document.createElement('button'))
    key.type = 'button'
    key.className = 'ghost-key'
    key.title = keysInWords
    key.tabIndex = -1
    // The text keeps the focus, so that one can go on writing after a click.
    key.addEventListener('mousedown', (event) => event.preventDefault())
    key.addEventListener('click', () => this.take(view))
    if (this.insteadOf !== null) {
      const by = line.appendChild(document.createElement('span'))
      by.className = 'ghost-by'
      by.title = `By ${builtIn(this.insteadOf)}`
    }
    return line
  }

  override ignoreEvent() {
    return true
  }
}

/** The lines below the first one. */
export class GreyLines extends WidgetType {
  constructor(private readonly text: string) {
    super()
  }

  override eq(other: GreyLines) {
    return other.text === this.text
  }

  override toDOM() {
    const lines = document.createElement('div')
    lines.className = 'ghost ghost-lines'
    lines.ariaHidden = 'true'
    lines.textContent = this.text
    return lines
  }

  override get estimatedHeight() {
    return 24 * this.text.split('\n').length
  }

  override ignoreEvent() {
    return false
  }
}
