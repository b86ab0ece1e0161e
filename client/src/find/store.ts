import { describe, Problem } from '../api/problem'
import { findMatches, type Match, type Query, replaceMatches, type ReplacedFile } from '../api/search'
import { createStore, type ReadableStore } from '../lib/store'
import type { WorkspaceSession } from '../workspace/session'
import { afterReplacing, chosen, firstPage, portions, refreshed, type Results, rowsOf, withPage } from './results'

/** Milliseconds without a key after which what was typed is searched for. */
const pause = 200

/** Milliseconds for which files that settle are gathered before they are looked at again. */
const settling = 400

export type State =
  | { is: 'idle' }
  | { is: 'searching' }
  | { is: 'found' }
  /** `away`: the server cannot be reached, so nothing is wrong with the query. */
  | { is: 'failed'; why: string; away: boolean }

const nothing: Query = { query: '', case: false, word: false, regex: false, paths: '', replacement: null }

/** One search in the files of a workspace, kept while its panel is closed. */
export class FindStore {
  private readonly asked = createStore<Query>(nothing)
  private readonly stateStore = createStore<State>({ is: 'idle' })
  private readonly resultStore = createStore<Results | null>(null)
  private readonly leftOutStore = createStore<ReadonlySet<string>>(new Set())
  private readonly closedStore = createStore<ReadonlySet<string>>(new Set())
  private timer: ReturnType<typeof setTimeout> | undefined
  private looking: ReturnType<typeof setTimeout> | undefined
  private settled = new Set<string>()
  /** The newest search. Answers to older ones are dropped. */
  private turn = 0

  readonly query: ReadableStore<Query> = this.asked
  readonly state: ReadableStore<State> = this.stateStore
  readonly results: ReadableStore<Results | null> = this.resultStore
  /** Keys of matches that are not to be replaced. */
  readonly leftOut: ReadableStore<ReadonlySet<string>> = this.leftOutStore
  /** Documents whose matches are folded away. */
  readonly closed: ReadableStore<ReadonlySet<string>> = this.closedStore
  /** The row that the keyboard is at. */
  readonly active = createStore(0)

  constructor(private readonly session: WorkspaceSession) {
    session.settled.subscribe(() => this.noteSettled(session.settled.get()))
    session.tree.connected.subscribe(() => {
      const state = this.stateStore.get()
      if (session.tree.connected.get() && state.is === 'failed' && state.away) void this.run()
    })
  }

  /** Searches once nothing has been typed for a moment. */
  ask(fields: Partial<Query>): void {
    this.asked.update((before) => ({ ...before, ...fields }))
    clearTimeout(this.timer)
    this.turn += 1
    if (this.asked.get().query === '') {
      this.resultStore.set(null)
      this.stateStore.set({ is: 'idle' })
      return
    }
    this.stateStore.set({ is: 'searching' })
    this.timer = setTimeout(() => void this.run(), pause)
  }

  /** Searches at once. */
  async run(): Promise<void> {
    clearTimeout(this.timer)
    this.turn += 1
    const mine = this.turn
    const asked = this.asked.get()
    if (asked.query === '') return
    this.stateStore.set({ is: 'searching' })
    try {
      const page = await findMatches(this.session.id, asked)
      if (mine !== this.turn) return
      this.resultStore.set(firstPage(page))
      this.leftOutStore.set(new Set())
      this.active.set(0)
      this.stateStore.set({ is: 'found' })
    } catch (error) {
      if (mine === this.turn) this.fail(error)
    }
  }

  /** Adds the next page. */
  async more(): Promise<void> {
    const before = this.resultStore.get()
    const next = before?.next ?? null
    if (next === null) return
    const mine = this.turn
    try {
      const page = await findMatches(this.session.id, this.asked.get(), next)
      if (mine === this.turn) this.resultStore.update((now) => (now === null ? null : withPage(now, page)))
    } catch (error) {
      if (mine === this.turn) this.fail(error)
    }
  }

  /** Replaces what is chosen. Raises Problem; what was replaced before that is marked. */
  async replace(): Promise<readonly ReplacedFile[]> {
    const results = this.resultStore.get()
    if (results === null) return []
    const asked = this.asked.get()
    const all: ReplacedFile[] = []
    for (const files of portions(chosen(results, this.leftOutStore.get()))) {
      const outcome = await replaceMatches(this.session.id, asked, files)
      this.resultStore.update((now) => (now === null ? null : afterReplacing(now, outcome)))
      all.push(...outcome)
    }
    return all
  }

  /** Takes matches in, or leaves them out. */
  leave(keys: readonly string[], out: boolean): void {
    this.leftOutStore.update((before) => {
      const after = new Set(before)
      for (const key of keys)
        if (out) after.add(key)
        else after.delete(key)
      return after
    })
  }

  fold(document: string, closed: boolean): void {
    this.closedStore.update((before) =>
      closed ? new Set([...before, document]) : new Set([...before].filter((other) => other !== document)),
    )
  }

  rows() {
    const results = this.resultStore.get()
    return results === null ? [] : rowsOf(results, this.closedStore.get())
  }

  private fail(error: unknown): void {
    const { title, detail } = describe(error)
    const away = error instanceof Problem && (error.status === 0 || error.status >= 500)
    const why =
      error instanceof Problem && error.status === 0 ? `${title}. The search goes on when it is back.` : detail || title
    if (!away) this.resultStore.set(null)
    this.stateStore.set({ is: 'failed', why, away })
  }

  private noteSettled(document: string | null): void {
    if (document === null || !this.resultStore.get()?.files.some((file) => file.document === document)) return
    this.settled.add(document)
    clearTimeout(this.looking)
    this.looking = setTimeout(() => void this.lookAgain(), settling)
  }

  /** What was found in files that somebody has changed since. */
  private async lookAgain(): Promise<void> {
    const documents = [...this.settled]
    this.settled = new Set()
    const mine = this.turn
    for (const document of documents) {
      const path = this.session.tree.tree.get().nodes.get(document)?.path
      try {
        // A comma separates patterns, and "?" stands for any sign.
        const asked = { ...this.asked.get(), paths: `/${(path ?? '').replaceAll(',', '?')}`, replacement: null }
        const page = path === undefined ? null : await findMatches(this.session.id, asked)
        if (mine !== this.turn) return
        const fresh: readonly Match[] = page?.files.find((file) => file.document === document)?.matches ?? []
        this.resultStore.update((now) =>
          now === null ? null : refreshed(now, document, fresh, (page?.next ?? null) === null),
        )
      } catch {
        // The server is away: the lines are looked for once more when they are opened or replaced.
      }
    }
  }
}

const stores = new WeakMap<WorkspaceSession, FindStore>()

/** The search of a workspace that is open. */
export function findOf(session: WorkspaceSession): FindStore {
  const known = stores.get(session) ?? new FindStore(session)
  stores.set(session, known)
  return known
}
