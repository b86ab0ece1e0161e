import { isUnreachable } from '../api/problem'
import type { AssistantStatus, Me, Member, Recipe, Role, Workspace } from '../api/types'
import { WorkspaceApi } from '../api/workspace'
import { FailureStore } from '../assistant/failures'
import { WaitingStore } from '../assistant/waiting'
import { SuggestionStore } from '../assistant/store'
import { ChatStore } from '../chat/store'
import { CommentStore } from '../comments/store'
import { DocumentPool } from '../document/pool'
import { DocumentSession } from '../document/session'
import { EventSocket } from '../events/socket'
import { HistoryStore } from '../history/store'
import { NoticeStore } from '../notices/store'
import { backoff } from '../lib/backoff'
import { createStore, type ReadableStore } from '../lib/store'
import { OpenTabs } from '../tabs/openTabs'
import { TreeDocument } from '../tree/document'
import { Uploads } from '../tree/uploads'
import { Following } from '../people/following'
import { recorded } from '../people/recorded'
import { attemptUnasked, tell, tellProblem } from '../ui/toasts'

/** Milliseconds between looks at whether the model answers again. */
const lookAgain = 60_000

/** Everything that lives as long as one workspace is open on the page. */
export class WorkspaceSession {
  readonly api: WorkspaceApi
  readonly tree: TreeDocument
  readonly tabs: OpenTabs
  readonly documents: DocumentPool
  readonly suggestions: SuggestionStore
  readonly chat: ChatStore
  readonly failures: FailureStore
  readonly waiting: WaitingStore
  readonly comments: CommentStore
  readonly history: HistoryStore
  readonly notices: NoticeStore
  readonly uploads: Uploads
  readonly following = new Following()

  private readonly events: EventSocket
  private nextLook: ReturnType<typeof setTimeout> | undefined
  private nextLoad: ReturnType<typeof setTimeout> | undefined
  private failedLoads = 0
  private closed = false
  private readonly summaryStore: ReturnType<typeof createStore<Workspace>>
  private readonly memberStore = createStore<readonly Member[]>([])
  private readonly incompleteStore = createStore<ReadonlySet<string>>(new Set())
  private readonly settledStore = createStore<string | null>(null)
  private readonly assistantStore = createStore<AssistantStatus | null>(null)
  private readonly recipeStore = createStore<readonly Recipe[]>([])

  readonly summary: ReadableStore<Workspace>
  readonly members: ReadableStore<readonly Member[]> = this.memberStore
  /** Documents that the server cannot read to the end: what it can is saved, but their files stand still. */
  readonly incomplete: ReadableStore<ReadonlySet<string>> = this.incompleteStore
  /** The document that has settled last; told also when the same one settles again. */
  readonly settled: ReadableStore<string | null> = this.settledStore
  /** Null until the server has told. */
  readonly assistant: ReadableStore<AssistantStatus | null> = this.assistantStore
  readonly recipes: ReadableStore<readonly Recipe[]> = this.recipeStore

  constructor(
    readonly me: Me,
    workspace: Workspace,
  ) {
    this.summaryStore = createStore(workspace)
    this.summary = this.summaryStore
    this.api = new WorkspaceApi(workspace.id)
    this.tree = new TreeDocument(workspace.id)
    this.tabs = new OpenTabs(workspace.id, me.id, this.tree)
    this.documents = new DocumentPool((document) => new DocumentSession(workspace.id, document, me.id))
    this.uploads = new Uploads(this.api)
    this.events = new EventSocket(this.api.eventsPath)
    this.suggestions = new SuggestionStore(this.api, this.events)
    this.chat = new ChatStore(this.api, me.id, this.events)
    this.failures = new FailureStore(this.api, this.events)
    this.waiting = new WaitingStore(this.events)
    this.comments = new CommentStore(this.api, this.events)
    this.notices = new NoticeStore(this.api, me.id, this.events)
    this.history = new HistoryStore(workspace.id, this.events)
    this.events.on('member.changed', ({ user, role }) => {
      // Whoever has been removed may read nothing more; the sockets are closed on them in a moment.
      if (user !== me.id || role !== null) void attemptUnasked('The people could not be read', () => this.loadPeople())
    })
    this.events.on('document.incomplete', ({ document }) => {
      this.incompleteStore.update((known) => new Set(known).add(document))
    })
    this.events.on('document.settled', ({ document }) => {
      this.settledStore.set(null)
      this.settledStore.set(document)
      this.incompleteStore.update((known) =>
        known.has(document) ? new Set([...known].filter((one) => one !== document)) : known,
      )
    })
    this.events.on('workspace.changed', ({ collect_feedback: collects }) => {
      if (collects !== undefined && collects !== this.summary.get().collect_feedback) {
        tell(
          collects ? 'Decisions are recorded from now on' : 'Decisions are no longer recorded',
          collects ? recorded : '',
        )
      }
      void attemptUnasked('The workspace could not be read', () => this.loadSummary())
    })
    this.events.on('assistant.config', () => {
      void attemptUnasked('What the assistant is set to could not be read', () => this.loadAssistant())
    })
    this.events.on(
      'assistant.outage',
      () => void attemptUnasked('The assistant could not be asked', () => this.loadAssistant()),
    )
    this.events.onFresh = () => {
      this.history.onFresh()
      void this.load()
    }
    this.events.open()
  }

  get id(): string {
    return this.api.id
  }

  close(): void {
    this.closed = true
    clearTimeout(this.nextLook)
    clearTimeout(this.nextLoad)
    this.uploads.stop()
    this.events.close()
    this.suggestions.close()
    this.chat.close()
    this.tabs.close()
    this.documents.close()
    this.tree.close()
  }

  async loadPeople(): Promise<void> {
    await Promise.all([this.loadSummary(), this.api.members().then((members) => this.memberStore.set(members))])
  }

  /** How much of the budget is left by now. */
  async loadBudget(): Promise<void> {
    this.assistantStore.set(await this.api.assistant())
  }

  private async loadSummary(): Promise<void> {
    this.summaryStore.set(await this.api.get())
  }

  private async loadAssistant(): Promise<void> {
    const [status, recipes] = await Promise.all([this.api.assistant(), this.api.recipes()])
    this.assistantStore.set(status)
    this.recipeStore.set(recipes)
    clearTimeout(this.nextLook)
    // Nobody tells of an outage that ends because nobody meets it any more.
    if (status.outage) this.nextLook = setTimeout(() => void this.loadAssistant().catch(() => undefined), lookAgain)
  }

  private async load(): Promise<void> {
    clearTimeout(this.nextLoad)
    const parts = [
      this.loadPeople(),
      this.suggestions.load(),
      this.chat.refresh(),
      this.failures.load(),
      this.comments.load(),
      this.notices.load(),
      this.loadAssistant(),
    ]
    const results = await Promise.allSettled(parts)
    const failed = results.filter((part) => part.status === 'rejected').map(({ reason }): unknown => reason)
    const away = failed.some(isUnreachable)
    this.failedLoads = away ? this.failedLoads + 1 : 0
    if (away && !this.closed) this.nextLoad = setTimeout(() => void this.load(), backoff(this.failedLoads))
    for (const reason of failed) {
      if (!isUnreachable(reason)) tellProblem('Part of the workspace could not be read', reason)
    }
  }
}

export const canEdit = (role: Role) => role !== 'viewer'
