import { getChunks, goToNextChunk, goToPreviousChunk, MergeView, unifiedMergeView } from '@codemirror/merge'
import { Compartment, EditorState, type Extension } from '@codemirror/state'
import { EditorView, keymap } from '@codemirror/view'
import { yCollab } from 'y-codemirror.next'
import type * as Y from 'yjs'
import { loadLanguage } from '../editor/language'
import { basics } from '../editor/setup'

/** One of the two texts: as it was, or the shared one as it is and will be. */
export interface Side {
  label: string
  content: string | Y.Text
}

interface DifferenceOptions {
  old: Side
  new: Side
  path: string
  /** One below the other in one column. */
  unified: boolean
  /** With the lines that are the same. */
  whole: boolean
  /** How many places differ, whenever that is another number. */
  onCount: (count: number) => void
}

/** What stays visible around a change, and from how many lines on hiding the rest is worth it. */
const collapseUnchanged = { margin: 3, minSize: 6 }

/** Texts that differ everywhere are compared line by line instead of letter by letter after so many milliseconds. */
const diffConfig = { scanLimit: 500, timeout: 200 }

const isShared = (content: string | Y.Text): content is Y.Text => typeof content !== 'string'

export interface Difference {
  next: () => void
  previous: () => void
  destroy: () => void
}

/** Shows in `parent` what differs between two texts. Nothing of it can be edited; the shared one follows. */
export function showDifference(parent: HTMLElement, options: DifferenceOptions): Difference {
  const language = new Compartment()
  const steps: Extension = keymap.of([
    { key: 'F8', run: goToNextChunk },
    { key: 'Shift-F8', run: goToPreviousChunk },
  ])
  const count = EditorView.updateListener.of(({ state, startState }) => {
    const chunks = getChunks(state)?.chunks
    if (chunks !== undefined && chunks !== getChunks(startState)?.chunks) options.onCount(chunks.length)
  })
  const setup = ({ label, content }: Side): Extension => [
    steps,
    basics,
    language.of([]),
    EditorView.lineWrapping,
    EditorState.readOnly.of(true),
    EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
    isShared(content) ? yCollab(content, null, { undoManager: false }) : [],
  ]
  const [older, newer] = [options.old.content.toString(), options.new.content.toString()]
  const hidden = options.whole || older === newer ? {} : { collapseUnchanged }
  let views: EditorView[]
  let destroy: () => void
  if (options.unified) {
    const view = new EditorView({
      parent,
      doc: newer,
      extensions: [
        setup(options.new),
        count,
        unifiedMergeView({ original: older, mergeControls: false, diffConfig, ...hidden }),
      ],
    })
    views = [view]
    destroy = () => view.destroy()
  } else {
    const merged = new MergeView({
      parent,
      a: { doc: older, extensions: setup(options.old) },
      b: { doc: newer, extensions: [setup(options.new), count] },
      diffConfig,
      ...hidden,
    })
    views = [merged.a, merged.b]
    destroy = () => merged.destroy()
  }
  const last = views.at(-1)
  if (last !== undefined) options.onCount(getChunks(last.state)?.chunks.length ?? 0)

  let current = true
  loadLanguage(options.path).then(
    (loaded) => {
      if (current) for (const view of views) view.dispatch({ effects: language.reconfigure(loaded) })
    },
    // Offline, or after an upgrade of the server: the texts are there, only without their colours.
    (error: unknown) => console.warn('The language of this file did not load', error),
  )
  const step = (command: typeof goToNextChunk) => () => {
    if (last === undefined) return
    command(last)
    last.focus()
  }
  return {
    next: step(goToNextChunk),
    previous: step(goToPreviousChunk),
    destroy: () => {
      current = false
      destroy()
    },
  }
}
