import { type Extension, Prec, StateEffect, StateField } from '@codemirror/state'
import { EditorView, gutter, keymap, type Panel, showPanel, ViewPlugin, type ViewUpdate } from '@codemirror/view'
import type { Attribution, Hand } from '../api/history'
import { describe } from '../api/problem'
import type { ReadableStore } from '../lib/store'
import { type AuthorMark, type AuthorMarks, markIn, marksOf, noMarks } from './lines'
import { Passage } from './passage'
import { authoredInWords, type Reader, shortWhen } from './words'

/** What the layer takes from around the text. */
export interface AuthorshipSource extends Reader {
  read: () => Promise<Attribution>
  /** Changes whenever it is worth reading again. */
  settled: ReadableStore<unknown>
  colorOf: (hand: Hand) => string
  /** Takes the layer away again. */
  hide: () => void
}

type Reading = { is: 'reading' } | { is: 'read' } | { is: 'failed'; detail: string }

interface Authorship {
  marks: AuthorMarks
  reading: Reading
  /** Where the line begins that the pointer is at. */
  pointed: number | null
}

const setMarks = StateEffect.define<AuthorMarks>()
const setReading = StateEffect.define<Reading>()
const point = StateEffect.define<number | null>()

const authorship = StateField.define<Authorship>({
  create: () => ({ marks: noMarks, reading: { is: 'reading' }, pointed: null }),
  update(before, { docChanged, changes, effects }) {
    let { marks, reading, pointed } = before
    if (docChanged) {
      marks = marks.map(changes)
      pointed = null
    }
    for (const effect of effects) {
      if (effect.is(setMarks)) [marks, reading] = [effect.value, { is: 'read' }]
      else if (effect.is(setReading)) reading = effect.value
      else if (effect.is(point)) pointed = effect.value
    }
    const same = marks === before.marks && reading === before.reading && pointed === before.pointed
    return same ? before : { marks, reading, pointed }
  },
})

/** Milliseconds after which to ask again for a text that others have changed on the way. */
const retryAfter = 1_500

/** And for the version that tells when the newest lines were written, so many times. */
const untimedAfter = 5_000
const mostUntimed = 3

/** And for a server that did not answer. */
const failedAfter = 10_000

type Outcome = [shown: StateEffect<unknown> | null, askAfter: number | null]

/** Reads who wrote the text whenever it has settled, and puts the answer to where the lines are by then. */
class Loader {
  private passage: Passage | null = null
  private again = false
  /** How many more answers may be without times. */
  private untimed = mostUntimed
  private ended = false
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly unsubscribe: () => void

  constructor(
    private readonly view: EditorView,
    private readonly source: AuthorshipSource,
  ) {
    this.unsubscribe = source.settled.subscribe(() => {
      this.untimed = mostUntimed
      void this.load()
    })
    void this.load()
  }

  update({ docChanged, changes, state }: ViewUpdate): void {
    if (docChanged) this.passage?.add(changes.desc, state.doc)
  }

  destroy(): void {
    this.ended = true
    clearTimeout(this.timer)
    this.unsubscribe()
  }

  private async load(): Promise<void> {
    clearTimeout(this.timer)
    if (this.passage !== null) {
      this.again = true
      return
    }
    const passage = new Passage(this.view.state.doc)
    this.passage = passage
    const [effect, wait] = await this.source.read().then(
      (answer) => this.place(answer, passage),
      (error: unknown) => this.fail(error),
    )
    this.passage = null
    if (this.ended) return
    if (effect !== null) this.view.dispatch({ effects: effect })
    const after = this.again ? retryAfter : wait
    this.again = false
    if (after !== null) this.timer = setTimeout(() => void this.load(), after)
  }

  /** What to show, and after how long to ask again: soon for a text that has not been seen here yet, or never was. */
  private place(answer: Attribution, passage: Passage): Outcome {
    const found = passage.find(answer.length, (answer.lines.at(-1)?.end ?? 1) - 1)
    if (found === null) return [null, retryAfter]
    const marks = marksOf(answer, found.doc, found.since, (mark) => drawMark(mark, this.source))
    const timed = answer.lines.every(({ author, at }) => author === null || typeof at === 'string')
    if (!timed) this.untimed -= 1
    return [setMarks.of(marks), timed || this.untimed <= 0 ? null : untimedAfter]
  }

