import { acceptCompletion } from '@codemirror/autocomplete'
import { insertNewlineAndIndent } from '@codemirror/commands'
import { gotoLine } from '@codemirror/search'
import { type Extension, Prec } from '@codemirror/state'
import { type Command, EditorView } from '@codemirror/view'
import { emacs, EmacsHandler } from '@replit/codemirror-emacs'
import { registry } from '../../actions/registry'
import { shared } from '../shared'

interface EmacsCommand {
  exec: (handler: EmacsHandler, args: unknown) => unknown
  keepLastCommand?: boolean
}

const stepping = (way: 'undo' | 'redo') => (view: EditorView) => {
  view.state.facet(shared)?.undo[way]()
  return true
}

const saved = (view: EditorView) => {
  const words = view.state.facet(shared)?.saved() ?? ''
  view.dispatch({ effects: EditorView.announce.of(words) })
  return true
}

const newLine: Command = (view) => acceptCompletion(view) || insertNewlineAndIndent(view)

const commands = EmacsHandler.commands as Record<string, EmacsCommand>
const { yank, yankRotate } = commands

// Its own history would take back what others wrote.
EmacsHandler.bindKey('C-/|C-x u|S-C--|C-z', stepping('undo'))
EmacsHandler.bindKey('S-C-/|C--|S-C-z', stepping('redo'))
EmacsHandler.bindKey('Return|C-m', newLine)
EmacsHandler.bindKey('M-g', gotoLine)
EmacsHandler.bindKey('M-x', () => registry.run('go.actions'))
EmacsHandler.bindKey('C-x C-s', saved)
if (yank !== undefined && yankRotate !== undefined) {
  EmacsHandler.addCommands({
    yank: {
      ...yank,
      exec(handler: EmacsHandler, args: unknown) {
        handler.view.state.facet(shared)?.undo.stopCapturing()
        return yank.exec(handler, args)
      },
    },
    yankRotate: {
      ...yankRotate,
      exec(handler: EmacsHandler, args: unknown) {
        // The key has another meaning then.
        if (handler.$data.lastCommand !== 'yank') return false
        stepping('undo')(handler.view)
        handler.view.state.facet(shared)?.undo.stopCapturing()
        return yankRotate.exec(handler, args)
      },
    },
  })
}

export const keys: Extension = Prec.highest(emacs())
