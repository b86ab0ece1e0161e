/** The JSON shapes of the public interface. Times are RFC 3339; positions are UTF-16 code units of the shared text. */

export type Role = 'owner' | 'editor' | 'viewer'

export interface Person {
  id: string
  name: string
}

export interface WorkspaceSummary {
  id: string
  name: string
  role: Role
}

export interface Workspace extends WorkspaceSummary {
  /** Whether decisions on the assistant's proposals are kept to learn from. */
  collect_feedback: boolean
  budget: Budget
}

/** What a workspace may spend on models; null is without limit. Days and months are those of UTC. */
export interface Budget {
  tokens_per_day: number | null
  money_per_month: number | null
  /** ISO 4217. */
  currency: string
  /** What one person alone may use of each limit, above 0 and up to 1. */
  share: number | null
}

/** How far one limit is used up. `personal`: one's own share of the workspace's. */
export interface Gauge {
  unit: 'tokens' | 'money'
  personal: boolean
  limit: number
  used: number
  currency: string
  renews_at: string
  /** A sentence, once nothing more can be asked for. */
  spent: string | null
}

export interface Me extends Person {
  color: string
  workspaces: WorkspaceSummary[]
}

export interface Member extends Person {
  color: string
  role: Role
}

export interface Invite {
  id: string
  role: Role
  expires_at: string
  /** Null: as often as wanted until it expires. */
  uses_left: number | null
}

/** The link itself is told once, when the invite is made. */
export interface NewInvite extends Invite {
  url: string
}

export interface Token {
  id: string
  name: string
  created_at: string
}

/** The model does not answer; the built-in assistant does, and says so. */
export interface Outage {
  model: string
  since: string
  message: string
}

export interface AssistantStatus {
  provider: string
  model: string
  configured: boolean
  label: string
  label_detail: string
  outage?: Outage | null
  budget: Gauge[]
  config: ConfigState
}

/** How the group's settings of the assistant were found. While they are bad, those from before stay in force. */
export interface ConfigState {
  state: 'ok' | 'bad' | 'absent'
  /** Both from 1. */
  line: number | null
  column: number | null
  message: string | null
}

export interface Endpoint {
  name: string
  /** The first one answers where a group names none. Prices are for a million tokens. */
  models: { name: string; price: { input: number; output: number } | null }[]
  knows_top_k: boolean
  /** The built-in assistant, which sends nothing anywhere. */
  local: boolean
}

export interface Recipe {
  name: string
  kind: 'edit' | 'write' | 'chat'
  /** With each placeholder in braces. */
  instruction: string
  placeholders: string[]
  built_in: boolean
}

type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled'

export interface Job {
  id: string
  kind: string
  state: JobState
  error?: string | null
  /** What is going on with it, where there is something to say. */
  message?: string
  suggestion?: string | null
  conversation?: string | null
}

/** A job in a list, with what was asked. */
export interface ListedJob extends Job {
  requested_by: Person
  created_at: string
  finished_at?: string | null
  /** The beginning of it. */
  instruction: string
  path?: string | null
}

export type HunkState = 'streaming' | 'pending' | 'accepted' | 'rejected' | 'stale' | 'undone'

export interface Hunk {
  id: string
  document: string
  path: string
  start: number
  end: number
  /** Encoded Yjs relative positions of both ends, base64. */
  anchors: [string, string]
  base: string
  proposed: string
  state: HunkState
  revision: number
  decided_by?: Person | null
  decided_at?: string | null
}

export interface Comment {
  id: string
  by: Person & { color: string }
  at: string
  /** Markdown. */
  text: string
  edited_at: string | null
}

/** Comments on a piece of a text. */
export interface Thread {
  id: string
  document: string
  /** Encoded Yjs relative positions of both ends, base64; null when its place is lost. */
  anchors: [string, string] | null
  /** The beginning of what stood there at first. */
  quote: string
  /** At least one. */
  messages: Comment[]
  resolved_by: Person | null
  resolved_at: string | null
  /** Grows with every change. */
  revision: number
}

type SuggestionState = 'streaming' | 'ready' | 'done' | 'failed' | 'cancelled'

export interface Suggestion {
  id: string
  job: string
  workspace: string
  author: Person & { model?: string }
  requested_by: Person
  instruction: string
  mode: 'edit' | 'write'
  state: SuggestionState
  /** Documents that it is about; known before there is a hunk. */
  documents: string[]
  /** A sentence of the assistant beside its answer, or instead of one. */
  note?: string | null
  /** Why the stream ended early. */
  error?: string | null
  created_at: string
  hunks: Hunk[]
  /** What the model saw. */
  context?: Seen[] | null
  /** The notice that it is the change of. */
  notice?: string | null
}

