import { type Extension, Facet, Prec, RangeSet, StateEffect, StateField } from '@codemirror/state'
import { type Command, Decoration, type DecorationSet, EditorView, keymap } from '@codemirror/view'
import { bindings } from '../actions/bindings'
import { writtenKey } from '../actions/catalogue'
import { refuse } from '../editor/refusal'
import { tipActions } from '../editor/tipActions'

/** A piece of the text that comments are about. */
export interface Commented {
  id: string
  from: number
  to: number
}

const setCommented = StateEffect.define<{ ranges: readonly Commented[]; focus: string | null }>()

const mark = (id: string, focused: boolean) =>
  Decoration.mark({
    class: focused ? 'cm-commented cm-commented-focus' : 'cm-commented',
    attributes: { 'data-thread': id },
  })

const commented = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(setCommented)) continue
      const { ranges, focus } = effect.value
      return RangeSet.of(
        ranges.map(({ id, from, to }) => mark(id, id === focus).range(from, to)),
        true,
      )
    }
    return marks.map(transaction.changes)
  },
  provide: (field) => EditorView.decorations.from(field),
})

/** Draws `ranges`, none of them empty. */
export function showCommented(view: EditorView, ranges: readonly Commented[], focus: string | null): void {
  view.dispatch({ effects: setCommented.of({ ranges, focus }) })
}

export interface CommentHandlers {
  /** On the selected text, or on the line of the cursor. */
  begin: (from: number, to: number) => void
  /** Somebody has clicked on text that is commented on. */
  open: (thread: string) => void
}

const commentHandlers = Facet.define<CommentHandlers>()

/** Begins a comment on a piece of the text; whether one may comment. */
export function commentOn(view: EditorView, from: number, to: number): boolean {
  const handlers = view.state.facet(commentHandlers)[0]
  if (view.state.readOnly || handlers === undefined) return false
  handlers.begin(from, to)
  return true
}

/** Begins a comment on the selected text, or on the line of the cursor. */
export const comment: Command = (view) => {
  const { main } = view.state.selection
  const { from, to } = main.empty ? view.state.doc.lineAt(main.head) : main
  return commentOn(view, from, to)
}

/** Marks what is commented on, and lets people begin a comment. */
export function commentLayer(handlers: CommentHandlers): Extension {
  return [
    commented,
    commentHandlers.of(handlers),
    tipActions.of({
      label: 'Comment',
      title: 'Comment on the selected text',
      keys: writtenKey('comment'),
      run: comment,
    }),
    EditorView.domEventHandlers({
      click(event) {
        const thread = event.target instanceof Element ? event.target.closest('[data-thread]') : null
        const id = thread?.getAttribute('data-thread')
        if (id) handlers.open(id)
        return false
      },
    }),
    Prec.high(keymap.of(bindings({ comment: (view) => comment(view) || refuse(view, 'No comment was begun') }, true))),
  ]
}
