import { CodeMirror, getCM, Vim, vim } from '@replit/codemirror-vim'
import { type Extension, Prec } from '@codemirror/state'
import type { UndoManager } from 'yjs'
import { EditorView, ViewPlugin } from '@codemirror/view'
import { type ActionId, keysOf } from '../../actions/catalogue'
import { registry } from '../../actions/registry'
import { askOrRefuse } from '../../assistant/ask'
import { isPressed } from '../../lib/keys'
import { saving, shared } from '../shared'
import { modeField, onMode, setMode } from './mode'

type Cm = NonNullable<ReturnType<typeof getCM>>

/** Vim's own history would take back what others wrote. The cursor goes where the text has changed, as in Vim. */
function travel(cm: Cm, way: 'undo' | 'redo'): void {
  const operation = cm.curOp as { $changeStart?: number | undefined } | null
  if (operation) operation.$changeStart = undefined
  cm.cm6.state.facet(shared)?.undo[way]()
  const changed = operation?.$changeStart
  if (changed !== undefined) cm.cm6.dispatch({ selection: { anchor: changed } })
}

function tell(cm: Cm, words: string): void {
  const note = document.createElement('span')
  note.className = 'vim-note'
  note.textContent = words
  cm.openNotification(note, { bottom: true, duration: 4_000 })
  cm.cm6.dispatch({ effects: EditorView.announce.of(words) })
}

function saved(cm: Cm): void {
  const text = cm.cm6.state.facet(shared)
  if (text === null) return
  tell(cm, text.saved())
  const again = () => (cm.cm6.dom.isConnected ? tell(cm, text.saved()) : undefined)
  if (text.saved() === saving) void text.whenSaved().then(again, () => undefined)
}

/** A text is saved by itself, so that leaving it is closing its tab. */
const quit = (cm: Cm) => {
  if (!act('tabs.close')) tell(cm, 'The text is saved by itself and stays open.')
}

/** Once Vim is done with its command: the text may be gone afterwards. */
function act(id: ActionId): boolean {
  setTimeout(() => registry.run(id))
  return registry.has(id)
}

// Vim is one for the whole page, so that this is done once.
CodeMirror.commands.undo = (cm: Cm) => travel(cm, 'undo')
CodeMirror.commands.redo = (cm: Cm) => travel(cm, 'redo')
Vim.defineEx('undo', 'u', (cm: Cm) => travel(cm, 'undo'))
Vim.defineEx('redo', 'red', (cm: Cm) => travel(cm, 'redo'))
for (const [name, short] of [
  ['write', 'w'],
  ['wall', 'wa'],
  ['update', 'up'],
] as const) {
  Vim.defineEx(name, short, saved)
}
for (const [name, short] of [
  ['quit', 'q'],
  ['wq', 'wq'],
  ['xit', 'x'],
] as const) {
  Vim.defineEx(name, short, quit)
}
const tabCommands = [
  ['qall', 'qa', 'tabs.closeAll'],
  ['wqall', 'wqa', 'tabs.closeAll'],
  ['xall', 'xa', 'tabs.closeAll'],
  ['only', 'on', 'tabs.join'],
  ['split', 'sp', 'tabs.split'],
  ['vsplit', 'vs', 'tabs.split'],
  ['tabnext', 'tabn', 'tabs.next'],
  ['tabprevious', 'tabp', 'tabs.previous'],
  ['edit', 'e', 'go.file'],
] as const
for (const [name, short, id] of tabCommands) Vim.defineEx(name, short, () => void act(id))
for (const [keys, id] of [
  ['gt', 'tabs.next'],
  ['gT', 'tabs.previous'],
  ['<C-w>w', 'tabs.otherHalf'],
  ['<C-w>v', 'tabs.split'],
  ['<C-w>o', 'tabs.join'],
] as const) {
  Vim.defineAction(id, () => void act(id))
  Vim.mapCommand(keys, 'action', id, {}, { context: 'normal' })
}

/** How long edits after each other are one step, by the texts in which Vim decides that, and in how many views. */
const decided = new Map<UndoManager, { views: number; before: number }>()

/** For as long as this is not taken back, whoever pauses while typing begins no new step. */
function decideSteps(undo: UndoManager): () => void {
  const known = decided.get(undo)
  decided.set(undo, { views: (known?.views ?? 0) + 1, before: known?.before ?? undo.captureTimeout })
  undo.captureTimeout = Infinity
  return () => {
    const { views, before } = decided.get(undo) ?? { views: 0, before: undo.captureTimeout }
    if (views > 1) decided.set(undo, { views: views - 1, before })
    else {
      decided.delete(undo)
      undo.captureTimeout = before
    }
  }
}

/**
 * Tells the editor of Vim's mode. A command is a step for undoing, with all that is written until Esc where it begins
 * to insert: `o` and `cw` change the text before that.
 */
const watching = ViewPlugin.define((view) => {
  const cm = getCM(view)
  const undo = view.state.facet(shared)?.undo
  const leave = undo === undefined ? undefined : decideSteps(undo)
  const onCommand = () => {
    if (cm?.state.vim?.insertMode !== true) undo?.stopCapturing()
  }
  const onModeChange = ({ mode, subMode }: { mode: string; subMode?: string }) => {
    if (cm?.state.vim?.insertMode !== true) undo?.stopCapturing()
    const whole = subMode === undefined ? mode : `${mode} ${subMode === 'linewise' ? 'line' : 'block'}`
    // Not within an update of the editor, which a change of the mode may come in.
    queueMicrotask(() => view.dispatch({ effects: setMode.of(whole) }))
  }
  const onDialog = () => {
    const dialog = cm?.state.dialog
    const sign = dialog?.textContent.trim().charAt(0) ?? ''
    const input = dialog?.querySelector('input')
    if (input) input.ariaLabel = sign === '/' || sign === '?' ? 'Search of Vim' : 'Command of Vim'
  }
  cm?.on('dialog', onDialog)
  cm?.on('vim-mode-change', onModeChange)
  cm?.on('vim-command-done', onCommand)
  return {
    update({ startState, state }) {
      const mode = state.field(modeField)
      if (mode !== startState.field(modeField)) for (const hear of state.facet(onMode)) hear(mode)
    },
    destroy() {
      cm?.off('dialog', onDialog)
      cm?.off('vim-mode-change', onModeChange)
      cm?.off('vim-command-done', onCommand)
      leave?.()
    },
  }
})

/** Asking the assistant keeps its key; all others that Vim has are Vim's. */
const asking = EditorView.domEventHandlers({
  keydown: (event, view) => keysOf('ask').some((key) => isPressed(key, event)) && askOrRefuse(view),
})

/** Whatever comes with the first key of a command belongs to it, and what came before by another way does not. */
const beginning = EditorView.domEventHandlers({
  keydown(_event, view) {
    if (getCM(view)?.state.vim?.insertMode !== true) view.state.facet(shared)?.undo.stopCapturing()
    return false
  },
})

export const keys: Extension = [Prec.highest([asking, beginning]), Prec.highest([modeField, vim(), watching])]
