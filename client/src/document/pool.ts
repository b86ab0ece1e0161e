import type { DocumentSession } from './session'

/** What a pool has to do with a session. */
export type Pooled = Pick<
  DocumentSession,
  'phase' | 'save' | 'mustGoOn' | 'holdsUndo' | 'wouldLose' | 'rest' | 'goOn' | 'close'
>

/** Milliseconds for which a text goes on that nobody shows any more: one often comes back at once. */
const grace = 1_000

/** Texts without a connection that are kept for what can be undone in them. */
const mostResting = 12

interface Held<S> {
  readonly session: S
  /** How many places show it. */
  uses: number
  timer: ReturnType<typeof setTimeout> | undefined
  stopWaiting: (() => void) | undefined
  resting: boolean
}

/**
 * The texts that are open on this page: one session each, however many places show it. What nobody shows goes on until
 * its edits are saved; then it rests while there is something to undo, and otherwise is closed.
 */
export class DocumentPool<S extends Pooled = DocumentSession> {
  private readonly held = new Map<string, Held<S>>()

  constructor(private readonly open: (document: string) => S) {
    addEventListener('beforeunload', this.warn)
  }

  /** For somebody who shows it, and says so when they do no longer. One that has ended in the past begins anew. */
  acquire(document: string): S {
    const known = this.held.get(document)
    if (known?.uses === 0 && known.session.phase.get().is === 'ended') this.drop(document, known)
    const held = this.held.get(document) ?? this.begin(document)
    held.uses += 1
    this.stopLeaving(held)
    if (held.resting) held.session.goOn()
    held.resting = false
    return held.session
  }

  release(document: string): void {
    const held = this.held.get(document)
    if (held === undefined) return
    held.uses -= 1
    if (held.uses === 0) held.timer = setTimeout(() => this.letGo(document, held), grace)
  }

  close(): void {
    removeEventListener('beforeunload', this.warn)
    for (const [document, held] of [...this.held]) this.drop(document, held)
  }

  private begin(document: string): Held<S> {
    const session = this.open(document)
    const held: Held<S> = { session, uses: 0, timer: undefined, stopWaiting: undefined, resting: false }
    this.held.set(document, held)
    return held
  }

  private stopLeaving(held: Held<S>): void {
    clearTimeout(held.timer)
    held.stopWaiting?.()
    held.stopWaiting = undefined
  }

  private letGo(document: string, held: Held<S>): void {
    this.stopLeaving(held)
    const { session } = held
    if (session.mustGoOn) {
      const look = () => {
        if (!session.mustGoOn) this.letGo(document, held)
      }
      const stops = [session.save.subscribe(look), session.phase.subscribe(look)]
      held.stopWaiting = () => stops.forEach((stop) => stop())
    } else if (session.holdsUndo) {
      session.rest()
      held.resting = true
      // The last to rest is the last to go.
      this.held.delete(document)
      this.held.set(document, held)
      this.makeRoom()
    } else this.drop(document, held)
  }

  private makeRoom(): void {
    const resting = [...this.held].filter(([, { resting: rests }]) => rests)
    for (const [document, held] of resting.slice(0, -mostResting)) this.drop(document, held)
  }

  private drop(document: string, held: Held<S>): void {
    this.stopLeaving(held)
    this.held.delete(document)
    held.session.close()
  }

  private readonly warn = (event: BeforeUnloadEvent) => {
    if ([...this.held.values()].some(({ session }) => session.wouldLose)) event.preventDefault()
  }
}