/** Something that the assistant says by itself, with the change that it would make, if there is one. */
export interface Notice {
  id: string
  document: string
  path: string
  kind: 'broken' | 'faults' | 'repeated' | 'todo' | 'question' | 'knowledge'
  /** A sentence. */
  reason: string
  /** Where it was, when it was said; `path` of another file than the one that it is about. */
  sources: { line: number; text: string; path?: string | null }[]
  /** Stale: its change does not fit any more. Gone: so is what it was about. */
  state: 'open' | 'accepted' | 'rejected' | 'stale' | 'gone'
  created_at: string
  /** Ids of people. */
  read_by: string[]
  hunks: Hunk[]
  suggestion?: string | null
  decided_by?: Person | null
  decided_at?: string | null
}

/** A part of what the model saw, without its text. */
export interface Seen {
  role:
    | 'selection'
    | 'about'
    | 'files'
    | 'mentioned'
    | 'knowledge'
    | 'before'
    | 'after'
    | 'document'
    | 'history'
    | 'file'
    | 'example'
  path?: string | null
  tokens: number
  /** Tokens that there were in all. */
  of: number
  why: string
  /** The first and the last line that were shown, counted from 1. */
  lines?: [number, number] | null
  /** Of a passage that an answer may cite: by which number. */
  number?: number | null
  /** What a passage stands in, outermost first: headings, or the page of a PDF. */
  within?: string[] | null
  /** The line of a passage that holds most of what was asked. */
  best?: number | null
  /** Messages that were shown, and that there were. */
  messages?: number | null
  of_messages?: number | null
  /** Taken out, unless `kept`. */
  secrets?: number | null
  unseen?: number | null
  kept?: boolean | null
}

export type Decision = 'accept' | 'reject' | 'undo'

export interface SuggestionDelta {
  id: string
  hunks: Hunk[]
  /** Of hunks that were told before and only grow: what comes behind the first `at` characters of the proposed text. */
  grown: { id: string; at: number; text: string }[]
  removed: string[]
}

/** A file that a question is about, by the path that it had then. */
export interface SharedFile {
  document: string
  path: string
}

export interface ChatMessage {
  id: string
  role: 'user' | 'assistant'
  author: string
  author_name: string
  text: string
  state: 'streaming' | 'done' | 'failed' | 'cancelled'
  /** Of a question, how often it was asked again; of an answer, which worker writes it: each one begins anew. */
  attempt: number
  /** Of an answer, what makes it; of a question, what makes its newest answer. */
  job?: string
  created_at: string
  error?: string
  /** Of an answer: which model gave it. */
  model?: string
  /** What the model saw for an answer. */
  context?: Seen[] | null
  /** Of an answer: what it answers. */
  question?: string
  /** Of an answer: the beginning of the conversation did not fit into what the model read. */
  shortened?: boolean
  /** Of a question: the answer that counts, also before it has begun. */
  answer?: string
  about?: SharedFile
  mentions?: SharedFile[]
}

export interface ChatDelta {
  conversation: string
  message: string
  attempt: number
  /** In UTF-16 code units. */
  offset: number
  text: string
}

export interface Conversation {
  id: string
  title: string
  created_by: Person
  created_at: string
  updated_at: string
  /** In the answer to a search: where the words stand; without a message it is the title. */
  match?: { message?: string; author_name?: string; snippet: string }
}

export interface ConversationDetail extends Conversation {
  /** The newest; answers follow their question. */
  messages: ChatMessage[]
  /** Whether there are messages before these. */
  earlier: boolean
}

/** Where a piece of an answer goes: to the place that is found for it, in place of the whole text, or behind it. */
export type Where = 'found' | 'whole' | 'end'

/** What an import did; numbers of files. */
export interface Imported {
  created: number
  changed: number
  unchanged: number
}

export interface DocumentInfo {
  id: string
  path: string
  kind: 'text' | 'binary'
  size: number
  media_type?: string | null
}

/** What is wrong with a place in a text. */
export interface Diagnosed {
  start: number
  end: number
  severity: 'error' | 'warning' | 'info'
  message: string
  source: string
  code: string | null
  url: string | null
  fixes: { message: string; edits: { start: number; end: number; text: string }[] }[]
}

export type Dimension = 'kind' | 'model' | 'language' | 'person'

interface Rate {
  count: number
  /** 0 to 1; null where nothing was counted. */
  rate: number | null
}

export interface FigureSet {
  decisions: {
    accepted: number
    rejected: number
    taken_back: number
    ignored: number
    stale: number
    acceptance: number | null
  }
  kept: { quiet: Rate; after_30s: Rate; after_10min: Rate }
  calls: { count: number; ended: Record<string, number>; estimated: number }
  /** Seconds. */
  first_token: { count: number; p50: number | null; p95: number | null }
  tokens: { prompt: number; completion: number }
  cost: { currency: string; amount: number }[]
}

export interface FigureGroup extends FigureSet {
  key: string | null
  /** The person's. */
  name: string | null
}

export interface FigurePoint extends FigureSet {
  /** A day of UTC, 2026-11-28. */
  begins: string
}

export interface Figures {
  begins: string
  ends: string
  by: Dimension
  step: 'day' | 'week'
  collects: boolean
  total: FigureSet
  groups: FigureGroup[]
  series: FigurePoint[]
}