  private fail(error: unknown): Outcome {
    const { title, detail } = describe(error)
    return [setReading.of({ is: 'failed', detail: detail || title }), failedAfter]
  }
}

function drawMark({ authored: { hand, at }, isFirst }: AuthorMark, source: AuthorshipSource): HTMLElement {
  const mark = document.createElement('div')
  mark.className = 'cm-author'
  if (hand !== null) {
    mark.dataset.kind = hand.kind
    if (hand.kind === 'person') mark.style.setProperty('--person', source.colorOf(hand))
  }
  if (!isFirst || hand === null) return mark
  const name = mark.appendChild(document.createElement('span'))
  name.className = 'cm-author-name'
  name.textContent = hand.kind === 'person' && hand.id === source.me ? 'You' : hand.name
  if (at !== null) {
    const when = mark.appendChild(document.createElement('span'))
    when.className = 'cm-author-when'
    when.textContent = shortWhen(at)
  }
  return mark
}

/** Of the line that the pointer is at, or else of the one with the cursor. */
function noteOf({ state }: EditorView, reader: Reader): [tone: 'plain' | 'problem', text: string] {
  const { marks, reading, pointed } = state.field(authorship)
  if (reading.is === 'reading') return ['plain', 'Reading who wrote what…']
  if (reading.is === 'failed' && marks.size === 0) {
    return ['problem', `Who wrote what could not be read. ${reading.detail}`]
  }
  const line = state.doc.lineAt(pointed ?? state.selection.main.head)
  const mark = markIn(marks, line.from, line.to)
  return ['plain', `Line ${line.number}: ${authoredInWords(mark?.authored ?? null, line.length === 0, reader)}`]
}

/** Tells below the text who wrote a line: the marks beside it are for eyes only. */
function note(source: AuthorshipSource): (view: EditorView) => Panel {
  return (view) => {
    const dom = document.createElement('div')
    dom.className = 'cm-authors-note'
    const text = dom.appendChild(document.createElement('span'))
    text.role = 'status'
    const hide = dom.appendChild(document.createElement('button'))
    hide.type = 'button'
    hide.className = 'button'
    hide.dataset.look = 'quiet'
    hide.dataset.small = ''
    hide.append('Hide authors ', Object.assign(document.createElement('kbd'), { textContent: 'Esc' }))
    hide.onclick = () => {
      source.hide()
      view.focus()
    }
    const tell = () => {
      const [tone, words] = noteOf(view, source)
      dom.dataset.tone = tone
      if (text.textContent !== words) text.textContent = words
    }
    tell()
    return {
      dom,
      update({ docChanged, selectionSet, state, startState }) {
        if (docChanged || selectionSet || state.field(authorship) !== startState.field(authorship, false)) tell()
      },
    }
  }
}

function pointAt(view: EditorView, line: number | null): void {
  if (view.state.field(authorship).pointed !== line) view.dispatch({ effects: point.of(line) })
}

/** Each line's author beside it. */
export function authorshipLayer(source: AuthorshipSource): Extension {
  return [
    authorship,
    gutter({
      class: 'cm-authors',
      lineMarker: (view, line) => markIn(view.state.field(authorship).marks, line.from, line.to),
      lineMarkerChange: ({ state, startState }) =>
        state.field(authorship).marks !== startState.field(authorship, false)?.marks,
      domEventHandlers: {
        mousemove(view, line) {
          pointAt(view, line.from)
          return false
        },
      },
    }),
    showPanel.of(note(source)),
    ViewPlugin.define((view) => new Loader(view, source)),
    EditorView.domEventHandlers({
      mousemove(event, view) {
        pointAt(view, view.lineBlockAtHeight(event.clientY - view.documentTop).from)
      },
      mouseleave(_event, view) {
        pointAt(view, null)
      },
    }),
    // Whatever else Escape closes comes first.
    Prec.lowest(
      keymap.of([
        {
          key: 'Escape',
          run() {
            source.hide()
            return true
          },
        },
      ]),
    ),
  ]
}
