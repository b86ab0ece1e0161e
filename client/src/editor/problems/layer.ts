import {
  type Action,
  type Diagnostic,
  forEachDiagnostic,
  linter,
  lintGutter,
  nextDiagnostic,
  previousDiagnostic,
  setDiagnostics,
} from '@codemirror/lint'
import { ChangeSet, type Extension, type Text } from '@codemirror/state'
import { type Command, EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view'
import { Alarm } from '../../lib/alarm'
import { quotedNames } from '../../lib/format'
import { shared } from '../shared'
import { problemTools } from './commands'
import { listProblems, problemPanel } from './panel'
import { carried, type Counts, counted, type Fix, fixNow, type Problem } from './problem'

export interface ProblemSource {
  check: (text: string, signal: AbortSignal) => Promise<readonly Problem[]>
  /** A sentence and when to try again in milliseconds, null when only with another text. */
  trouble: (error: unknown) => { words: string; again: number | null }
  tell: (counts: Counts, trouble: string | null) => void
}

/** Milliseconds without an edit after which a text is checked. */
const pause = 500
/** Milliseconds after which it is checked although somebody goes on typing. */
const patience = 3_000

interface Check {
  doc: Text
  /** What has happened to the text since. */
  changes: ChangeSet
}

/** Has the text checked whenever it rests. What comes back is moved along with what was typed meanwhile. */
class Checking {
  private readonly alarm = new Alarm(() => void this.check())
  private waitingSince: number | null = null
  private running: (Check & { abort: AbortController }) | null = null
  private shown: Check
  private gone = false

  constructor(
    private readonly view: EditorView,
    private readonly source: ProblemSource,
  ) {
    this.shown = beginning(view.state.doc)
    this.schedule()
  }

  update({ docChanged, changes }: ViewUpdate): void {
    if (!docChanged) return
    for (const check of [this.running, this.shown]) if (check !== null) check.changes = check.changes.compose(changes)
    this.schedule()
  }

  destroy(): void {
    this.gone = true
    this.alarm.stop()
    this.running?.abort.abort()
  }

  /** The edits of a fix in the text as it is by now; null when they do not fit any more. */
  fixNow(fix: Fix) {
    return fixNow(fix, this.shown.doc, this.view.state.doc, this.shown.changes)
  }

  private schedule(delay = pause): void {
    this.waitingSince ??= Date.now()
    this.alarm.set(Math.min(delay, this.waitingSince + patience - Date.now()))
  }

  private async check(): Promise<void> {
    this.waitingSince = null
    this.running?.abort.abort()
    const running = { ...beginning(this.view.state.doc), abort: new AbortController() }
    this.running = running
    try {
      const found = await this.source.check(running.doc.toString(), running.abort.signal)
      if (this.running !== running || this.gone) return
      this.running = null
      this.show(found, running)
    } catch (error) {
      if (this.running !== running || this.gone) return
      this.running = null
      this.fail(error)
    }
  }

  private show(found: readonly Problem[], check: Check): void {
    this.shown = check
    const { state } = this.view
    const current = found.flatMap((problem) => carried(problem, check.changes, state.doc.length) ?? [])
    this.view.dispatch(setDiagnostics(state, current.map(this.diagnostic)))
    this.source.tell(counted(current), null)
  }

  private fail(error: unknown): void {
    const { words, again } = this.source.trouble(error)
    // What was found before may hold no more, and nobody can tell.
    this.shown = beginning(this.view.state.doc)
    this.view.dispatch(setDiagnostics(this.view.state, []))
    this.source.tell(counted([]), words)
    if (again !== null) this.alarm.set(again)
  }

  private readonly diagnostic = ({ start, end, severity, message, source, code, fixes = [] }: Problem): Diagnostic => ({
    from: start,
    to: end,
    severity,
    message: quotedNames(message),
    source: code ? `${source} ${code}` : source,
    actions: this.view.state.readOnly ? [] : fixes.map(asAction),
  })
}

const beginning = (doc: Text): Check => ({ doc, changes: ChangeSet.empty(doc.length) })

const asAction = (fix: Fix): Action => ({ name: quotedNames(fix.message), apply: (view) => apply(view, fix) })

/** An edit of whoever chose it, and a step of its own for undoing. */
function apply(view: EditorView, fix: Fix): void {
  const changes = view.plugin(checking)?.fixNow(fix) ?? null
  if (changes === null || view.state.readOnly) {
    view.dispatch({ effects: EditorView.announce.of('The text there has changed; it is checked again in a moment.') })
    return
  }
  const undo = view.state.facet(shared)?.undo
  undo?.stopCapturing()
  view.dispatch({
    changes,
    userEvent: 'input.fix',
    effects: EditorView.announce.of(`Done: ${quotedNames(fix.message)}`),
  })
  undo?.stopCapturing()
  view.focus()
}

const sources = new WeakMap<EditorView, ProblemSource>()
const checking = ViewPlugin.define((view) => {
  const source = sources.get(view)
  if (source === undefined) throw new Error('Nobody checks this text')
  return new Checking(view, source)
})

function diagnosticsAt(view: EditorView, from: number, to: number): Diagnostic[] {
  const found: Diagnostic[] = []
  forEachDiagnostic(view.state, (diagnostic, start, end) => {
    if (start <= to && end >= from) found.push(diagnostic)
  })
  return found
}

/** Goes there, and has the message read out. */
const going =
  (move: Command): Command =>
  (view) => {
    if (!move(view)) return false
    const { from, to } = view.state.selection.main
    const messages = diagnosticsAt(view, from, to).map(({ message, severity }) => `${severity}: ${message}`)
    view.dispatch({ effects: EditorView.announce.of(messages.join('. ')) })
    return true
  }

const fixHere: Command = (view) => {
  const { head } = view.state.selection.main
  const line = view.state.doc.lineAt(head)
  const here = [...diagnosticsAt(view, head, head), ...diagnosticsAt(view, line.from, line.to)]
  const action = here.flatMap(({ actions }) => actions ?? [])[0]
  if (action === undefined) view.dispatch({ effects: EditorView.announce.of('Nothing here can be mended by itself.') })
  else action.apply(view, head, head)
  return true
}

/** Problems are underlined, marked beside their lines, told when one points at them, and listed below the text. */
export function problemLayer(view: EditorView, source: ProblemSource): Extension {
  sources.set(view, source)
  const tools = {
    'problems.next': going(nextDiagnostic),
    'problems.previous': going(previousDiagnostic),
    'problems.list': listProblems,
    'problems.fix': fixHere,
  }
  return [linter(null), lintGutter(), problemPanel, checking, problemTools.of(tools)]
}

/** Nothing is said any more: the text is of another kind now. */
export const withoutProblems = (view: EditorView) => view.dispatch(setDiagnostics(view.state, []))
