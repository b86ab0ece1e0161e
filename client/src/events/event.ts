import type {
  ChatDelta,
  ChatMessage,
  ConfigState,
  Conversation,
  Job,
  Notice,
  Outage,
  Role,
  Suggestion,
  SuggestionDelta,
  Thread,
} from '../api/types'

/** What the event socket tells, by its CloudEvents type without the "scriptorium." in front. */
export interface EventData {
  'suggestion.changed': Suggestion
  'suggestion.delta': SuggestionDelta
  'job.changed': Job
  'assistant.outage': Outage & { over?: boolean }
  'chat.message': { conversation: string; message: ChatMessage }
  'chat.delta': ChatDelta
  'conversation.changed': Conversation
  'conversation.deleted': { id: string }
  'notice.changed': Notice
  'notices.read': { notices: string[]; by: string }
  'comment.changed': Thread
  'comment.deleted': { id: string; document: string }
  'document.settled': { document: string; path: string; size: number; hash: string }
  'document.incomplete': { document: string; path: string }
  'version.created': { document: string }
  'member.changed': { user: string; role: Role | null }
  'workspace.changed': { name?: string; collect_feedback?: boolean }
  'assistant.config': ConfigState
}

export type EventType = keyof EventData

export interface WorkspaceEvent {
  /** Null for a transient event, which cannot be resumed from. */
  id: string | null
  type: string
  data: unknown
}

const prefix = 'scriptorium.'

/** Reads one frame of the event socket; null for one that is not an event of ours. */
export function readEvent(frame: unknown): WorkspaceEvent | null {
  if (typeof frame !== 'string') return null
  let json: unknown
  try {
    json = JSON.parse(frame)
  } catch {
    return null
  }
  if (typeof json !== 'object' || json === null) return null
  const { id, type, data } = json as Record<string, unknown>
  if (typeof type !== 'string' || !type.startsWith(prefix) || typeof data !== 'object' || data === null) return null
  return { id: typeof id === 'string' && /^\d+$/.test(id) ? id : null, type: type.slice(prefix.length), data }
}
