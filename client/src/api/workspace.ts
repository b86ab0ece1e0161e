import { encodePath } from '../lib/paths'
import { putBytes, request, requestText, upload } from './http'
import type {
  AssistantStatus,
  ConfigState,
  Conversation,
  ConversationDetail,
  Decision,
  Diagnosed,
  Dimension,
  DocumentInfo,
  Endpoint,
  Figures,
  HunkState,
  Imported,
  Invite,
  ListedJob,
  Member,
  NewInvite,
  Notice,
  Recipe,
  Role,
  Suggestion,
  Thread,
  Where,
  Workspace,
} from './types'

export interface EditRequest {
  path: string
  start: number
  end: number
  instruction: string
  /** The text that the asker saw there; the server answers 409 when it is another one. */
  expected: string
  /** Other files that are to change as a whole with this one; "all": those in which its name occurs. */
  also?: readonly string[] | 'all'
}

export interface WriteRequest {
  path: string
  at: number
  instruction: string
}

export interface FilesRequest {
  path: string
  kind: 'text' | 'folder'
  instruction: string
}

export interface Selection {
  start: number
  end: number
}

/** The routes of one workspace. */
export class WorkspaceApi {
  private readonly base: string

  constructor(readonly id: string) {
    this.base = `/api/workspaces/${encodeURIComponent(id)}`
  }

  get eventsPath() {
    return `${this.base}/events`
  }
  fileUrl(path: string) {
    return `${this.base}/files/${encodePath(path)}`
  }
  get exportUrl() {
    return `${this.base}/export`
  }

  get = () => request<Workspace>('GET', this.base)
  change = (fields: Partial<Pick<Workspace, 'name' | 'collect_feedback' | 'budget'>>) =>
    request<Workspace>('PATCH', this.base, fields)

  /** Both days are included, and are those of UTC. */
  figures = (from: string, to: string, by: Dimension) =>
    request<Figures>('GET', `${this.base}/figures?${new URLSearchParams({ from, to, by }).toString()}`)

  /** Of all files, what nobody has resolved. */
  openThreads = () => request<Thread[]>('GET', `${this.base}/comments`)
  threads = (document: string) => request<Thread[]>('GET', `${this.base}/documents/${document}/comments`)
  comment = (document: string, body: { anchors: [string, string]; text: string }) =>
    request<Thread>('POST', `${this.base}/documents/${document}/comments`, body)
  answerThread = (thread: string, text: string) =>
    request<Thread>('POST', `${this.base}/comments/${thread}/messages`, { text })
  editComment = (thread: string, message: string, text: string) =>
    request<Thread>('PATCH', `${this.base}/comments/${thread}/messages/${message}`, { text })
  removeComment = (thread: string, message: string) =>
    request<undefined>('DELETE', `${this.base}/comments/${thread}/messages/${message}`)
  resolveThread = (thread: string, resolved: boolean) =>
    request<Thread>('POST', `${this.base}/comments/${thread}/resolution`, { resolved })

  document = (id: string) => request<DocumentInfo>('GET', `${this.base}/documents/${id}`)
  /** What is wrong with a text, as the server finds it. */
  diagnose = (path: string, text: string, signal: AbortSignal) =>
    request<{ diagnostics: Diagnosed[] }>('POST', `${this.base}/diagnostics`, { path, text }, { signal })
  readText = (path: string) => requestText(this.fileUrl(path))
  writeFile = (path: string, bytes: BodyInit) => putBytes(this.fileUrl(path), bytes)
  deleteFile = (path: string) => request<undefined>('DELETE', this.fileUrl(path))
  uploadFile = (path: string, file: File, onProgress: (sent: number) => void, signal: AbortSignal) =>
    upload('PUT', this.fileUrl(path), file, 'application/octet-stream', onProgress, signal)
  /** Unpacks a zip archive into the folder at this path; "" is the workspace itself. */
  async unpack(archive: File, folder: string, onProgress: (sent: number) => void, signal: AbortSignal) {
    const url = `${this.base}/import?folder=${encodeURIComponent(folder)}`
    return JSON.parse(await upload('POST', url, archive, 'application/zip', onProgress, signal)) as Imported
  }
  makeFolder = (path: string) => request<undefined>('PUT', `${this.base}/folders/${encodePath(path)}`)
  deleteFolder = (path: string) => request<undefined>('DELETE', `${this.base}/folders/${encodePath(path)}`)
  move = (from: string, to: string) => request<undefined>('POST', `${this.base}/moves`, { from, to })

