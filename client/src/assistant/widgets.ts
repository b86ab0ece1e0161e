import { language } from '@codemirror/language'
import type { EditorState } from '@codemirror/state'
import { type EditorView, WidgetType } from '@codemirror/view'
import { highlightCode } from '@lezer/highlight'
import { inkHighlight } from '../editor/highlight'
import { decisionControls, groupControls, noteControls, noteList, staleControls } from './controls'
import type { Noted } from './noteGroups'
import { type Drawing, type PlacedHunk, sameHunk } from './placement'

/** Beyond this many characters a proposal is shown without syntax colours, which are parsed anew for each of its pieces. */
const mostHighlighted = 20_000

function appendCode(target: HTMLElement, code: string, state: EditorState): void {
  const known = state.facet(language)
  if (known === null || code.length > mostHighlighted) {
    target.append(code)
    return
  }
  const putText = (text: string, classes: string) => {
    if (classes === '') target.append(text)
    else {
      const span = target.appendChild(document.createElement('span'))
      span.className = classes
      span.textContent = text
    }
  }
  highlightCode(code, known.parser.parse(code), inkHighlight, putText, () => target.append('\n'))
}

/** The proposed text of a hunk where it would stand, and the buttons that decide it. */
export class Proposal extends WidgetType {
  constructor(
    readonly placed: PlacedHunk,
    readonly drawing: Drawing,
    readonly canDecide: boolean,
    /** One of several pieces, of which none has the buttons. */
    readonly bare: boolean,
  ) {
    super()
  }

  override eq(other: Proposal) {
    return (
      this.drawing.text === other.drawing.text &&
      this.drawing.layout === other.drawing.layout &&
      this.placed.hunk === other.placed.hunk &&
      this.placed.show === other.placed.show &&
      this.placed.base === other.placed.base &&
      this.bare === other.bare &&
      this.canDecide === other.canDecide
    )
  }

  override toDOM(view: EditorView) {
    const block = this.drawing.layout === 'lines' && this.drawing.text !== ''
    const dom = document.createElement(block ? 'div' : 'span')
    dom.className = block ? 'proposal proposal-block' : 'proposal'
    if (block && this.canDecide && !this.bare) dom.classList.add('proposal-decidable')
    dom.dataset.hunk = this.placed.hunk
    const text = dom.appendChild(document.createElement(block ? 'div' : 'ins'))
    text.className = 'proposal-text'
    appendCode(text, this.drawing.text, view.state)
    if (this.placed.show === 'pending' && !this.bare) dom.append(decisionControls(view, this.placed, block))
    return dom
  }

  /** While the answer streams only its text grows; the element stays, so that nothing flickers. */
  override updateDOM(dom: HTMLElement, view: EditorView) {
    const text = dom.querySelector<HTMLElement>('.proposal-text')
    const isBlock = dom.classList.contains('proposal-block')
    const wantsBlock = this.drawing.layout === 'lines' && this.drawing.text !== ''
    if (text === null || dom.dataset.hunk !== this.placed.hunk || isBlock !== wantsBlock) return false
    if (this.placed.show !== 'streaming') return false
    text.textContent = ''
    appendCode(text, this.drawing.text, view.state)
    dom.querySelector('.hunk-controls')?.remove()
    return true
  }

  override ignoreEvent() {
    return true
  }
}

/** The buttons of what has none beside its text: the assistant's own typing, and a hunk of several pieces. */
export class ControlsApart extends WidgetType {
  constructor(
    readonly placed: PlacedHunk,
    readonly canDecide: boolean,
  ) {
    super()
  }

  override eq(other: ControlsApart) {
    return this.placed.hunk === other.placed.hunk && this.canDecide === other.canDecide
  }

  override toDOM(view: EditorView) {
    return decisionControls(view, this.placed, true)
  }

  override ignoreEvent() {
    return true
  }
}

/** A sentence at the end of the line: what became of a hunk, or why it cannot be decided. */
export class HunkNote extends WidgetType {
  constructor(
    readonly placed: PlacedHunk,
    readonly canDecide: boolean,
  ) {
    super()
  }

  override eq(other: HunkNote) {
    return sameHunk(this.placed, other.placed) && this.canDecide === other.canDecide
  }

  override toDOM(view: EditorView) {
    return this.placed.show === 'stale' ? staleControls(view, this.placed) : noteControls(view, this.placed)
  }

  override ignoreEvent() {
    return true
  }
}

const sameNotes = (a: NoteGroup, b: NoteGroup) =>
  a.canDecide === b.canDecide &&
  a.notes.length === b.notes.length &&
  a.notes.every(({ placed, line }, index) => {
    const other = b.notes[index]
    return (
      placed.hunk === other?.placed.hunk && line === other.line && placed.note?.revision === other.placed.note?.revision
    )
  })

/** Several decisions of one suggestion beside each other, in one note. */
export class NoteGroup extends WidgetType {
  constructor(
    readonly notes: readonly Noted[],
    readonly canDecide: boolean,
    readonly unfolded: boolean,
    private readonly toggle: (view: EditorView) => void,
  ) {
    super()
  }

  override eq(other: NoteGroup) {
    return sameNotes(this, other) && this.unfolded === other.unfolded
  }

  override toDOM(view: EditorView) {
    return groupControls(view, this.notes, this.unfolded, () => this.toggle(view))
  }

  /** The button stays that has the focus. */
  override updateDOM(dom: HTMLElement, view: EditorView) {
    const had = dom.querySelector('.hunk-fold') === dom.ownerDocument.activeElement
    dom.replaceChildren(...groupControls(view, this.notes, this.unfolded, () => this.toggle(view)).childNodes)
    if (had) dom.querySelector<HTMLElement>('.hunk-fold')?.focus()
    return true
  }

  override ignoreEvent() {
    return true
  }
}

/** Each of them, below the line. */
export class NoteList extends NoteGroup {
  override toDOM(view: EditorView) {
    return noteList(view, this.notes)
  }

  override updateDOM() {
    return false
  }
}
