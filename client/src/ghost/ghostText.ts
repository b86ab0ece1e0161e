import { closeCompletion, completionStatus } from '@codemirror/autocomplete'
import type { Extension } from '@codemirror/state'
import { EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view'
import type { CompletionPiece } from '../api/completions'
import type { ReadableStore } from '../lib/store'
import type { Deed, GhostEvent } from './ghost'
import { step } from './ghost'
import { ghostEvent, ghostKeys, ghostLayer, newUndoStep } from './layer'
import { restAfter } from './rest'
import type { Completing } from './setting'
import { builtIn } from './widgets'

/** What the grey text needs of the page around the editor. */
export interface GhostSource {
  /** Streams what comes next at `at`; `before` stands in front of it. */
  ask: (at: number, before: string, onPiece: (piece: CompletionPiece) => void, signal: AbortSignal) => Promise<void>
  tell: (deed: Deed & { do: 'tell' }) => void
  /** Whatever is edited from now on is a step of its own for undoing. */
  newStep: () => void
  wanted: ReadableStore<Completing>
}

/** UTF-16 code units in front of the cursor that the server compares. */
const expectedUnits = 64

/** In a line, grey text goes where only marks that close something follow. */
const closing = /^[\s)\]}>"'`;:,.]*$/

/** Milliseconds between two looks whether an input method has finished its word, or the list of words will open. */
const undecidedTime = 50

/** Carries out what the machine asks for, and tells it what happens outside of the text. */
class GhostText {
  private readonly requests = new Map<number, AbortController>()
  private timer: ReturnType<typeof setTimeout> | undefined
  private due: number | null = null
  private announced = 0
  private failures = 0
  private restUntil = 0
  private gone = false
  private readonly unsubscribe: () => void

  constructor(
    private readonly view: EditorView,
    private readonly source: GhostSource,
  ) {
    const obey = () => this.happen({ is: 'switched', on: source.wanted.get() === 'on' })
    this.unsubscribe = source.wanted.subscribe(obey)
    if (source.wanted.get() === 'off') queueMicrotask(obey)
    addEventListener('pagehide', this.leave)
  }

  update(update: ViewUpdate): void {
    const deeds = update.transactions.flatMap((transaction) => transaction.state.field(ghostLayer).deeds)
    // After the update: only then is the shared text as the editor's, and may the editor be changed again.
    if (deeds.length > 0) queueMicrotask(() => deeds.forEach((deed) => this.carryOut(deed)))
    const { ghost, shown } = update.state.field(ghostLayer)
    if (ghost.due !== this.due) this.arm(ghost.due)
    if (shown === null) return
    // The list of words would open over it while it is being typed along.
    if (update.docChanged) queueMicrotask(() => closeCompletion(this.view))
    if (ghost.completion?.done === true && this.announced !== ghost.completion.request) {
      this.announced = ghost.completion.request
      const by = shown.insteadOf === null ? '' : ` of ${builtIn(shown.insteadOf)}`
      const words = `Suggestion${by}: ${shown.text}. Tab takes it, Escape does not.`
      queueMicrotask(() => this.dispatch(EditorView.announce.of(words)))
    }
  }

  destroy(): void {
    this.gone = true
    clearTimeout(this.timer)
    removeEventListener('pagehide', this.leave)
    this.unsubscribe()
    // There is no text any more that could take part in it.
    const { deeds } = step(this.view.state.field(ghostLayer).ghost, { is: 'left' }, Date.now())
    deeds.forEach((deed) => this.carryOut(deed))
  }

  readonly leave = () => this.happen({ is: 'left' })

  private happen(event: GhostEvent): void {
    this.dispatch(ghostEvent.of(event))
  }

  private dispatch(effects: Parameters<EditorView['dispatch']>[0]['effects']): void {
    if (!this.gone && effects !== undefined) this.view.dispatch({ effects })
  }

  private arm(due: number | null): void {
    clearTimeout(this.timer)
    this.due = due
    if (due !== null) this.timer = setTimeout(this.onDue, due - Date.now())
  }

  private readonly onDue = () => {
    const { view } = this
    const undecided = view.composing || view.compositionStarted || completionStatus(view.state) === 'pending'
    if (undecided) this.timer = setTimeout(this.onDue, undecidedTime)
    else this.happen({ is: 'due', fits: this.fits() })
  }

  private fits(): boolean {
    const { state, hasFocus } = this.view
    const { head } = state.selection.main
    const line = state.doc.lineAt(head)
    return hasFocus && Date.now() >= this.restUntil && closing.test(line.text.slice(head - line.from))
  }

  private carryOut(deed: Deed): void {
    switch (deed.do) {
      case 'ask':
        void this.ask(deed.request, deed.at)
        break
      case 'abort':
        this.requests.get(deed.request)?.abort()
        break
      case 'tell':
        this.source.tell(deed)
    }
  }

  private async ask(request: number, at: number): Promise<void> {
    const abort = new AbortController()
    this.requests.set(request, abort)
    const onPiece = (piece: CompletionPiece) => this.happen({ is: 'piece', request, ...piece })
    try {
      await this.source.ask(at, this.before(at), onPiece, abort.signal)
      this.failures = 0
    } catch (error) {
      if (!abort.signal.aborted) {
        this.restUntil = Date.now() + restAfter(error, this.failures)
        this.failures += 1
      }
    }
    this.requests.delete(request)
    this.happen({ is: 'ended', request })
  }

  private before(at: number): string {
    const text = this.view.state.sliceDoc(Math.max(0, at - expectedUnits), at)
    // Half of a character is none.
    return /^[\uDC00-\uDFFF]/.test(text) ? text.slice(1) : text
  }
}

/** Grey text behind the cursor of whoever types, which nobody else sees. */
export function ghostText(source: GhostSource): Extension {
  const plugin = ViewPlugin.define((view) => new GhostText(view, source), {
    eventObservers: {
      blur() {
        this.leave()
      },
    },
  })
  return [ghostLayer, ghostKeys, newUndoStep.of(source.newStep), plugin]
}