  members = () => request<Member[]>('GET', `${this.base}/members`)
  setRole = (user: string, role: Role) => request<undefined>('PATCH', `${this.base}/members/${user}`, { role })
  removeMember = (user: string) => request<undefined>('DELETE', `${this.base}/members/${user}`)
  invites = () => request<Invite[]>('GET', `${this.base}/invites`)
  createInvite = (role: Role, uses: number | null) => request<NewInvite>('POST', `${this.base}/invites`, { role, uses })
  deleteInvite = (id: string) => request<undefined>('DELETE', `${this.base}/invites/${id}`)

  assistant = () => request<AssistantStatus>('GET', `${this.base}/ai/status`)
  endpoints = () => request<Endpoint[]>('GET', `${this.base}/ai/endpoints`)
  recipes = () => request<Recipe[]>('GET', `${this.base}/ai/recipes`)
  /** How the settings would be found if they were this text. */
  checkConfig = (text: string) => request<ConfigState>('POST', `${this.base}/ai/config/check`, { text })
  askEdit = (edit: EditRequest) => request<{ job: string; suggestion: string }>('POST', `${this.base}/ai/edits`, edit)
  askWrite = (write: WriteRequest) =>
    request<{ job: string; suggestion: string }>('POST', `${this.base}/ai/writes`, write)
  askFiles = (files: FilesRequest) =>
    request<{ job: string; suggestion: string }>('POST', `${this.base}/ai/files`, files)
  askKnowledge = () => request<{ job: string; suggestion: string }>('POST', `${this.base}/ai/knowledge`)
  /** Files to try things on, in a workspace that is empty; their paths. */
  examples = () => request<{ paths: string[] }>('POST', `${this.base}/examples`)
  notices = () => request<Notice[]>('GET', `${this.base}/notices`)
  decideNotice = (notice: string, decision: 'accept' | 'reject' | 'undo', shown_ms?: number) =>
    request<Notice>('POST', `${this.base}/notices/${encodeURIComponent(notice)}/decision`, { decision, shown_ms })
  readNotices = (notices: readonly string[]) => request<undefined>('POST', `${this.base}/notices/read`, { notices })
  suggestions = () => request<Suggestion[]>('GET', `${this.base}/suggestions`)

  failedJobs = () => request<ListedJob[]>('GET', `${this.base}/jobs?state=failed`)

  /** `selection` is what of the file at `path` the message is about. */
  ask = (
    message: string,
    conversation: string | null,
    path: string | null,
    mentions: readonly string[],
    selection?: Selection,
  ) =>
    request<{ job: string; conversation: string }>('POST', `${this.base}/ai/chat`, {
      message,
      ...(conversation === null ? {} : { conversation }),
      ...(path === null ? {} : { path }),
      ...(selection === undefined ? {} : { selection }),
      ...(mentions.length === 0 ? {} : { mentions }),
    })
  conversations = (query = '') =>
    request<Conversation[]>('GET', `${this.base}/conversations${query && `?q=${encodeURIComponent(query)}`}`)
  conversation = (id: string, before?: string) =>
    request<ConversationDetail>(
      'GET',
      `${this.base}/conversations/${id}${before === undefined ? '' : `?before=${before}`}`,
    )
  renameConversation = (id: string, title: string) =>
    request<Conversation>('PATCH', `${this.base}/conversations/${id}`, { title })
  deleteConversation = (id: string) => request<undefined>('DELETE', `${this.base}/conversations/${id}`)
  askAnswerAgain = (conversation: string, message: string) =>
    request<{ job: string }>('POST', `${this.base}/conversations/${conversation}/messages/${message}/retry`)
  proposeAnswer = (conversation: string, message: string, block: number | 'all', path: string, where: Where) =>
    request<{ suggestion: string }>(
      'POST',
      `${this.base}/conversations/${conversation}/messages/${message}/proposals`,
      { block, path, where },
    )
}

/** `shown`: for how many milliseconds each hunk has been on the screen, without those that were not. */
export const decide = (
  suggestion: string,
  hunks: string[],
  decision: Decision,
  shown: Record<string, number>,
  /** In which whoever decides has seen them. */
  revisions: Record<string, number>,
  reason?: string,
) =>
  request<{ hunks: { id: string; state: HunkState }[] }>('POST', `/api/suggestions/${suggestion}/decisions`, {
    hunks,
    decision,
    shown,
    revisions,
    reason,
  })
export const readSuggestion = (suggestion: string) => request<Suggestion>('GET', `/api/suggestions/${suggestion}`)

export const askAgain = (suggestion: string) =>
  request<{ job: string; suggestion: string }>('POST', `/api/suggestions/${suggestion}/retry`)
export const cancelJob = (job: string) => request<undefined>('DELETE', `/api/jobs/${job}`)
/** Once more from the beginning, for a job that failed. */
export const retryJob = (job: string) => request<undefined>('POST', `/api/jobs/${job}/retry`)
export const dismissJob = (job: string) => request<undefined>('POST', `/api/jobs/${job}/dismissal`)
